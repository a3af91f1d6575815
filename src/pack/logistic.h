// The logistic function and its inverse as integer tables, for mixing probabilities
// (docs/format.md).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace potlut {

inline constexpr int32_t kSquashMost = 2047;
extern const std::array<int16_t, 2 * kSquashMost + 1> kSquashTable;
extern const std::array<int16_t, 4096> kStretchTable;

// Squash(d) = round(4096 / (1 + e^(-d/256))), within 1..4095; d is taken to -2047..2047.
inline int32_t Squash(int32_t d) {
  return kSquashTable[static_cast<size_t>(std::clamp(d, -kSquashMost, kSquashMost) + kSquashMost)];
}
// The least d with Squash(d) >= p, for p in 0..4095.
inline int32_t Stretch(int32_t p) { return kStretchTable[static_cast<size_t>(p)]; }

}  // namespace potlut
