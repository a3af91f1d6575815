// Binary search between single levels; for pairs the least distance over the whole codebook.
#include "train/levels.h"

#include <algorithm>
#include <cmath>

namespace potlut::train {

Levels::Levels(const Alphabet& alphabet, const at::Device& device) : pairs_(alphabet.is_pair()) {
  const std::vector<int8_t>& levels = alphabet.levels;
  const auto n = static_cast<int64_t>(levels.size());
  values_ = at::empty({n}, at::kFloat);
  std::copy(levels.begin(), levels.end(), values_.data_ptr<float>());
  const auto [least, most] = std::minmax_element(levels.begin(), levels.end());
  lowest_ = *least;
  highest_ = *most;
  if (pairs_) {
    values_ = values_.view({n / 2, 2});
    norms_ = (values_ * values_).sum(1);
    at::Tensor apart = (values_.unsqueeze(0) - values_.unsqueeze(1)).pow(2).sum(2).sqrt();
    apart.fill_diagonal_(1e9);
    half_width_ = n > 2 ? at::clamp_min(std::get<0>(apart.min(1)) * 0.5, 0.5) : at::ones({n / 2});
    norms_ = norms_.to(device);
  } else {
    middles_ = n > 1 ? (values_.slice(0, 0, n - 1) + values_.slice(0, 1, n)) * 0.5 : at::empty({0});
    half_width_ = at::full({n}, 0.5);
    float* h = half_width_.data_ptr<float>();
    const float* v = values_.data_ptr<float>();
    for (int64_t i = 0; i < n && n > 1; ++i) {
      const float below = v[std::max<int64_t>(i, 1)] - v[std::max<int64_t>(i, 1) - 1];
      const float above = v[std::min(i + 1, n - 1)] - v[std::min(i + 1, n - 1) - 1];
      h[i] = 0.25F * (below + above);
    }
    middles_ = middles_.to(device);
  }
  values_ = values_.to(device);
  half_width_ = half_width_.to(device);
}

at::Tensor Levels::Nearest(const at::Tensor& units) const {
  if (!pairs_) return at::bucketize(units, middles_, false, true);
  // |u - l|^2 less the |u|^2 that all share.
  const at::Tensor flat = units.reshape({-1, 2});
  const at::Tensor distance = at::addmm(norms_.unsqueeze(0), flat, values_.t(), 1, -2);
  return at::argmin(distance, 1).view(units.sizes().slice(0, static_cast<size_t>(units.dim()) - 1));
}

at::Tensor Levels::Values(const at::Tensor& codes) const {
  const at::Tensor flat = values_.index_select(0, codes.reshape(-1));
  std::vector<int64_t> shape = codes.sizes().vec();
  if (pairs_) shape.push_back(2);
  return flat.view(shape);
}

}  // namespace potlut::train
