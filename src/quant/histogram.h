// What values a tensor takes, in constant memory: extremes and a histogram of magnitudes whose
// range doubles as needed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace potlut::quant {

class Histogram {
 public:
  // Takes in values already divided by the tensor's factor; every `stride`-th enters the histogram,
  // all the extremes.
  void Add(std::span<const float> values, size_t stride);

  // Takes in what another saw; the order of merging does not matter.
  void Merge(const Histogram& other);

  double min() const { return min_; }
  double max() const { return max_; }
  // Non-negative up to what rounding would hide.
  bool is_signed() const { return min_ < -1e-4 * max_abs(); }
  double max_abs() const;

  // Mean squared error of rounding to multiples of `step`, clipped to the integers of `type`.
  double Error(double step, TensorType type) const;

  // The exponent e for which 2^e as step has the least error.
  int32_t BestExponent(TensorType type) const;
  // The step with the least error on a grid of 1/16 octaves.
  double BestStep(TensorType type) const;

 private:
  static constexpr size_t kBins = 8192;
  void Grow(double to);

  double min_ = 0, max_ = 0;  // 0 is always a possible value (padding)
  double range_ = 0;          // bins cover [0, range_); 0: nothing seen yet
  std::vector<uint64_t> positive_, negative_;
};

}  // namespace potlut::quant
