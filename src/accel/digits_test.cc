// Digits add up to levels, whatever the alphabet.
#include "accel/digits.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "accel/pair_tour.h"
#include "accel/random_layer.h"

namespace potlut::accel {
namespace {

void ExpectAddUp(const Alphabet& alphabet, TableKind table, size_t most_digits,
                 TensorType input = {8, false}) {
  Geometry geometry;
  geometry.table = table;
  const auto digits = Digits::Of(alphabet, geometry, input);
  ASSERT_TRUE(digits.ok()) << digits.status().message();
  EXPECT_LE(digits->digits().size(), most_digits) << AlphabetName(alphabet.kind) << alphabet.bits;
  const auto bytes = static_cast<size_t>(geometry.level_bytes());
  for (const int8_t level : alphabet.levels) {
    int32_t sum = 0, second = 0;
    for (size_t d = 0; d < digits->digits().size(); ++d) {
      const Digit& digit = digits->digits()[d];
      ASSERT_EQ(digit.list.size(), static_cast<size_t>(geometry.table_entries()) * bytes);
      if (table == TableKind::kPair) {
        const size_t index = digits->Pair(d, level, alphabet.levels[0]);
        sum += digit.list[index * 2] << digit.scale;
        second += digit.list[index * 2 + 1] << digit.scale;
      } else {
        const size_t index = digits->Single(d, level);
        ASSERT_LT(index, 16U);
        sum += digit.list[index] << digit.scale;
      }
    }
    EXPECT_EQ(sum, level);
    if (table == TableKind::kPair) {
      EXPECT_EQ(second, alphabet.levels[0]);
    }
  }
  for (size_t d = 0; d < digits->digits().size(); ++d) {
    const Digit& digit = digits->digits()[d];
    const auto largest = [&](int level) {
      return std::max(level * input.lo(), level * input.hi());
    };
    if (table == TableKind::kPair) {
      EXPECT_EQ(digit.list[digits->Pair(d, 0, 0) * 2U], 0);  // inputs that are no one's
      EXPECT_EQ(digit.list[digits->Pair(d, 0, 0) * 2U + 1], 0);
      for (size_t i = 0; i < digit.list.size(); i += 2) {
        EXPECT_LE(largest(digit.list[i]) + largest(digit.list[i + 1]), 8191);
        EXPECT_LE(largest(-digit.list[i]) + largest(-digit.list[i + 1]), 8192);
      }
      continue;
    }
    EXPECT_EQ(digit.list[digits->Single(d, 0)], 0);
    for (const int8_t level : digit.list) {
      EXPECT_LE(largest(level), input.is_signed ? 8191 : 16383);
      EXPECT_LE(largest(-level), input.is_signed ? 8192 : 16383);
    }
    // Negative levels first, as the tables' generators want them.
    EXPECT_TRUE(std::is_partitioned(digit.list.begin(), digit.list.end(),
                                    [](int8_t value) { return value < 0; }));
  }
}

TEST(Digits, AddUpToLevels) {
  for (const TableKind table : {TableKind::kSingle, TableKind::kPair}) {
    const bool pair = table == TableKind::kPair;
    for (const int bits : {2, 3, 4})
      ExpectAddUp(*MakeAlphabet(AlphabetKind::kPot, bits), table, pair && bits == 4 ? 2 : 1);
    for (const int bits : {3, 4, 5})
      ExpectAddUp(*MakeAlphabet(AlphabetKind::kApot, bits), table, 3);
    for (const int bits : {2, 3, 4, 5})
      ExpectAddUp(*MakeAlphabet(AlphabetKind::kUniform, bits), table, 2);
    ExpectAddUp(*MakeAlphabet(AlphabetKind::kUniform, 8), table, pair ? 3 : 2);
    for (const TensorType input : {TensorType{8, false}, TensorType{8, true}, TensorType{4, true}})
      ExpectAddUp({AlphabetKind::kCustom, 4, {-127, -100, -1, 0, 1, 7, 8, 9, 64, 127}}, table, 3,
                  input);
  }
}

// -128 times -64 is 8192, which 14 bits with a sign do not hold: such a level takes two digits.
TEST(Digits, ProductsOfSignedInputsFitTheTables) {
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 4);
  ASSERT_EQ(pot.levels.front(), -64);
  ExpectAddUp(pot, TableKind::kSingle, 2, {8, true});
  Geometry single;
  single.table = TableKind::kSingle;
  EXPECT_EQ(Digits::Of(pot, single, {8, true})->digits().size(), 2U);
  EXPECT_EQ(Digits::Of(pot, single, {8, false})->digits().size(), 1U);
  EXPECT_EQ(Digits::Of(pot, single, {7, true})->digits().size(), 1U);
  const Alphabet large{AlphabetKind::kPair, 6, {0, 0, 20, 20}};
  EXPECT_EQ(Digits::Of(large, {}, {8, false}).status().code(), potlut::ErrorCode::kUnsupported);
  EXPECT_TRUE(Digits::Of(large, {}, {8, true}).ok());
}

TEST(Digits, PairsAreAddresses) {
  Alphabet pairs{AlphabetKind::kPair, 6, {-3, 4, 0, 0, 5, -6}};
  const auto digits = Digits::Of(pairs, {}, {8, false});
  ASSERT_TRUE(digits.ok());
  EXPECT_TRUE(digits->pairs());
  ASSERT_EQ(digits->digits().size(), 1U);
  const auto& list = digits->digits()[0].list;
  ASSERT_EQ(list.size(), 128U);
  EXPECT_EQ(digits->zero(), digits->PairCode(1));
  for (size_t code = 0; code < 3; ++code) {
    const size_t at = digits->PairCode(static_cast<uint8_t>(code));
    EXPECT_EQ(list[2 * at], pairs.levels[2 * code]);
    EXPECT_EQ(list[2 * at + 1], pairs.levels[2 * code + 1]);
  }
  Geometry single;
  single.table = TableKind::kSingle;
  EXPECT_EQ(Digits::Of(pairs, single, {8, false}).status().code(), potlut::ErrorCode::kUnsupported);
}

// A tour visits every pair once, and is shorter than the order of codes.
TEST(Digits, PairsStandAlongATour) {
  std::vector<LevelPair> pairs;
  for (int second = -4; second < 4; ++second)
    for (int first = -4; first < 4; ++first) pairs.emplace_back(first, second);
  const auto walk = [](const std::vector<LevelPair>& all) {
    std::vector<LevelPair> order;
    std::vector<int> tour = PairTour(all);
    for (const int i : tour) order.push_back(all[static_cast<size_t>(i)]);
    std::sort(tour.begin(), tour.end());
    for (size_t i = 0; i < tour.size(); ++i) EXPECT_EQ(tour[i], static_cast<int>(i));
    return PairFillCycles(order);
  };
  EXPECT_LE(walk(pairs), 2 + 64 + 8);  // a cycle an entry, but for a few
  EXPECT_GT(PairFillCycles(pairs), 2 + 64 + 16);
  std::mt19937 rng(3);
  const Alphabet fitted = testing::RandomPairs(rng, 64);
  pairs.clear();
  for (size_t i = 0; i < 128; i += 2) pairs.emplace_back(fitted.levels[i], fitted.levels[i + 1]);
  EXPECT_LT(2 * walk(pairs), PairFillCycles(pairs) * 3 / 2);
  EXPECT_TRUE(PairTour({}).empty());
}

}  // namespace
}  // namespace potlut::accel
