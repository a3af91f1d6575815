// Steps put into groups: nothing is lost, and no sum of a group leaves 16 bits.
#include "engine/direct_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <utility>

namespace potlut {
namespace {

// Levels of a layer in panels of 16 channels, with every level up to `most_level`.
std::vector<uint8_t> PickWeights(std::mt19937& rng, const DirectParams& p, int most_level) {
  std::vector<uint8_t> packed(static_cast<size_t>(p.out_padded * p.window.kernel_h * p.run));
  const int style = static_cast<int>(rng() % 4);  // zeros and ends, one sign, spread, spread
  for (uint8_t& byte : packed) {
    int level = static_cast<int>(rng() % static_cast<unsigned>(2 * most_level + 1)) - most_level;
    if (style == 0) level = level % 3 == 0 ? most_level : level % 3 == 1 ? -most_level : 0;
    if (style == 1) level = std::abs(level);
    byte = static_cast<uint8_t>(static_cast<int8_t>(level));
  }
  return packed;
}

TEST(DirectStepsTest, GroupsHoldEveryProductOnceAndStayIn16Bits) {
  for (unsigned seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 rng(seed);
    DirectParams p{};
    p.window.kernel_h = static_cast<int32_t>(rng() % 3 + 1);
    p.run = static_cast<int32_t>(rng() % 12 + 1) * 4;
    p.out_padded = static_cast<int32_t>(rng() % 5 + 1) * 8;
    const int32_t most = (1 << (rng() % 7 + 2)) - 1;
    const std::vector<uint8_t> packed = PickWeights(rng, p, static_cast<int>(rng() % 127 + 1));
    int64_t runs[kDirectRuns];
    for (int64_t ky = 0; ky < p.window.kernel_h; ++ky) runs[ky] = ky * 1000;
    const DirectSteps steps = MakeSteps(p, packed.data(), 16, runs, most);

    ASSERT_GE(steps.group, 1);
    ASSERT_EQ(steps.panels.size(), static_cast<size_t>((p.out_padded + 15) / 16));
    const uint8_t* from = packed.data();
    for (int32_t n = 0; n * 16 < p.out_padded; ++n) {
      const int32_t width = std::min(16, p.out_padded - n * 16);
      // The level that each byte of the input meets, for each channel of the panel.
      std::map<std::pair<int64_t, int32_t>, int32_t> wanted, got;
      for (int64_t ky = 0; ky < p.window.kernel_h; ++ky) {
        for (int64_t at = 0; at < p.run; at += 4) {
          for (int32_t i = 0; i < width * 4; ++i, ++from) {
            const auto level = static_cast<int8_t>(*from);
            if (level != 0) wanted[{runs[ky] + at + i % 4, i / 4}] += level;
          }
        }
      }
      const DirectPanel& panel = steps.panels[static_cast<size_t>(n)];
      const uint8_t* w = steps.weights.get() + panel.weights;
      const int32_t* offset = steps.offsets.data() + panel.offsets;
      for (int32_t g = 0; g < panel.groups; ++g) {
        std::vector<int32_t> up(static_cast<size_t>(width) * 2), down(up);
        for (int32_t s = 0; s < steps.group; ++s, ++offset) {
          for (int32_t i = 0; i < width * 4; ++i, ++w) {
            const auto level = static_cast<int8_t>(*w);
            if (level == 0) continue;
            got[{*offset + i % 4, i / 4}] += level;
            (level > 0 ? up : down)[static_cast<size_t>(i / 2)] += level;
          }
        }
        for (size_t i = 0; i < up.size(); ++i) {
          ASSERT_LE(up[i] * most, 32767);
          ASSERT_GE(down[i] * most, -32768);
        }
      }
      ASSERT_EQ(got, wanted);
    }
  }
}

// Groups are as long as the levels allow.
TEST(DirectStepsTest, SmallProductsMakeLongGroups) {
  DirectParams p{};
  p.window.kernel_h = 1;
  p.run = 4 * 64;
  p.out_padded = 16;
  const int64_t runs[kDirectRuns] = {};
  const auto group_of = [&](int8_t level, int32_t most) {
    const std::vector<uint8_t> packed(static_cast<size_t>(p.run * 16), static_cast<uint8_t>(level));
    return MakeSteps(p, packed.data(), 16, runs, most).group;
  };
  EXPECT_EQ(group_of(1, 255), 64);
  EXPECT_EQ(group_of(10, 255), 6);  // 12 products of at most 2550
  EXPECT_EQ(group_of(64, 255), 1);
  EXPECT_EQ(group_of(64, 15), 16);
  EXPECT_EQ(group_of(127, 255), 1);
}

TEST(DirectStepsTest, EstimatesGrowWithTheLevels) {
  const auto cycles = [](AlphabetKind kind, int bits, TensorType in) {
    ConvOp op;
    op.alphabet = *MakeAlphabet(kind, bits);
    for (int i = 0; i < 1000; ++i)
      op.codes.push_back(static_cast<uint8_t>(i * 7 % op.alphabet.codes()));
    return CyclesOfSteps(op, in);
  };
  const double small = cycles(AlphabetKind::kPot, 4, {4, false});
  const double middle = cycles(AlphabetKind::kPot, 4, {8, false});
  const double large = cycles(AlphabetKind::kUniform, 8, {8, false});
  EXPECT_GT(small, 0);
  EXPECT_LT(small, middle);
  EXPECT_LT(middle, large);
}

}  // namespace
}  // namespace potlut
