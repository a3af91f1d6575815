// Histograms of magnitudes with merging bins, and the step that loses least on them.
#include "quant/histogram.h"

#include <algorithm>
#include <cmath>

namespace potlut::quant {

void Histogram::Grow(double to) {
  if (range_ == 0) {
    positive_.assign(kBins, 0);
    negative_.assign(kBins, 0);
    // A power of two, so that the result does not depend on the order of what was seen.
    range_ = std::ldexp(1.0, std::ilogb(to) + 1);
    return;
  }
  while (to >= range_) {
    for (auto* bins : {&positive_, &negative_}) {
      for (size_t i = 0; i < kBins / 2; ++i) (*bins)[i] = (*bins)[2 * i] + (*bins)[2 * i + 1];
      std::fill(bins->begin() + kBins / 2, bins->end(), 0);
    }
    range_ *= 2;
  }
}

double Histogram::max_abs() const { return std::max(max_, -min_); }

void Histogram::Add(std::span<const float> values, size_t stride) {
  float lo = 0, hi = 0;
  for (const float v : values) {
    lo = std::min(lo, v);
    hi = std::max(hi, v);
  }
  min_ = std::min<double>(min_, lo);
  max_ = std::max<double>(max_, hi);
  const double most = std::max<double>(hi, -lo);
  if (!(most > 0) || !std::isfinite(most)) return;
  if (most >= range_) Grow(most);
  const double to_bin = kBins / range_;
  for (size_t i = 0; i < values.size(); i += stride) {
    const double v = values[i];
    const size_t bin = std::min(kBins - 1, static_cast<size_t>(std::abs(v) * to_bin));
    ++(v < 0 ? negative_ : positive_)[bin];
  }
}

void Histogram::Merge(const Histogram& other) {
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  if (other.range_ == 0) return;
  Histogram grown = other;
  const double range = std::max(range_, other.range_);
  for (Histogram* h : {this, &grown}) {
    if (h->range_ < range) h->Grow(range / 2);
  }
  for (size_t i = 0; i < kBins; ++i) {
    positive_[i] += grown.positive_[i];
    negative_[i] += grown.negative_[i];
  }
}

double Histogram::Error(double step, TensorType type) const {
  if (range_ == 0) return 0;
  double sum = 0, count = 0;
  const auto side = [&](const std::vector<uint64_t>& bins, double sign) {
    for (size_t i = 0; i < kBins; ++i) {
      if (bins[i] == 0) continue;
      // Exact zeros are many after ReLU and cost nothing: the first bin is taken at 0.
      const double v = i == 0 ? 0.0 : sign * (static_cast<double>(i) + 0.5) * range_ / kBins;
      const double q = std::clamp<double>(std::floor(v / step + 0.5), type.lo(), type.hi());
      const double e = v - q * step;
      sum += static_cast<double>(bins[i]) * e * e;
      count += static_cast<double>(bins[i]);
    }
  };
  side(positive_, 1);
  side(negative_, -1);
  return count > 0 ? sum / count : 0;
}

int32_t Histogram::BestExponent(TensorType type) const {
  if (max_abs() <= 0) return 0;
  const auto top = static_cast<int32_t>(std::ceil(std::log2(max_abs() / type.hi())));
  int32_t best = top;
  double least = INFINITY;
  for (int32_t e = top + 1; e >= top - 5; --e) {
    const double error = Error(std::ldexp(1.0, e), type);
    if (error < least) {
      least = error;
      best = e;
    }
  }
  return best;
}

double Histogram::BestStep(TensorType type) const {
  if (max_abs() <= 0) return 1;
  const double top = max_abs() / type.hi();
  double best = top, least = INFINITY;
  for (int i = 0; i <= 80; ++i) {
    const double step = top * std::exp2(-i / 16.0);
    const double error = Error(step, type);
    if (error < least) {
      least = error;
      best = step;
    }
  }
  return best;
}

}  // namespace potlut::quant
