// Layers drawn by chance, for tests of the compiler and of what runs its commands.
#pragma once

#include <random>
#include <set>
#include <utility>

#include "accel/geometry.h"
#include "program/testing.h"
#include "program/validate.h"

namespace potlut::accel::testing {

inline Alphabet RandomPairs(std::mt19937& rng, int count) {
  Alphabet pairs{AlphabetKind::kPair, 6, {}};
  std::set<std::pair<int8_t, int8_t>> chosen{{0, 0}};
  while (static_cast<int>(chosen.size()) < count) {
    chosen.emplace(static_cast<int8_t>(static_cast<int>(rng() % 29) - 14),
                   static_cast<int8_t>(static_cast<int>(rng() % 29) - 14));
  }
  for (const auto& [first, second] : chosen) {
    pairs.levels.push_back(first);
    pairs.levels.push_back(second);
  }
  return pairs;
}

inline Alphabet AnyAlphabet(std::mt19937& rng, TableKind table) {
  switch (rng() % (table == TableKind::kPair ? 6 : 5)) {
    case 0:
      return *MakeAlphabet(AlphabetKind::kPot, 4);
    case 1:
      return *MakeAlphabet(AlphabetKind::kUniform, 8);
    case 2:
      return *MakeAlphabet(AlphabetKind::kApot, 5);
    case 3:
      return *MakeAlphabet(AlphabetKind::kPot, 3);
    case 4:
      return {AlphabetKind::kCustom, 4, {-127, -14, -3, -1, 0, 1, 2, 5, 11, 13, 126, 127}};
    default:
      return RandomPairs(rng, 64);
  }
}

// One convolution drawn by chance after an input table of random values.
inline Program RandomLayer(std::mt19937& rng, TableKind table) {
  const auto draw = [&](int32_t lo, int32_t hi) {
    return lo + static_cast<int32_t>(rng() % static_cast<unsigned>(hi - lo + 1));
  };
  for (;;) {
    const Alphabet alphabet = AnyAlphabet(rng, table);
    int32_t groups = 1, in = draw(1, 40), out = draw(1, 40);
    switch (rng() % 4) {
      case 0:  // depthwise
        groups = in;
        out = in * draw(1, 2);
        break;
      case 1:
        groups = draw(2, 4);
        in = groups * draw(1, 20);
        out = groups * draw(1, 20);
        break;
      default:
        break;
    }
    if (alphabet.is_pair() && in / groups % 2 != 0) continue;
    Window w;
    w.kernel_h = draw(1, 7), w.kernel_w = draw(1, 7);
    w.stride_h = draw(1, 3), w.stride_w = draw(1, 3);
    if (w.kernel_h <= 3 && rng() % 4 == 0) w.dilation_h = 2;
    if (w.kernel_w <= 3 && rng() % 4 == 0) w.dilation_w = 2;
    w.pad_top = draw(0, w.kernel_h - 1), w.pad_bottom = draw(0, w.kernel_h - 1);
    w.pad_left = draw(0, w.kernel_w - 1), w.pad_right = draw(0, w.kernel_w - 1);
    const Dims dims{draw(1, 24), draw(1, 40), in};
    const auto made = WindowOutput(w, dims, out);
    if (!made.ok()) continue;
    potlut::testing::Builder b(dims);
    const TensorType type = rng() % 2 == 0 ? TensorType{8, false} : TensorType{8, true};
    LookupOp spread;
    for (int i = 0; i < 256; ++i)
      spread.table.push_back(static_cast<int16_t>(type.lo() + static_cast<int32_t>(rng() % 256)));
    const int32_t x = b.Add(spread, {0}, dims, type);
    const TensorType to = rng() % 2 == 0 ? TensorType{8, false} : TensorType{8, true};
    b.Add(potlut::testing::RandomConv(rng, w, in, out, groups, alphabet, to), {x}, *made, to);
    if (Validate(b.program()).ok()) return b.program();
  }
}

}  // namespace potlut::accel::testing
