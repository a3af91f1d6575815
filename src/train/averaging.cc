// Both kinds are mean += (value - mean) * share, with another share.
#include "train/averaging.h"

#include <algorithm>

#include "base/text.h"

namespace potlut::train {

Average::Average(const std::vector<Parameter>& parameters, double factor)
    : factor_(factor), count_(at::zeros({1}, at::kLong)) {
  for (const Parameter& p : parameters) {
    names_.push_back(p.name);
    mean_.push_back(p.tensor.detach().clone());
  }
}

void Average::Add(const std::vector<Parameter>& parameters) {
  const at::NoGradGuard no_grad;
  const double before = static_cast<double>(count_.item<int64_t>());
  count_.add_(1);
  const double share =
      factor_ > 0 ? 1 - std::min(factor_, (1 + before) / (10 + before)) : 1 / (before + 1);
  for (size_t i = 0; i < mean_.size(); ++i) mean_[i].lerp_(parameters[i].tensor.detach(), share);
}

bool Average::empty() const { return count_.item<int64_t>() == 0; }

void Average::Swap(std::vector<Parameter> parameters) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < mean_.size(); ++i) {
    const at::Tensor value = parameters[i].tensor.detach().clone();
    parameters[i].tensor.copy_(mean_[i]);
    mean_[i].copy_(value);
  }
}

NamedTensors Average::State() const {
  NamedTensors state{{"count", count_}};
  for (size_t i = 0; i < mean_.size(); ++i) state.emplace_back(Cat("mean.", names_[i]), mean_[i]);
  return state;
}

}  // namespace potlut::train
