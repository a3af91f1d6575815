// Look-up tables that are a straight line, rounded and clamped: three small numbers instead of 256
// entries.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace potlut {

// entry i = clamp((slope * i + offset) >> scale, lo, hi), the shift rounding down.
struct TableLine {
  int scale = 0;  // 0..kMaxScale
  int64_t slope = 0, offset = 0;
  int32_t lo = 0, hi = 0;

  static constexpr int kMaxScale = 24;
  static constexpr int64_t kMaxSlope = int64_t{1} << 41;   // 65536 * 2^24, and a bit
  static constexpr int64_t kMaxOffset = int64_t{1} << 50;  // 256 slopes
  int16_t At(int64_t i) const {
    const int64_t v = (slope * i + offset) >> scale;
    return static_cast<int16_t>(v < lo ? lo : v > hi ? hi : v);
  }
};

// The line of the least scale that is the table, whose entries lie within lo..hi; nothing where
// there is none.
std::optional<TableLine> FitLine(std::span<const int16_t> table, int32_t lo, int32_t hi);

}  // namespace potlut
