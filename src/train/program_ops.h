// A program's operators as differentiable tensor operations, on real values [n][c][h][w] that are
// integers times each tensor's power of two.
#pragma once

#include <vector>

#include "program/program.h"
#include "train/activation_quantiser.h"

namespace potlut::train {

// What simulating a lookup takes.
struct TableSimulation {
  // The table is one multiplication, then rounding and clipping: the usual change of scale or bits.
  bool linear = false;
  double ratio = 1;
  // In any case: values [tables][entries] and the slopes of what they were rounded from, as real values.
  at::Tensor values, slopes;  // float64
};

// `unrounded` as quant::LoweredNetwork::unrounded of this node.
TableSimulation SimulateTable(const LookupOp& op, const Tensor& in, const Tensor& out,
                              const std::vector<double>& unrounded);

// The raw image's lookup, from bytes (uint8 [n][c][h][w]) to `type`.
at::Tensor LookUpImage(const TableSimulation& table, const at::Tensor& pixels, at::ScalarType type);

// Any operator but convolutions; `log_step` learns the output's scale (may be undefined). `table`
// for lookups.
at::Tensor SimulateOp(const Op& op, const std::vector<at::Tensor>& inputs,
                      const std::vector<const Tensor*>& input_tensors, const Tensor& output,
                      const at::Tensor& log_step, const TableSimulation* table);

// The grid of a tensor of at most 8 bits with a fused clamp.
ActivationGrid GridOf(const Tensor& output, int32_t lo, int32_t hi);

}  // namespace potlut::train
