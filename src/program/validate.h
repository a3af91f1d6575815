// Proves, before anything runs, that a program is sane: every later room relies on it and checks no
// more.
#pragma once

#include "program/program.h"

namespace potlut {

// Limits that bound memory by what was validated.
struct ProgramLimits {
  int64_t max_tensor_elements = int64_t{1} << 28;
  int64_t max_weights = int64_t{1} << 31;
  int32_t max_dimension = 1 << 20;
  int32_t max_nodes = 1 << 16;
};

// Checks structure (indices, order, one writer a tensor), shapes, types, alphabets, codes in range,
// shift ranges, table sizes and values, and that no accumulator can leave int32 for any input of
// the input's type (from the levels actually used). Errors: kBadInput naming the node;
// kResourceLimit past `limits`.
Status Validate(const Program& program, const ProgramLimits& limits = {});

// The largest |bias + sum product| that output channel `o` can reach, given that inputs span
// `type`.
int64_t AccumulatorBound(const ConvOp& conv, int32_t in_per_group, TensorType type, int32_t o);

}  // namespace potlut
