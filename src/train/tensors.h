// Between the graph's arrays (channels fastest) and LibTorch's tensors (logically NCHW, in memory
// channels last).
#pragma once

#include <span>
#include <vector>

#include "train/aten.h"

namespace potlut::train {

// [out][kernel_h][kernel_w][in] floats as a tensor [out][in][kernel_h][kernel_w] of its own.
inline at::Tensor FromOhwi(std::span<const float> values, int64_t out, int64_t kernel_h,
                           int64_t kernel_w, int64_t in) {
  at::Tensor t = at::empty({out, kernel_h, kernel_w, in}, at::kFloat);
  std::copy(values.begin(), values.end(), t.data_ptr<float>());
  return t.permute({0, 3, 1, 2});
}

// The other way, from any device and strides.
inline std::vector<float> ToOhwi(const at::Tensor& t) {
  const at::Tensor flat = t.detach().permute({0, 2, 3, 1}).to(at::kCPU, at::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

inline at::Tensor FromVector(std::span<const float> values) {
  at::Tensor t = at::empty({static_cast<int64_t>(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), t.data_ptr<float>());
  return t;
}

inline std::vector<float> ToVector(const at::Tensor& t) {
  const at::Tensor flat = t.detach().to(at::kCPU, at::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

}  // namespace potlut::train
