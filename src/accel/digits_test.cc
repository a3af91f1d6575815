// Digits add up to levels, whatever the alphabet.
#include "accel/digits.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace potlut::accel {
namespace {

void ExpectAddUp(const Alphabet& alphabet, TableKind table, size_t most_digits) {
  Geometry geometry;
  geometry.table = table;
  const auto digits = Digits::Of(alphabet, geometry);
  ASSERT_TRUE(digits.ok()) << digits.status().message();
  EXPECT_LE(digits->digits().size(), most_digits) << AlphabetName(alphabet.kind) << alphabet.bits;
  const auto bytes = static_cast<size_t>(geometry.level_bytes());
  for (const int8_t level : alphabet.levels) {
    int32_t sum = 0, second = 0;
    for (size_t d = 0; d < digits->digits().size(); ++d) {
      const Digit& digit = digits->digits()[d];
      ASSERT_EQ(digit.list.size(), static_cast<size_t>(geometry.table_entries()) * bytes);
      const size_t index = digits->Index(d, level);
      ASSERT_LT(index, static_cast<size_t>(geometry.digit_levels()));
      sum += digit.list[index * bytes] << digit.scale;
      if (table == TableKind::kPair) second += digit.list[index * 8 * bytes + 1] << digit.scale;
    }
    EXPECT_EQ(sum, level);
    if (table == TableKind::kPair) {
      EXPECT_EQ(second, level);
    }
  }
  for (size_t d = 0; d < digits->digits().size(); ++d) {
    const Digit& digit = digits->digits()[d];
    EXPECT_EQ(digit.list[digits->Index(d, 0) * bytes], 0);  // inputs that are no one's
    if (table == TableKind::kPair) continue;
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
    ExpectAddUp({AlphabetKind::kCustom, 4, {-127, -100, -1, 0, 1, 7, 8, 9, 64, 127}}, table, 3);
  }
}

TEST(Digits, PairsAreAddresses) {
  Alphabet pairs{AlphabetKind::kPair, 6, {-3, 4, 0, 0, 5, -6}};
  const auto digits = Digits::Of(pairs, {});
  ASSERT_TRUE(digits.ok());
  EXPECT_TRUE(digits->pairs());
  EXPECT_EQ(digits->zero(), 1);
  ASSERT_EQ(digits->digits().size(), 1U);
  EXPECT_EQ(digits->digits()[0].list.size(), 128U);
  EXPECT_EQ(digits->digits()[0].list[4], 5);
  Geometry single;
  single.table = TableKind::kSingle;
  EXPECT_EQ(Digits::Of(pairs, single).status().code(), potlut::ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace potlut::accel
