// Gradients are written out: the terms are plain functions of each weight and the levels around it.
#include "train/distribution_loss.h"

#include "train/weight_quantiser.h"

namespace potlut::train {
namespace {

constexpr int64_t kPairCandidates = 4;

// Code indices [n][candidates] that a weight (or pair) may be moved to, its own among them.
at::Tensor Candidates(const at::Tensor& units, const at::Tensor& codes, const Levels& levels) {
  if (levels.pairs()) {
    const at::Tensor distance = at::addmm((levels.values() * levels.values()).sum(1).unsqueeze(0),
                                          units, levels.values().t(), 1, -2);
    return std::get<1>(
        at::topk(distance, std::min(kPairCandidates, levels.codes()), 1, false, true));
  }
  const at::Tensor around = at::arange(-1, 2, codes.options());
  return at::clamp(codes.unsqueeze(1) + around.unsqueeze(0), 0, levels.codes() - 1);
}

}  // namespace

DistributionTerms DistributionLossOf(const at::Tensor& weight, const at::Tensor& steps,
                                     const Levels& levels, const at::Tensor& code_bits,
                                     double temperature) {
  const at::NoGradGuard guard;
  DistributionTerms terms;
  const at::Tensor units = ToUnits(weight, steps, levels.pairs());
  const at::Tensor codes = levels.Nearest(units);
  // Channels with hardly any weight must not be pushed without bound: gradients to real weights
  // grow with 1/step.
  const at::Tensor held = at::max(steps, at::median(steps) * 0.25);
  const auto to_weight = [&](const at::Tensor& gradient) {
    return FromUnits(gradient.view(units.sizes()), at::reciprocal(held), weight.size(1),
                     levels.pairs());
  };
  const auto per_code = [&](const at::Tensor& table) {
    const at::Tensor flat = table.index_select(0, codes.reshape(-1)).view(codes.sizes());
    return levels.pairs() ? flat.unsqueeze(-1) : flat;
  };
  const at::Tensor half = per_code(levels.half_width());
  const at::Tensor distance = (units - levels.Values(codes)) / half;
  terms.bin = (distance * distance).sum().item<double>();
  terms.bin_gradient = to_weight(distance * 2 / half);
  if (!code_bits.defined()) return terms;

  const int64_t members = levels.pairs() ? 2 : 1;
  const at::Tensor flat = units.reshape({-1, members});
  const at::Tensor candidates = Candidates(flat, codes.reshape(-1), levels);
  const int64_t n = flat.size(0), k = candidates.size(1);
  const at::Tensor width =
      (levels.half_width().index_select(0, codes.reshape(-1)) * temperature).view({n, 1, 1});
  const at::Tensor apart =
      flat.unsqueeze(1) -
      levels.values().index_select(0, candidates.reshape(-1)).view({n, k, members});
  const at::Tensor scaled = apart / width;
  const at::Tensor p = at::softmax(-(scaled * scaled).sum(2), 1);
  const at::Tensor bits = code_bits.index_select(0, candidates.reshape(-1)).view({n, k});
  const at::Tensor mean = (p * bits).sum(1, true);
  terms.rate = mean.sum().item<double>();
  // d p_j = p_j (d a_j - sum p d a), a = -scaled^2
  const at::Tensor slope = scaled * -2 / width;
  terms.rate_gradient = to_weight(((p * (bits - mean)).unsqueeze(2) * slope).sum(1));
  return terms;
}

}  // namespace potlut::train
