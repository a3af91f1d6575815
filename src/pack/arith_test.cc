// The arithmetic coder: round trips, sizes, and blocks that are not whole.
#include "pack/arith.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pack/random_program.h"

namespace potlut {
namespace {

TEST(Arith, RoundTripsDecisionsOfAllProbabilities) {
  for (const size_t count : {0U, 1U, 2U, 7U, 100U, 5000U, 100000U}) {
    for (const uint32_t extreme : {1U, 50U, 4096U, 32768U, 61440U, 65535U, 0U}) {
      SmallRandom random(count + extreme);
      SmallRandom again = random;
      const auto draw = [&](SmallRandom& r) {
        const auto p = extreme != 0 ? extreme : static_cast<uint32_t>(r.Int(1, 65535));
        return std::pair{static_cast<uint32_t>(r.Int(0, 65535)) < p, p};
      };
      ArithEncoder encoder;
      for (size_t i = 0; i < count; ++i) {
        const auto [bit, p] = draw(random);
        encoder.Put(bit, p);
      }
      const auto block = encoder.Finish();
      ArithDecoder decoder(block);
      for (size_t i = 0; i < count; ++i) {
        const auto [bit, p] = draw(again);
        ASSERT_EQ(decoder.Get(p), bit) << count << " " << extreme << " " << i;
        ASSERT_TRUE(decoder.ok());
      }
      const Status end = decoder.Finish();
      ASSERT_TRUE(end.ok()) << end.message();
    }
  }
}

// Bits that are always the less likely one drive the range to its smallest and carries to their
// longest.
TEST(Arith, SurvivesNothingButSurprises) {
  for (const bool bit : {false, true}) {
    ArithEncoder encoder;
    for (int i = 0; i < 3000; ++i) encoder.Put(bit, bit ? 1 : 65535);
    encoder.Put(!bit, kArithHalf);
    const auto block = encoder.Finish();
    EXPECT_NEAR(static_cast<double>(block.size()), 6000, 30);
    ArithDecoder decoder(block);
    for (int i = 0; i < 3000; ++i) ASSERT_EQ(decoder.Get(bit ? 1 : 65535), bit);
    EXPECT_EQ(decoder.Get(kArithHalf), !bit);
    EXPECT_TRUE(decoder.Finish().ok());
  }
}

TEST(Arith, CarriesThroughBytesOfOnes) {
  // The upper part of nearly the whole range again and again, so that low_ runs up to just below a
  // carry; then either side.
  for (const bool last : {false, true}) {
    for (int n = 1; n < 400; ++n) {
      ArithEncoder encoder;
      encoder.Put(true, 30000);
      for (int i = 0; i < n; ++i) encoder.Put(false, 65535);
      encoder.Put(last, 12345);
      const auto block = encoder.Finish();
      ArithDecoder decoder(block);
      ASSERT_TRUE(decoder.Get(30000));
      for (int i = 0; i < n; ++i) ASSERT_FALSE(decoder.Get(65535)) << n;
      ASSERT_EQ(decoder.Get(12345), last);
      ASSERT_TRUE(decoder.Finish().ok());
    }
  }
}

TEST(Arith, AdaptiveBitsComeCloseToEntropy) {
  for (const int permille : {0, 10, 100, 300, 500, 900, 1000}) {
    SmallRandom random(static_cast<uint64_t>(permille));
    ArithEncoder encoder;
    AdaptiveBit model;
    constexpr int kCount = 50000;
    int ones = 0;
    for (int i = 0; i < kCount; ++i) {
      const bool bit = random.Int(1, 1000) <= permille;
      ones += bit ? 1 : 0;
      encoder.Put(bit, model);
    }
    const double p = static_cast<double>(ones) / kCount;
    const double entropy = p == 0 || p == 1 ? 0 : -p * std::log2(p) - (1 - p) * std::log2(1 - p);
    EXPECT_LT(static_cast<double>(encoder.Finish().size()) * 8 / kCount, entropy * 1.02 + 0.006)
        << permille;
  }
}

TEST(Arith, AdaptiveBitsLearnAtOnceAndStayInBounds) {
  AdaptiveBit model;
  EXPECT_EQ(model.p(), kArithHalf);
  model.Update(true);
  EXPECT_GT(model.p(), 50000U);
  for (int i = 0; i < 5000; ++i) model.Update(true);
  EXPECT_GT(model.p(), 65536U - 80);
  for (int i = 0; i < 5000; ++i) model.Update(false);
  EXPECT_EQ(model.p(), 64U);
  EXPECT_GT(AdaptiveBit(60000, 20).p(), 59000U);
}

TEST(Arith, IntegersRoundTrip) {
  std::vector<uint64_t> values{0, 1, 2, 3, UINT32_MAX, UINT64_MAX - 1, INT64_MAX};
  for (int i = 0; i < 63; ++i) {
    values.push_back(uint64_t{1} << i);
    values.push_back((uint64_t{1} << i) - 1);
  }
  SmallRandom random(7);
  for (int i = 0; i < 2000; ++i) values.push_back(random.Next() >> random.Int(1, 60));
  ArithEncoder encoder;
  UintModel sizes;
  IntModel signs;
  TreeModel<8> bytes;
  for (const uint64_t v : values) {
    sizes.Encode(encoder, v);
    const auto s = static_cast<int64_t>(v >> 2);
    signs.Encode(encoder, v % 2 == 0 ? s : -s);
    bytes.Encode(encoder, v & 0xFF);
    encoder.PutBits(v, 64);
  }
  const auto block = encoder.Finish();
  ArithDecoder decoder(block);
  UintModel sizes2;
  IntModel signs2;
  TreeModel<8> bytes2;
  for (const uint64_t v : values) {
    ASSERT_EQ(sizes2.Decode(decoder, UINT64_MAX), v);
    const auto s = static_cast<int64_t>(v >> 2);
    ASSERT_EQ(signs2.Decode(decoder, INT64_MIN, INT64_MAX), v % 2 == 0 ? s : -s);
    ASSERT_EQ(bytes2.Decode(decoder), v & 0xFF);
    ASSERT_EQ(decoder.GetBits(64), v);
  }
  EXPECT_TRUE(decoder.Finish().ok());
}

TEST(Arith, IntegersOutsideOfTheirBoundsAreRefused) {
  ArithEncoder encoder;
  UintModel u;
  u.Encode(encoder, 100);
  u.Encode(encoder, 5);
  const auto block = encoder.Finish();
  ArithDecoder decoder(block);
  UintModel v;
  EXPECT_EQ(v.Decode(decoder, 99), 0U);
  EXPECT_EQ(v.Decode(decoder, 99), 5U);
  EXPECT_FALSE(decoder.ok());
  EXPECT_EQ(decoder.Finish().message(), "a coded number is out of its range");

  IntModel i;
  i.Encode(encoder, -100);
  const auto negative = encoder.Finish();
  ArithDecoder other(negative);
  IntModel j;
  EXPECT_EQ(j.Decode(other, -99, 99), -99);
  EXPECT_FALSE(other.Finish().ok());
}

// Numbers of a bell-shaped distribution of unknown width, few of them: the price of learning.
TEST(Arith, SmallSetsOfIntegersStayCloseToEntropy) {
  SmallRandom random(11);
  ArithEncoder encoder;
  IntModel model;
  constexpr int kCount = 400;
  for (int i = 0; i < kCount; ++i) {
    int32_t sum = 0;
    for (int k = 0; k < 12; ++k) sum += random.Int(-100, 100);  // deviation 201, 9.7 bits
    model.Encode(encoder, sum);
  }
  EXPECT_LT(static_cast<double>(encoder.Finish().size()) * 8 / kCount, 10.2);
}

TEST(Arith, AcceptsNothingButWholeBlocks) {
  SmallRandom random(12);
  ArithEncoder encoder;
  AdaptiveBit model;
  for (int i = 0; i < 4000; ++i) encoder.Put(random.OneIn(3), model);
  const auto block = encoder.Finish();
  const auto why = [](std::span<const uint8_t> bytes) {
    ArithDecoder decoder(bytes);
    AdaptiveBit m;
    for (int i = 0; i < 4000; ++i) decoder.Get(m);
    const Status s = decoder.Finish();
    return s.ok() ? std::string("ok") : s.message();
  };
  EXPECT_EQ(why(block), "ok");
  for (size_t cut = 0; cut < block.size(); ++cut) EXPECT_NE(why(std::span(block).first(cut)), "ok");
  auto longer = block;
  for (int i = 0; i < 5; ++i) {
    longer.push_back(0);
    EXPECT_NE(why(longer), "ok");
  }
  EXPECT_EQ(why({}), "the coded decisions end too early or too late");
}

TEST(Arith, LoopsThatTheBlockBoundsEnd) {
  const std::vector<uint8_t> zeros(10);
  ArithDecoder decoder(zeros);
  uint64_t steps = 0;
  while (decoder.ok() && steps < 100000) {
    decoder.GetBits(8);
    ++steps;
  }
  EXPECT_LE(steps, 12U);
}

// The bytes are part of the format.
TEST(Arith, BytesAreAsEver) {
  ArithEncoder encoder;
  UintModel u;
  IntModel i;
  TreeModel<3> tree;
  uint64_t hash = 0xCBF29CE484222325;
  SmallRandom random(13);
  for (int n = 0; n < 1000; ++n) {
    u.Encode(encoder, random.Next() >> random.Int(40, 63));
    i.Encode(encoder, random.Int(-50, 20));
    tree.Encode(encoder, random.Next() & 7);
    encoder.PutBits(random.Next(), 5);
  }
  for (const uint8_t byte : encoder.Finish()) hash = (hash ^ byte) * 0x100000001B3;
  EXPECT_EQ(hash, 7328078949620074729U);
}

}  // namespace
}  // namespace potlut
