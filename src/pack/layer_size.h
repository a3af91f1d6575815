// How many weights and codes a layer has, from what stands before its codes in a file.
#pragma once

#include "program/validate.h"

namespace potlut {

struct LayerSize {
  int64_t weights = 0, codes = 0;
};

// `node` is a convolution of `program`; its alphabet is known. `weights_before`: those of the
// layers before it, padding of pairs included. Errors (text without place): kBadInput where its
// attributes make no sense, kResourceLimit past limits.max_weights.
Expected<LayerSize> LayerSizeOf(const Program& program, const Node& node, int64_t& weights_before,
                                const ProgramLimits& limits);

}  // namespace potlut
