// Latent weights, their scales and codes.
#include "train/quant_layer.h"

#include <algorithm>
#include <cmath>

#include "train/tensors.h"
#include "train/weight_quantiser.h"

namespace potlut::train {
namespace {

constexpr int64_t kStoredLevels = 512;
constexpr double kMargin = 0.05;  // of a cell's half-width: how far inside of it weights start

// Moves `units` towards the values of `codes` until they fall on them.
at::Tensor IntoCells(const at::Tensor& units, const at::Tensor& codes, const Levels& levels) {
  const at::Tensor centre = levels.Values(codes);
  at::Tensor share = at::ones(codes.sizes());  // of the way from the centre to the float weight
  const auto at_share = [&](const at::Tensor& s) {
    return centre + (units - centre) * (levels.pairs() ? s.unsqueeze(-1) : s);
  };
  constexpr int kSteps = 40;
  for (int i = kSteps - 1; i >= 0; --i) {
    const at::Tensor wrong = levels.Nearest(at_share(share)).ne(codes);
    if (!wrong.any().item<bool>()) break;
    share = at::where(wrong, at::full_like(share, i / static_cast<double>(kSteps)), share);
  }
  // A little further in where it had to move, so that the first step does not throw it out again.
  share = at::where(share.lt(1), at::clamp_min(share - kMargin, 0), share);
  return at_share(share);
}

}  // namespace

QuantLayer::QuantLayer(std::string name, const graph::Conv& conv, int64_t in_per_group,
                       bool per_channel)
    : name_(std::move(name)), per_channel_(per_channel) {
  const int64_t out = conv.out_channels;
  weight_ = at::zeros({out, conv.window.kernel_h, conv.window.kernel_w, in_per_group})
                .permute({0, 3, 1, 2})
                .set_requires_grad(true);
  bias_ = at::zeros({out}).set_requires_grad(true);
  log_scale_ = at::zeros({out}).set_requires_grad(true);
  exponents_ = at::zeros({out});
  steps_ = at::ones({out});
  histogram_ = at::zeros({256});
  last_codes_ = at::zeros({weight_.numel()}, at::kByte);
  stored_ = at::zeros({kStoredLevels + 3}, at::kInt);
}

void QuantLayer::Start(const quant::QuantisedLayer& layer, const std::vector<float>& scaled,
                       const std::vector<float>& ratio, const std::vector<double>& output_factor) {
  const at::NoGradGuard guard;
  const at::Device device = weight_.device();
  To(at::kCPU);
  ratio_ = ratio;
  output_factor_ = output_factor;
  alphabet_ = layer.alphabet;
  int32_t* stored = stored_.data_ptr<int32_t>();
  stored[0] = static_cast<int32_t>(alphabet_.kind);
  stored[1] = alphabet_.bits;
  stored[2] = static_cast<int32_t>(alphabet_.levels.size());
  std::copy(alphabet_.levels.begin(), alphabet_.levels.end(), stored + 3);
  levels_ = Levels(alphabet_, at::kCPU);
  std::vector<uint8_t> flat;
  for (size_t o = 0; o < layer.rows.size(); ++o) {
    exponents_.data_ptr<float>()[o] = static_cast<float>(layer.rows[o].exponent);
    bias_.data_ptr<float>()[o] = static_cast<float>(layer.bias[o]);
    flat.insert(flat.end(), layer.rows[o].codes.begin(), layer.rows[o].codes.end());
  }
  SetSteps();
  log_scale_.copy_(exponents_);
  const at::Tensor wanted =
      FromOhwi(scaled, weight_.size(0), weight_.size(2), weight_.size(3), weight_.size(1));
  const at::Tensor units = ToUnits(wanted, steps_, levels_.pairs());
  at::Tensor codes = at::empty({static_cast<int64_t>(flat.size())}, at::kLong);
  std::copy(flat.begin(), flat.end(), codes.data_ptr<int64_t>());
  codes = codes.view(units.sizes().slice(0, 4));
  weight_.copy_(
      FromUnits(IntoCells(units, codes, levels_), steps_, weight_.size(1), levels_.pairs()));
  if (scaling_) scaling_->Reset();
  histogram_.zero_();
  TakeCounts();
  To(device);
}

void QuantLayer::StartStatistics(const at::Tensor& y) {
  const at::NoGradGuard guard;
  scaling_->Start(y);
  bias_.add_(scaling_->Offset());
}

at::Tensor QuantLayer::weight() const {
  if (!scaling_) return weight_;
  return weight_ * scaling_->Factor().view({-1, 1, 1, 1});
}

at::Tensor QuantLayer::FoldedBias() const {
  if (!scaling_) return bias_;
  return bias_ - scaling_->Offset();
}

void QuantLayer::SetSteps() {
  const at::Tensor e = exponents_.to(at::kCPU).contiguous();
  at::Tensor steps = at::empty_like(e);
  for (int64_t i = 0; i < e.numel(); ++i) {
    steps.data_ptr<float>()[i] = std::ldexp(1.0F, static_cast<int>(e.data_ptr<float>()[i]));
  }
  steps_.copy_(steps);
}

at::Tensor QuantLayer::Codes() const {
  return levels_.Nearest(ToUnits(weight(), steps_, levels_.pairs()));
}

at::Tensor QuantLayer::Weights(double gradient_scaling, bool learn_scales,
                               at::ScalarType type) const {
  const bool scales = learn_scales && per_channel_;
  return QuantiseWeights(weight(), scales ? log_scale_ : at::Tensor(), steps_, levels_,
                         gradient_scaling, type);
}

at::Tensor QuantLayer::Bias(int32_t input_exponent) const {
  const at::Tensor unit = steps_.to(at::kDouble) * std::ldexp(1.0, input_exponent);
  const at::Tensor b = FoldedBias().to(at::kDouble);
  const at::Tensor rounded =
      at::clamp(at::floor(b.detach() / unit + 0.5), -1073741824.0, 1073741824.0) * unit;
  return b + (rounded - b.detach());
}

bool QuantLayer::MoveScales(double hysteresis, int32_t lowest, int32_t highest) {
  const at::NoGradGuard guard;
  const at::Tensor wanted = log_scale_.detach().to(at::kCPU).contiguous();
  at::Tensor now = exponents_.to(at::kCPU).contiguous();
  bool moved = false;
  for (int64_t i = 0; i < now.numel(); ++i) {
    float& e = now.data_ptr<float>()[i];
    const float w = wanted.data_ptr<float>()[i];
    if (std::abs(w - e) <= 0.5 + hysteresis) continue;
    const float to =
        std::clamp(std::round(w), static_cast<float>(lowest), static_cast<float>(highest));
    moved = moved || to != e;
    e = to;
  }
  if (!moved) return false;
  exponents_.copy_(now);
  SetSteps();
  return true;
}

std::pair<int32_t, int32_t> QuantLayer::ExponentRange() const {
  return {static_cast<int32_t>(exponents_.min().item<float>()),
          static_cast<int32_t>(exponents_.max().item<float>())};
}

quant::QuantisedLayer QuantLayer::Quantised() const {
  const at::NoGradGuard guard;
  quant::QuantisedLayer layer;
  layer.alphabet = alphabet_;
  const at::Tensor codes = Codes().to(at::kCPU, at::kByte).contiguous();
  const at::Tensor exponents = exponents_.to(at::kCPU).contiguous();
  const at::Tensor bias = FoldedBias().detach().to(at::kCPU).contiguous();
  const int64_t out = codes.size(0), row = codes.numel() / out;
  for (int64_t o = 0; o < out; ++o) {
    const uint8_t* first = codes.data_ptr<uint8_t>() + o * row;
    layer.rows.push_back(
        {static_cast<int32_t>(exponents.data_ptr<float>()[o]), 0, {first, first + row}});
    layer.bias.push_back(bias.data_ptr<float>()[o]);
  }
  return layer;
}

void QuantLayer::Export(graph::Conv& conv) const {
  conv.weights = ToOhwi(weight());
  for (size_t i = 0; i < conv.weights.size(); ++i) conv.weights[i] /= ratio_[i];
  conv.bias = ToVector(FoldedBias());
  for (size_t o = 0; o < conv.bias.size(); ++o)
    conv.bias[o] = static_cast<float>(conv.bias[o] * output_factor_[o]);
}

at::Tensor QuantLayer::CodeBits(double momentum) {
  const at::NoGradGuard guard;
  const at::Tensor count = at::bincount(Codes().reshape(-1), {}, 256).to(at::kFloat);
  const at::Tensor share = count / count.sum();
  if (histogram_.sum().item<float>() == 0) {
    histogram_.copy_(share);
  } else {
    histogram_.mul_(momentum).add_(share, 1 - momentum);
  }
  return -at::log2(histogram_.slice(0, 0, levels_.codes()) + 1e-4);
}

DistributionTerms QuantLayer::Loss(const at::Tensor& code_bits, double temperature) const {
  return DistributionLossOf(weight(), steps_, levels_, code_bits, temperature);
}

QuantLayer::Counts QuantLayer::TakeCounts() {
  const at::NoGradGuard guard;
  Counts c;
  const at::Tensor codes = Codes();
  const at::Tensor level =
      FromUnits(levels_.Values(codes), steps_, weight_.size(1), levels_.pairs());
  const at::Tensor real = weight();
  c.error = (real - level).pow(2).sum().item<double>();
  c.energy = real.pow(2).sum().item<double>();
  const at::Tensor flat = codes.reshape(-1).to(at::kByte);
  c.codes = flat.numel();
  at::Tensor last = last_codes_.slice(0, 0, c.codes);
  c.moved = last.ne(flat).sum().item<int64_t>();
  last.copy_(flat);
  const at::Tensor count = at::bincount(flat.to(at::kLong), {}, 256).to(at::kDouble);
  const at::Tensor p = count / count.sum();
  c.bits = -(p * at::log2(p + 1e-30)).sum().item<double>() * static_cast<double>(c.codes);
  return c;
}

void QuantLayer::To(const at::Device& device) {
  for (at::Tensor* t :
       {&weight_, &bias_, &log_scale_, &exponents_, &steps_, &histogram_, &last_codes_}) {
    if (t->device() == device) continue;
    const bool learns = t->requires_grad();
    *t = t->detach().to(device).set_requires_grad(learns);
  }
  if (scaling_) scaling_->To(device);
  if (!alphabet_.levels.empty()) levels_ = Levels(alphabet_, device);
}

void QuantLayer::AddParameters(std::vector<Parameter>& all, bool learn_scales) const {
  all.push_back({name_ + ".weight", weight_, Parameter::Kind::kWeight});
  all.push_back({name_ + ".bias", bias_, Parameter::Kind::kBias});
  if (scaling_) all.push_back(scaling_->Gain(name_));
  if (learn_scales && per_channel_)
    all.push_back({name_ + ".log_scale", log_scale_, Parameter::Kind::kScale});
}

void QuantLayer::AddState(std::vector<std::pair<std::string, at::Tensor>>& all) const {
  all.emplace_back(name_ + ".weight", weight_);
  all.emplace_back(name_ + ".bias", bias_);
  if (scaling_) scaling_->AddState(name_, all);
  all.emplace_back(name_ + ".log_scale", log_scale_);
  all.emplace_back(name_ + ".exponents", exponents_);
  all.emplace_back(name_ + ".histogram", histogram_);
  all.emplace_back(name_ + ".last_codes", last_codes_);
  all.emplace_back(name_ + ".alphabet", stored_);
}

void QuantLayer::StateLoaded() {
  const int32_t* stored = stored_.data_ptr<int32_t>();
  alphabet_.kind = static_cast<AlphabetKind>(stored[0]);
  alphabet_.bits = stored[1];
  const int64_t count = std::clamp<int64_t>(stored[2], 0, kStoredLevels);
  alphabet_.levels.assign(stored + 3, stored + 3 + count);
  levels_ = Levels(alphabet_, weight_.device());
  SetSteps();
}

}  // namespace potlut::train
