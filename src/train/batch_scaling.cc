// The batch's statistics are those of outputs with the factor in them; what runs is without it.
#include "train/batch_scaling.h"

#include <cmath>

namespace potlut::train {
namespace {

constexpr double kEpsilon = 1e-5;  // added to variances

}  // namespace

BatchScaling::BatchScaling(int64_t channels)
    : gain_(at::zeros({channels}).set_requires_grad(true)),
      mean_(at::zeros({channels})),
      variance_(at::zeros({channels})) {
  Reset();
}

void BatchScaling::Reset() {
  const at::NoGradGuard guard;
  mean_.zero_();
  variance_.zero_();
  gain_.copy_(Deviation());
}

void BatchScaling::Start(const at::Tensor& y) {
  const at::NoGradGuard guard;
  const at::Tensor wide = y.to(at::kDouble);
  mean_.copy_(wide.mean({0, 2, 3}));
  variance_.copy_(wide.var({0, 2, 3}, /*unbiased=*/false));
  gain_.copy_(Deviation());
}

at::Tensor BatchScaling::Deviation() const { return (variance_ + kEpsilon).sqrt(); }

at::Tensor BatchScaling::Factor() const { return gain_.detach() / Deviation(); }

at::Tensor BatchScaling::Offset() const { return mean_ * Factor(); }

at::Tensor BatchScaling::Normalise(const at::Tensor& y, const at::Tensor& shift, double momentum) {
  at::Tensor mean = at::zeros_like(mean_), variance = at::zeros_like(variance_);
  const at::Tensor z = at::batch_norm(y, gain_, shift, mean, variance, /*training=*/true,
                                      /*momentum=*/1, kEpsilon, /*cudnn_enabled=*/true);
  const at::NoGradGuard guard;
  const at::Tensor factor = Factor();
  // A channel whose factor has gone to nothing tells nothing about what v gives.
  const at::Tensor live = factor.abs().gt(1e-6);
  const at::Tensor safe = at::where(live, factor, at::ones_like(factor));
  const double count = static_cast<double>(y.numel() / y.size(1));
  const at::Tensor own_mean = at::where(live, mean / safe, mean_);
  const at::Tensor own_variance =
      at::where(live, variance * ((count - 1) / count) / (safe * safe), variance_);
  mean_.mul_(1 - momentum).add_(own_mean, momentum);
  variance_.mul_(1 - momentum).add_(own_variance, momentum);
  return z;
}

void BatchScaling::To(const at::Device& device) {
  if (gain_.device() == device) return;
  gain_ = gain_.detach().to(device).set_requires_grad(true);
  mean_ = mean_.to(device);
  variance_ = variance_.to(device);
}

Parameter BatchScaling::Gain(const std::string& layer) const {
  return {layer + ".gain", gain_, Parameter::Kind::kBias};
}

void BatchScaling::AddState(const std::string& layer,
                            std::vector<std::pair<std::string, at::Tensor>>& all) const {
  all.emplace_back(layer + ".gain", gain_);
  all.emplace_back(layer + ".mean", mean_);
  all.emplace_back(layer + ".variance", variance_);
}

}  // namespace potlut::train
