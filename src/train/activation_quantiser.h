// Sums to integers times a power of two, with straight-through gradients: what a program's operator
// does when it writes its output.
#pragma once

#include "train/aten.h"

namespace potlut::train {

// What the output tensor can hold.
struct ActivationGrid {
  double step = 1;         // a power of two
  double ratio = 1;        // what the sum is multiplied by first (a change of scale)
  int32_t lo = 0, hi = 0;  // integers: the type's, or narrower where an activation is fused
  // Whether the clip at either end is the type's (it then moves with the step) or a function's own
  // (it stays where it is).
  bool lo_moves = true, hi_moves = true;
};

// y = step * clamp(floor((x + other + bias) * ratio / step + 1/2), lo, hi), elementwise on
// [n][c][h][w]; `other` (x's shape) and `bias` [c] (float32) may be undefined. Sums are taken in
// float32 at least; y has x's type (bfloat16 holds 8-bit integers times a power of two exactly).
// Gradients: straight through inside of the range, to x, other and bias alike; log_step (one
// element, log2 of the step before it was rounded to a power of two; may be undefined) gets the
// learned-step-size gradient, divided by the lengths of the two vectors whose product it is.
at::Tensor QuantiseActivation(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                              const at::Tensor& log_step, const ActivationGrid& grid);

}  // namespace potlut::train
