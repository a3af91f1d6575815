// The levels of every fixed alphabet, and what a fitted one may not be.
#include "program/alphabet.h"

#include <gtest/gtest.h>

namespace potlut {
namespace {

std::vector<int> Levels(AlphabetKind kind, int bits) {
  auto alphabet = MakeAlphabet(kind, bits);
  EXPECT_TRUE(alphabet.ok());
  EXPECT_TRUE(ValidateAlphabet(*alphabet).ok());
  return {alphabet->levels.begin(), alphabet->levels.end()};
}

TEST(Alphabet, PotDoubles) {
  EXPECT_EQ(Levels(AlphabetKind::kPot, 2), (std::vector<int>{-1, 0, 1}));
  EXPECT_EQ(Levels(AlphabetKind::kPot, 3), (std::vector<int>{-4, -2, -1, 0, 1, 2, 4}));
  EXPECT_EQ(Levels(AlphabetKind::kPot, 4),
            (std::vector<int>{-64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64}));
}

TEST(Alphabet, ApotIsSumsOfTwoPowers) {
  EXPECT_EQ(Levels(AlphabetKind::kApot, 4),
            (std::vector<int>{-10, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 10}));
  for (int bits : {3, 4, 5}) {
    const auto levels = Levels(AlphabetKind::kApot, bits);
    EXPECT_EQ(levels.size(), (size_t{1} << bits) - 1);
    for (int v : levels) EXPECT_LE(__builtin_popcount(static_cast<unsigned>(std::abs(v))), 2) << v;
  }
}

TEST(Alphabet, UniformIsSymmetric) {
  EXPECT_EQ(Levels(AlphabetKind::kUniform, 2), (std::vector<int>{-1, 0, 1}));
  const auto eight = Levels(AlphabetKind::kUniform, 8);
  EXPECT_EQ(eight.size(), 255U);
  EXPECT_EQ(eight.front(), -127);
  EXPECT_EQ(eight.back(), 127);
}

TEST(Alphabet, RefusesBitsItHasNot) {
  EXPECT_EQ(MakeAlphabet(AlphabetKind::kPot, 5).status().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(MakeAlphabet(AlphabetKind::kApot, 2).status().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(MakeAlphabet(AlphabetKind::kUniform, 6).status().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(MakeAlphabet(AlphabetKind::kCustom, 4).status().code(), ErrorCode::kUnsupported);
}

TEST(Alphabet, ValidationCatchesEachBrokenRule) {
  const auto refused = [](AlphabetKind kind, int bits, std::vector<int8_t> levels) {
    return !ValidateAlphabet({kind, bits, std::move(levels)}).ok();
  };
  EXPECT_FALSE(refused(AlphabetKind::kCustom, 2, {-3, 0, 5, 7}));
  EXPECT_TRUE(refused(AlphabetKind::kCustom, 2, {-3, 1, 5, 7})) << "no zero";
  EXPECT_TRUE(refused(AlphabetKind::kCustom, 2, {-3, 0, 5, 7, 9})) << "too many";
  EXPECT_TRUE(refused(AlphabetKind::kCustom, 2, {0, -3, 5})) << "order";
  EXPECT_TRUE(refused(AlphabetKind::kCustom, 2, {0, 0, 5})) << "twice";
  EXPECT_TRUE(refused(AlphabetKind::kCustom, 2, {-128, 0})) << "-128";
  EXPECT_TRUE(refused(AlphabetKind::kCustom, 2, {}));
  EXPECT_TRUE(refused(AlphabetKind::kCustom, 6, {0}));
  EXPECT_TRUE(refused(AlphabetKind::kPot, 3, {-3, 0, 1})) << "3 is no power of two";
  EXPECT_TRUE(refused(static_cast<AlphabetKind>(9), 3, {0}));
  EXPECT_FALSE(refused(AlphabetKind::kPair, 6, {-1, 3, 0, 0, 0, 1}));
  EXPECT_TRUE(refused(AlphabetKind::kPair, 6, {-1, 3, 0, 1})) << "no (0, 0)";
  EXPECT_TRUE(refused(AlphabetKind::kPair, 6, {0, 1, 0, 0})) << "order";
  EXPECT_TRUE(refused(AlphabetKind::kPair, 6, {0, 0, 1})) << "half a pair";
}

TEST(Alphabet, NamesReadBack) {
  for (const char* name : {"pot", "apot", "uniform", "custom", "pair"}) {
    auto kind = ParseAlphabetKind(name);
    ASSERT_TRUE(kind.ok());
    EXPECT_EQ(AlphabetName(*kind), name);
  }
  EXPECT_EQ(ParseAlphabetKind("POT").status().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut
