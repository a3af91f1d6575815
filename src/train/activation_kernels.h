// The activation quantiser's loops for channels-last tensors on the CPU, float32 and bfloat16.
#pragma once

#include "train/activation_quantiser.h"

namespace potlut::train {

// Parts of the learned-step-size gradient, summed over all elements.
struct StepGradient {
  double dot = 0;               // gradient times (output - input where it is inside of the range)
  double gradient_squared = 0;  // of the gradient
  double output_squared = 0;
};

// As QuantiseActivation; tensors are channels last, of one type; `other` and `bias` (float32) may
// be undefined.
void QuantiseRows(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                  const ActivationGrid& grid, at::Tensor& y);
void BackwardRows(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                  const ActivationGrid& grid, const at::Tensor& gradient, at::Tensor& to_x,
                  StepGradient& step);

}  // namespace potlut::train
