// Fixed tables of the context coder: logistic function, logarithm, power, rates of learning. All
// are part of the format (docs/format.md, section 5).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace potlut {

// 65536 / (1 + exp(-x)) for x from -8 in steps of 1/2.
inline constexpr std::array<uint16_t, 33> kContextKnots = {
    22,    36,    60,    98,    162,   267,   439,   720,   1179,  1921,  3108,
    4971,  7812,  11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60565,
    62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514};

// Entry x + 2048: the knots at 128 units each, straight lines between. One unit of x is 1/256.
constexpr std::array<uint16_t, 4096> MakeContextSquash() {
  std::array<uint16_t, 4096> table{};
  for (uint32_t x = 0; x < 4096; ++x) {
    const uint32_t knot = x / 128, part = x % 128;
    table[x] = static_cast<uint16_t>(
        (kContextKnots[knot] * (128 - part) + kContextKnots[knot + 1] * part + 64) / 128);
  }
  return table;
}
alignas(64) inline constexpr std::array<uint16_t, 4096> kContextSquash = MakeContextSquash();

// The least x with kContextSquash[x + 2048] >= p.
constexpr int32_t ContextStretch(uint32_t p) {
  const auto* const at = std::lower_bound(kContextSquash.begin(), kContextSquash.end() - 1, p);
  return static_cast<int32_t>(at - kContextSquash.begin()) - 2048;
}

// 32 log2(1 + i/32), rounded, and 1024 * 2^(i/32), rounded.
inline constexpr std::array<uint8_t, 32> kLogPart = {0,  1,  3,  4,  5,  7,  8,  9,  10, 11, 13,
                                                     14, 15, 16, 17, 18, 19, 20, 21, 22, 22, 23,
                                                     24, 25, 26, 27, 27, 28, 29, 30, 31, 31};
inline constexpr std::array<uint16_t, 32> kExpPart = {
    1024, 1046, 1069, 1093, 1117, 1141, 1166, 1192, 1218, 1244, 1272, 1300, 1328, 1357, 1387, 1417,
    1448, 1480, 1512, 1545, 1579, 1614, 1649, 1685, 1722, 1760, 1798, 1838, 1878, 1919, 1961, 2004};

// log2 in 1/32; of 0 as of 1.
inline int32_t Log32(uint32_t x) {
  x |= x == 0 ? 1 : 0;
  const int top = std::bit_width(x) - 1;
  return top * 32 + kLogPart[(x << (31 - top) >> 26) & 31];
}
// 2^(l/32), l clamped to 0..639.
inline uint32_t Exp32(int32_t l) {
  const auto v = static_cast<uint32_t>(std::clamp(l, 0, 639));
  return (uint32_t{kExpPart[v & 31]} << (v >> 5)) >> 10;
}

// Rates of learning by how often a context was seen before (255: that often or more). A weight
// that a context looks up moves by error * rate / 65536, error in 1/32768, in 1/4096 (nats).
constexpr std::array<uint16_t, 256> MakeRates(uint32_t numerator, uint32_t offset) {
  std::array<uint16_t, 256> rates{};
  for (uint32_t n = 0; n < 256; ++n) rates[n] = static_cast<uint16_t>(numerator / (n + offset));
  return rates;
}
inline constexpr std::array<uint16_t, 256> kTableRate = MakeRates(16384, 20);
inline constexpr std::array<uint16_t, 256> kMemberRate = MakeRates(20480, 12);

}  // namespace potlut
