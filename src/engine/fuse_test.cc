// What is fused into a convolution, and what is not.
#include "engine/fuse.h"

#include <gtest/gtest.h>

#include "engine/testing.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

constexpr Dims kMap{4, 4, 8};
constexpr TensorType kByte{8, false};

// A residual block: conv(image), conv(of it), their sum, and a look-up from the sum.
struct Block {
  Block() : b(kMap) {
    first = Conv(0);
    second = Conv(first);
    sum = b.Add(AddOp{}, {second, first}, kMap, kByte);
    LookupOp halve;
    for (int32_t v = 0; v < 256; ++v) halve.table.push_back(static_cast<int16_t>((v + 8) >> 4));
    halve.table[255] = halve.table[254] = halve.table[253] = halve.table[252] = halve.table[251] =
        halve.table[250] = halve.table[249] = halve.table[248] = 15;
    low = b.Add(halve, {sum}, kMap, {4, false});
  }
  int32_t Conv(int32_t from) {
    Window w{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    return b.Add(RandomConv(rng, w, 8, 8, 1, *MakeAlphabet(AlphabetKind::kPot, 4), kByte), {from},
                 kMap, kByte);
  }
  Rng rng{1};
  Builder b;
  int32_t first, second, sum, low;
};

using Ints = std::vector<int32_t>;

TEST(FuseTest, AdditionAndChangeOfScaleGoIntoTheConvolution) {
  Block block;
  const auto steps = FuseProgram(block.b.program());
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].nodes, Ints{0});
  EXPECT_EQ(steps[1].nodes, (Ints{1, 2, 3}));
  EXPECT_EQ(steps[1].inputs, (Ints{block.first, block.first}));
  EXPECT_EQ(steps[1].outputs, (Ints{-1, block.low})) << "nobody reads the sum";
}

TEST(FuseTest, WhatOthersReadIsKept) {
  Block block;
  block.Conv(block.sum);
  auto steps = FuseProgram(block.b.program());
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].outputs, (Ints{block.sum, block.low}));
  Block output;
  output.b.program().outputs.push_back(output.sum);
  steps = FuseProgram(output.b.program());
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].outputs, (Ints{output.sum, output.low}));
}

TEST(FuseTest, ASumOfWhatOthersReadStandsAlone) {
  Block block;
  block.b.program().outputs.push_back(block.second);
  const auto steps = FuseProgram(block.b.program());
  ASSERT_EQ(steps.size(), 4u) << "both convolutions have other readers";
  EXPECT_EQ(steps[2].nodes, Ints{2});
  EXPECT_EQ(steps[3].nodes, Ints{3});
}

TEST(FuseTest, TheLaterOfTwoConvolutionsTakesTheSum) {
  Builder b(kMap);
  Rng rng(2);
  const auto conv = [&](int32_t from) {
    return b.Add(RandomConv(rng, {}, 8, 8, 1, *MakeAlphabet(AlphabetKind::kPot, 4), kByte), {from},
                 kMap, kByte);
  };
  const int32_t one = conv(0), two = conv(0);
  const int32_t sum = b.Add(AddOp{}, {one, two}, kMap, kByte);
  const auto steps = FuseProgram(b.program());
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[1].nodes, (Ints{1, 2}));
  EXPECT_EQ(steps[1].inputs, (Ints{0, one}));
  EXPECT_EQ(steps[1].outputs, Ints{sum});
}

TEST(FuseTest, ReshapesTakeNoStep) {
  Block block;
  block.b.Add(ReshapeOp{}, {block.low}, {1, 1, 128}, {4, false});
  EXPECT_EQ(FuseProgram(block.b.program()).size(), 2u);
}

TEST(FuseTest, EveryChangeOfScaleIsFoundAndNothingElse) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Builder b({1, 1, 1});
    const TensorType in = PickType(rng), out = PickType(rng);
    const int32_t x = AddLookup(rng, b, 0, in);
    const int right = Pick(rng, 0, 8);
    LookupOp op;
    int32_t lo, hi;
    PickClamp(rng, out, lo, hi);
    for (int32_t v = in.lo(); v <= in.hi(); ++v)
      op.table.push_back(static_cast<int16_t>(std::clamp(RoundShift(v, right), lo, hi)));
    b.Add(op, {x}, {1, 1, 1}, out);
    const FusedRescale found = RescaleOf(b.program(), b.program().nodes.back());
    ASSERT_TRUE(found.present);
    for (int32_t v = in.lo(); v <= in.hi(); ++v) {
      ASSERT_EQ(std::clamp((v + found.round) >> found.right, found.lo, found.hi),
                op.table[static_cast<size_t>(v - in.lo())]);
    }
    // One entry that falls out of line: up at one end and down at the other.
    LookupOp& table = std::get<LookupOp>(b.program().nodes.back().op);
    if (table.table.size() < 8) continue;
    table.table.front() = static_cast<int16_t>(out.hi());
    table.table.back() = static_cast<int16_t>(out.lo());
    EXPECT_FALSE(RescaleOf(b.program(), b.program().nodes.back()).present);
  }
}

}  // namespace
}  // namespace potlut
