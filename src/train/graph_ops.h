// The graph's operators that have nothing to learn, on LibTorch tensors [n][c][h][w].
#pragma once

#include <vector>

#include "graph/graph.h"
#include "train/aten.h"

namespace potlut::train {

// Everything but Input, Conv and ArgMax. `shape` is the node's; `in_place`: the first input may be
// overwritten (by functions that differentiate from their output).
at::Tensor ApplyOp(const graph::Op& op, const std::vector<at::Tensor>& inputs,
                   const graph::Shape& shape, bool in_place);

// A convolution with the window's own padding; `bias` may be undefined.
at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const graph::Window& window, int64_t groups);

// Pads h and w of x with `value` where the window's pads are not the same at both ends (LibTorch's
// windows know only such); returns the pads that are left to the operator.
struct Padded {
  at::Tensor x;
  std::vector<int64_t> pad;  // h, w
};
Padded PadUneven(const at::Tensor& x, const graph::Window& window, double value);

}  // namespace potlut::train
