// Each entry bounds the line from two sides; the widest gap between all bounds is found by a
// ternary search, as it is concave in the slope.
#include "onnx/lookup_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace potlut::onnx {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMargin = 1e-4;
constexpr double kMaxSlope = 512;  // bytes span 255

// What the offset may be at a slope.
struct Gap {
  double low = -kInfinity, high = kInfinity;
  double width() const { return high - low; }
};

Gap GapAt(std::span<const int16_t> table, int32_t first, int32_t lo, int32_t hi, double slope) {
  Gap gap;
  for (size_t i = 0; i < table.size(); ++i) {
    const double y = table[i], x = first + static_cast<double>(i);
    if (table[i] > lo) gap.low = std::max(gap.low, y - 0.5 - slope * x);
    if (table[i] < hi) gap.high = std::min(gap.high, y + 0.5 - slope * x);
  }
  return gap;
}

}  // namespace

std::optional<Line> FitLine(std::span<const int16_t> table, int32_t first, int32_t lo, int32_t hi) {
  if (table.empty()) return std::nullopt;
  if (std::all_of(table.begin(), table.end(), [&](int16_t y) { return y == table[0]; }))
    return Line{0, static_cast<double>(table[0])};
  double left = -kMaxSlope, right = kMaxSlope;
  for (int i = 0; i < 200; ++i) {
    const double a = left + (right - left) / 3, b = right - (right - left) / 3;
    if (GapAt(table, first, lo, hi, a).width() < GapAt(table, first, lo, hi, b).width()) {
      left = a;
    } else {
      right = b;
    }
  }
  const double slope = (left + right) / 2;
  const Gap gap = GapAt(table, first, lo, hi, slope);
  if (!(gap.width() >= 2 * kMargin)) return std::nullopt;
  // One side without a bound: every entry is at the other end of the clamp or next to it.
  if (!std::isfinite(gap.low)) return Line{slope, gap.high - 0.5};
  if (!std::isfinite(gap.high)) return Line{slope, gap.low + 0.5};
  return Line{slope, (gap.low + gap.high) / 2};
}

std::optional<double> FitSlope(std::span<const int16_t> table, int32_t first, int32_t lo,
                               int32_t hi) {
  double low = -kMaxSlope, high = kMaxSlope;
  for (size_t i = 0; i < table.size(); ++i) {
    const double y = table[i], x = first + static_cast<double>(i);
    const double least = table[i] > lo ? y - 0.5 : -kInfinity;
    const double most = table[i] < hi ? y + 0.5 : kInfinity;
    if (x == 0) {
      if (least > 0 || most < 0) return std::nullopt;
      continue;
    }
    low = std::max(low, (x > 0 ? least : most) / x);
    high = std::min(high, (x > 0 ? most : least) / x);
  }
  // A slope's error grows to the largest x.
  const double reach = std::max(std::abs(static_cast<double>(first)),
                                std::abs(first + static_cast<double>(table.size()) - 1));
  const double margin = 2 * kMargin / std::max(reach, 1.0);
  if (!(high - low >= margin) || low <= 0) return std::nullopt;
  const double power = std::exp2(std::round(std::log2((low + high) / 2)));
  if (power >= low + margin / 2 && power <= high - margin / 2) return power;
  return (low + high) / 2;
}

}  // namespace potlut::onnx
