// Window arithmetic, weights behind codes, cost accounting.
#include "program/program.h"

#include <gtest/gtest.h>

#include "program/testing.h"

namespace potlut {
namespace {

TEST(WindowOutput, FollowsTheFormula) {
  Window w{3, 3, 2, 2, 1, 1, 1, 1, 1, 1};
  EXPECT_EQ(*WindowOutput(w, {32, 32, 3}, 8), (Dims{16, 16, 8}));
  w = {3, 5, 1, 1, 2, 1, 0, 2, 0, 2};
  EXPECT_EQ(*WindowOutput(w, {7, 7, 1}, 2), (Dims{3, 7, 2}));
  w = {7, 7, 1, 1, 1, 1, 0, 0, 0, 0};
  EXPECT_EQ(*WindowOutput(w, {7, 7, 64}, 10), (Dims{1, 1, 10}));
}

TEST(WindowOutput, RefusesNonsense) {
  EXPECT_FALSE(WindowOutput({8, 8}, {7, 7, 1}, 1).ok());
  EXPECT_FALSE(WindowOutput({0, 1}, {7, 7, 1}, 1).ok());
  EXPECT_FALSE(WindowOutput({1, 1, 0, 1}, {7, 7, 1}, 1).ok());
  EXPECT_FALSE(WindowOutput({1, 1, 1, 1, 1, 1, -1}, {7, 7, 1}, 1).ok());
  EXPECT_FALSE(WindowOutput({INT32_MAX, 1, 1, 1, INT32_MAX, 1}, {7, 7, 1}, 1).ok());
}

TEST(ExpandWeights, ResolvesPairsAndDropsThePaddedMember) {
  ConvOp conv;
  conv.alphabet = {AlphabetKind::kPair, 5, {-1, 2, 0, 0, 3, 4}};
  conv.window.kernel_w = 2;
  conv.codes = {0, 2, 1, 0, 2, 2, 0, 1};
  conv.bias = {0, 0};
  EXPECT_EQ(ExpandWeights(conv, 3), (std::vector<int8_t>{-1, 2, 3, 0, 0, -1, 3, 4, 3, -1, 2, 0}));
  EXPECT_EQ(ExpandWeights(conv, 4).size(), 16U);
}

TEST(CostOf, CountsAConvolution) {
  std::mt19937 rng(1);
  testing::Builder b({8, 8, 4});
  const auto pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  b.Add(testing::RandomConv(rng, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 4, 6, 2, pot, {8, false}), {0},
        {8, 8, 6}, {8, false});
  const NodeCost cost = CostOf(b.program(), b.program().nodes[0]);
  EXPECT_EQ(cost.macs, 8 * 8 * 6 * 9 * 2);
  EXPECT_EQ(cost.lookups, cost.macs);
  EXPECT_EQ(cost.weights, 6 * 9 * 2);
  EXPECT_EQ(cost.code_bytes, (6 * 9 * 2 * 3 + 7) / 8);
  EXPECT_EQ(cost.bit_ops, cost.macs * 3 * 8);
}

}  // namespace
}  // namespace potlut
