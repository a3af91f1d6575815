// The rANS coder: round trips over sizes, alphabets and skews, sizes against entropy, and refusal
// of corrupt blocks.
#include "pack/ans.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pack/ans_table.h"
#include "pack/coder.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

std::vector<AnsIsa> AvailableIsas() {
  std::vector<AnsIsa> isas{AnsIsa::kAuto};
  for (const AnsIsa isa : {AnsIsa::kPortable, AnsIsa::kAvx2, AnsIsa::kAvx512}) {
    if (AnsIsaAvailable(isa)) isas.push_back(isa);
  }
  return isas;
}

// By every instruction set that is available; they must agree.
std::vector<uint8_t> Decoded(std::span<const uint8_t> block, int bits, int alphabet, size_t count) {
  std::vector<uint8_t> first;
  for (const AnsIsa isa : AvailableIsas()) {
    std::vector<uint8_t> codes(count, 0xEE);
    const Status s = AnsDecode(block, bits, alphabet, codes, isa);
    EXPECT_TRUE(s.ok()) << AnsIsaName(isa) << ": " << s.message();
    if (first.empty()) first = codes;
    EXPECT_EQ(codes, first) << AnsIsaName(isa);
  }
  return first;
}

// Bell-shaped codes, as weights have: the sum of four uniform numbers.
std::vector<uint8_t> Bell(uint64_t seed, size_t count, int alphabet) {
  SmallRandom random(seed);
  std::vector<uint8_t> codes(count);
  for (uint8_t& code : codes) {
    int32_t sum = 0;
    for (int i = 0; i < 4; ++i) sum += random.Int(0, 1 << 16);
    code = static_cast<uint8_t>(static_cast<int64_t>(sum) * alphabet / ((4 << 16) + 4));
  }
  return codes;
}

TEST(Ans, RoundTripsAllLanesAlphabetsAndSkews) {
  SmallRandom random(3);
  for (const size_t count : {1U, 2U, 3U, 31U, 32U, 33U, 1000U, 12287U, 12288U, 12291U, 98303U,
                             98304U, 98333U, 200000U}) {
    for (const auto& [bits, alphabet] :
         {std::pair{2, 3}, {3, 7}, {4, 15}, {5, 31}, {6, 64}, {8, 255}, {8, 256}}) {
      for (const int skew : {0, 1, 9}) {
        const auto codes = RandomCodes(random, count, alphabet, skew);
        const auto block = AnsEncode(codes, bits, alphabet);
        ASSERT_EQ(Decoded(block, bits, alphabet, count), codes)
            << count << " " << bits << " " << skew;
        ASSERT_EQ(AnsEncode(codes, bits, alphabet), block);
      }
    }
  }
}

TEST(Ans, OneSymbolTakesNoWords) {
  for (const size_t count : {1U, 5000U, 40000U, 200000U}) {
    const std::vector<uint8_t> codes(count, 7);
    const auto block = AnsEncode(codes, 4, 15);
    EXPECT_EQ(Decoded(block, 4, 15, count), codes);
    EXPECT_LE(block.size(), (count < 12288 ? 4U : count < 98304 ? 16U : 128U) + 16U);
  }
  // An alphabet with nothing but zero.
  const std::vector<uint8_t> zeros(100, 0);
  EXPECT_EQ(Decoded(AnsEncode(zeros, 2, 1), 2, 1, 100), zeros);
}

// Above 4,096 codes: half a percent, and at most a byte for each code of the alphabet (its
// frequency) and a state. Everything included where layers are large beside their tables.
TEST(Ans, SizeIsWithinHalfAPercentOfEntropy) {
  for (const auto& [bits, alphabet] :
       {std::pair{2, 3}, {3, 7}, {4, 15}, {5, 31}, {6, 64}, {8, 255}}) {
    for (const size_t count : {4097U, 9216U, 16384U, 36864U, 131072U, 1000000U}) {
      const auto codes = Bell(count, count, alphabet);
      const auto size = static_cast<double>(AnsEncode(codes, bits, alphabet).size());
      const double entropy = OrderZeroEntropy(codes) * static_cast<double>(count) / 8;
      const bool large = entropy >= 4096 + 320 * alphabet;
      EXPECT_LT(size, 1.005 * entropy + (large ? 0 : alphabet + 4))
          << bits << " bits, " << count << " codes";
    }
  }
}

TEST(Ans, LogarithmIsExactToItsLastBit) {
  for (uint32_t v = 1; v <= 1 << 14; ++v) {
    ASSERT_NEAR(Log2Fixed(v) / 65536.0, std::log2(v), 2.0 / 65536) << v;
  }
}

TEST(Ans, TablesSurviveStorage) {
  SmallRandom random(4);
  for (int i = 0; i < 300; ++i) {
    const int codes = random.Int(1, 256);
    const int probability_bits = codes <= 32 ? 12 : 14;
    std::vector<uint64_t> counts(static_cast<size_t>(codes), 0);
    const int most = 1 << random.Int(0, 24);
    for (uint64_t& c : counts) c = random.OneIn(3) ? 0 : static_cast<uint64_t>(random.Int(0, most));
    counts[static_cast<size_t>(random.Int(0, codes - 1))] += 1;
    const AnsTable table = ChooseAnsTable(counts, probability_bits);
    BitWriter writer;
    WriteAnsTable(writer, table);
    const auto bytes = writer.Take();
    BitReader reader(bytes);
    const auto back = ReadAnsTable(reader, counts.size(), probability_bits);
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_EQ(back->frequencies, table.frequencies);
    ASSERT_EQ(reader.bytes_used(), bytes.size());
    uint64_t sum = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      sum += table.frequencies[s];
      ASSERT_EQ(table.frequencies[s] > 0, counts[s] > 0);
    }
    ASSERT_EQ(sum, uint64_t{1} << table.precision);
  }
}

// A block begins with 3 bits for the lanes, 4 for the precision less 6, 4 for the Rice parameter.
TEST(Ans, RefusesBadHeads) {
  const auto why = [](uint32_t lanes, uint32_t precision, uint32_t rice, std::vector<uint32_t> bits,
                      std::vector<uint8_t> rest = {}) {
    BitWriter head;
    head.Put(lanes, 3);
    head.Put(precision, 4);
    head.Put(rice, 4);
    for (const uint32_t bit : bits) head.Put(bit, 1);
    auto block = head.Take();
    block.insert(block.end(), rest.begin(), rest.end());
    std::vector<uint8_t> codes(10);
    const Status s = AnsDecode(block, 2, 3, codes);
    EXPECT_EQ(s.code(), ErrorCode::kBadInput);
    return s.message();
  };
  const auto has = [](const std::string& message, std::string_view part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  has(why(6, 0, 0, {}), "2^6 interleaved states");
  has(why(0, 7, 0, {}), "frequencies of 13 bits");
  has(why(0, 0, 12, {}), "Rice parameter 12");
  has(why(0, 0, 4, {1, 1, 1, 1, 1, 0, 0, 0, 0, 0}), "sum to more than 64");  // 80 of 64
  has(why(0, 0, 4, {1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1}),
      "code 1 sum to more than 64");  // 48 + 33
  has(why(0, 0, 6, {0, 1, 1, 1, 1, 1}), "cut off");
  const std::vector<uint32_t> even{1, 0, 0, 0, 0, 0,
                                   1, 0, 0, 0, 0, 0};  // 16, 16, 32; one bit of padding
  has(why(0, 0, 4, even, {0, 0, 1}), "ends inside of its 1 states");
  has(why(2, 0, 4, even, {0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0}), "ends inside of its 4 states");
  has(why(0, 0, 4, even, {0xFF, 0xFF, 0, 0}), "state 0 is below");
  has(why(0, 0, 4, even, {0, 0, 1, 0}), "coded words end");
  has(why(0, 0, 4, {1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, {0, 0, 1, 0}), "padding bits");
}

TEST(Ans, AcceptsNothingButItsOwnBytes) {
  SmallRandom random(5);
  for (const size_t count : {50U, 20000U}) {
    const auto codes = RandomCodes(random, count, 15, 2);
    const auto block = AnsEncode(codes, 4, 15);
    std::vector<uint8_t> out(count);
    for (size_t cut = 1; cut <= std::min<size_t>(block.size(), 80); ++cut) {
      EXPECT_FALSE(AnsDecode(std::span(block).first(block.size() - cut), 4, 15, out).ok()) << cut;
    }
    auto longer = block;
    longer.push_back(0);
    EXPECT_FALSE(AnsDecode(longer, 4, 15, out).ok());
    longer.push_back(0);
    EXPECT_FALSE(AnsDecode(longer, 4, 15, out).ok());
    EXPECT_FALSE(AnsDecode(block, 4, 15, std::span(out).first(count - 1)).ok());
    out.push_back(0);
    EXPECT_FALSE(AnsDecode(block, 4, 15, out).ok());
  }
}

// What one instruction set makes of a damaged block, all do: codes, and the message.
TEST(Ans, InstructionSetsAgreeOnDamagedBlocks) {
  ASSERT_TRUE(AnsIsaAvailable(AnsIsa::kPortable));
  SmallRandom random(7);
  int refused = 0;  // nearly always; another block may come out that is as good
  for (const auto& [bits, alphabet] : {std::pair{3, 7}, {4, 16}, {5, 32}, {6, 33}, {8, 255}}) {
    const size_t count = 140000;
    const auto good = AnsEncode(RandomCodes(random, count, alphabet, 3), bits, alphabet);
    for (int i = 0; i < 12; ++i) {
      auto block = good;
      const int last = static_cast<int>(block.size()) - 1;
      block[static_cast<size_t>(random.Int(i % 2 == 0 ? 0 : last - 200, last))] ^=
          static_cast<uint8_t>(1 << random.Int(0, 7));
      if (i % 3 == 0) block.resize(block.size() - static_cast<size_t>(random.Int(0, 100)));
      std::vector<uint8_t> expected(count, 0xEE);
      const Status why = AnsDecode(block, bits, alphabet, expected, AnsIsa::kPortable);
      refused += why.ok() ? 0 : 1;
      for (const AnsIsa isa : AvailableIsas()) {
        std::vector<uint8_t> codes(count, 0xEE);
        EXPECT_EQ(AnsDecode(block, bits, alphabet, codes, isa).message(), why.message());
        EXPECT_EQ(codes, expected) << AnsIsaName(isa) << " " << bits << " bits, damage " << i;
      }
    }
  }
  EXPECT_GT(refused, 40);
}

}  // namespace
}  // namespace potlut
