// LibTorch's way to write a function with a gradient of its own.
#pragma once

#include "train/aten.h"
// clang-format: keep the order
#include <torch/csrc/autograd/custom_function.h>

namespace potlut::train {

// Functions take no undefined tensors (LibTorch 1.13 asks each for its device): an empty one stands
// for it on the way in.
inline at::Tensor OrEmpty(const at::Tensor& t, const at::Tensor& like) {
  return t.defined() ? t : at::empty({0}, like.options());
}
inline at::Tensor OrUndefined(const at::Tensor& t) { return t.numel() == 0 ? at::Tensor() : t; }

}  // namespace potlut::train
