// The rANS coder with tables of roots: round trips, sizes against entropy, instruction sets against
// each other, refusal of corrupt blocks.
#include "pack/ans2.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pack/ans2_table.h"
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

void ExpectRoundTrip(std::span<const uint8_t> codes, int bits, int alphabet) {
  const auto block = Ans2Encode(codes, bits, alphabet);
  for (const AnsIsa isa : AvailableIsas()) {
    std::vector<uint8_t> back(codes.size(), 0xEE);
    const Status s = Ans2Decode(block, bits, alphabet, back, isa);
    ASSERT_TRUE(s.ok()) << AnsIsaName(isa) << ": " << s.message();
    ASSERT_TRUE(std::equal(back.begin(), back.end(), codes.begin())) << AnsIsaName(isa);
  }
  ASSERT_EQ(Ans2Encode(codes, bits, alphabet), block);
}

// Codes as quantised weights have them: normal, `deviation` in codes about the middle, cut off at
// the ends.
std::vector<uint8_t> Normal(uint64_t seed, size_t count, int alphabet, double deviation) {
  SmallRandom random(seed);
  std::vector<uint8_t> codes(count);
  for (uint8_t& code : codes) {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += random.Int(0, 1 << 20);
    const double x = (sum / (1 << 20) - 6) * deviation + (alphabet - 1) / 2.0;
    code = static_cast<uint8_t>(std::clamp(std::lround(x), 0L, long{alphabet} - 1));
  }
  return codes;
}

constexpr std::pair<int, int> kAlphabets[] = {{1, 1},  {1, 2},  {2, 3},   {3, 7},
                                              {4, 15}, {5, 31}, {5, 32},  {6, 33},
                                              {6, 64}, {8, 17}, {8, 255}, {8, 256}};

TEST(Ans2, RoundTripsAllCountsAlphabetsAndSkews) {
  SmallRandom random(3);
  for (const size_t count : {1U, 2U, 3U, 5U, 6U, 31U, 33U, 1000U, 12291U, 98333U, 140000U}) {
    for (const auto& [bits, alphabet] : kAlphabets) {
      for (const int skew : {0, 1, 9}) {
        SCOPED_TRACE(testing::Message() << count << " " << alphabet << " " << skew);
        ExpectRoundTrip(RandomCodes(random, count, alphabet, skew), bits, alphabet);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Ans2, RoundTripsAllNumbersOfStates) {
  std::vector<bool> seen(kAns2MaxLanesLog2 + 1, false);
  for (const int alphabet : {15, 200}) {
    for (size_t count = 1000; count < 600000; count = count * 7 / 4) {
      const auto codes = Normal(count, count, alphabet, alphabet / 6.0);
      const int bits = alphabet > 31 ? 8 : 5;
      ExpectRoundTrip(codes, bits, alphabet);
      if (HasFatalFailure()) return;
      seen[Ans2Encode(codes, bits, alphabet)[0] & 7] = true;
    }
  }
  EXPECT_EQ(seen, std::vector<bool>(kAns2MaxLanesLog2 + 1, true));
}

TEST(Ans2, OneCodeTakesTwoBytes) {
  for (const size_t count : {1U, 5000U, 200000U}) {
    const std::vector<uint8_t> codes(count, 7);
    const auto block = Ans2Encode(codes, 4, 15);
    EXPECT_EQ(block.size(), 2U);
    ExpectRoundTrip(codes, 4, 15);
  }
}

// One code that stands out of a wide bell, as dead weights do.
TEST(Ans2, TablesInterpolateBellsAndKeepPeaks) {
  auto codes = Normal(1, 9216, 255, 30);
  for (size_t i = 0; i < codes.size(); i += 11) codes[i] = 127;
  std::vector<uint64_t> counts(255, 0);
  for (const uint8_t code : codes) ++counts[code];
  Ans2Cost cost;
  const Ans2Table table = ChooseAns2Table(counts, &cost);
  EXPECT_GE(table.spacing_log2, 2);
  EXPECT_EQ(table.first + table.peak, 127);
  EXPECT_LT(static_cast<double>(cost.bits), 1.005 * 9216 * OrderZeroEntropy(codes));
}

// Half a percent, everything included. Layers of little more than 4,096 codes whose weights take
// far fewer bits than a code has miss it by some bytes; the table of a wide alphabet is paid for
// later.
TEST(Ans2, SizeIsWithinHalfAPercentOfEntropy) {
  for (const auto& [bits, alphabet, least] :
       {std::tuple{2, 3, 4097U}, {3, 7, 4097U}, {4, 15, 4097U}, {5, 31, 6000U}, {8, 255, 12000U}}) {
    for (const double width : {5.0, 7.0, 10.0}) {
      for (size_t count = least; count < 1200000; count = count * 3) {
        const auto codes = Normal(count, count, alphabet, alphabet / width);
        const auto size = static_cast<double>(Ans2Encode(codes, bits, alphabet).size());
        const double entropy = OrderZeroEntropy(codes) * static_cast<double>(count) / 8;
        const bool sparse = entropy * 8 < 0.7 * bits * static_cast<double>(count);
        const double slack = count > 16000 ? 0 : sparse ? 4 : 1;
        EXPECT_LT(size, 1.005 * entropy + slack)
            << bits << " bits, " << count << " codes, " << width;
      }
    }
  }
}

TEST(Ans2, TablesSurviveStorage) {
  SmallRandom random(4);
  for (int i = 0; i < 300; ++i) {
    const int codes = random.Int(1, 256);
    std::vector<uint64_t> counts(static_cast<size_t>(codes), 0);
    const int most = 1 << random.Int(0, 24);
    for (uint64_t& c : counts) c = random.OneIn(3) ? 0 : static_cast<uint64_t>(random.Int(0, most));
    counts[static_cast<size_t>(random.Int(0, codes - 1))] += 1;
    Ans2Cost cost;
    const Ans2Table table = ChooseAns2Table(counts, &cost);
    BitWriter writer;
    WriteAns2Table(writer, table, codes);
    const auto bytes = writer.Take();
    BitReader reader(bytes);
    const auto back = ReadAns2Table(reader, codes);
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_EQ(reader.bytes_used(), bytes.size());
    const auto f = Ans2Frequencies(*back, codes);
    ASSERT_EQ(f, Ans2Frequencies(table, codes));
    uint64_t sum = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      sum += f[s];
      ASSERT_TRUE(counts[s] == 0 || f[s] > 0);
    }
    ASSERT_EQ(sum, uint64_t{1} << back->probability_bits);
  }
}

// A head of so many fields of so many bits, then bytes.
std::string Refusal(std::vector<std::pair<uint32_t, int>> fields, int bits, int alphabet,
                    size_t count = 10) {
  BitWriter head;
  for (const auto& [value, width] : fields) head.Put(value, width);
  std::vector<uint8_t> codes(count);
  const Status s = Ans2Decode(head.Take(), bits, alphabet, codes);
  EXPECT_EQ(s.code(), ErrorCode::kBadInput);
  return s.message();
}

TEST(Ans2, RefusesBadHeads) {
  const auto has = [](const std::string& message, std::string_view part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  has(Refusal({{7, 3}}, 3, 7), "2^7 interleaved states");
  has(Refusal({{0, 4}, {3, 3}, {2, 3}}, 3, 7), "codes 3 to 2 of an alphabet of 7");
  has(Refusal({{0, 4}, {3, 3}, {7, 3}}, 3, 7), "codes 3 to 7 of an alphabet of 7");
  has(Refusal({{0, 4}, {3, 3}, {3, 3}, {1, 6}}, 3, 7), "padding bits");
  has(Refusal({{0, 4}, {3, 3}, {3, 3}, {0, 6}, {0, 8}}, 3, 7), "1 bytes are left over");
  has(Refusal({{8, 4}, {0, 1}, {6, 3}}, 8, 255), "roots at every 2^6 codes");
  has(Refusal({{8, 4}, {0, 1}, {1, 3}, {1, 1}, {255, 8}, {0, 5}}, 8, 255),
      "a peak of 0 at code 255");
  has(Refusal({{8, 4}, {0, 2}, {7, 3}, {1, 1}}, 2, 3), "cut off");
  // A first root of 2048: sixteen times 128.
  has(Refusal({{8, 4}, {0, 2}, {7, 3}, {0xFFFF, 16}, {0, 1}, {0, 7}}, 2, 3), "root 0 is 2048");
  // 0, then -1: one below.
  has(Refusal({{8, 4}, {1, 2}, {0, 3}, {0, 1}, {1, 2}, {0, 9}}, 2, 3), "root 1 is -1");
  const std::vector<std::pair<uint32_t, int>> flat = {{8, 4}, {0, 2}, {0, 3},
                                                      {1, 2}, {1, 2}, {1, 2}};
  has(Refusal(flat, 2, 3), "inside of its 1 states");
  auto zeros = flat;
  zeros.resize(3);
  zeros.insert(zeros.end(), {{0, 3}, {0, 20}});
  has(Refusal(zeros, 2, 3), "all roots of frequencies are 0");
  auto begun = flat;
  begun.insert(begun.end(), {{0, 4}, {0x5555, 16}, {1, 1}});
  has(Refusal(begun, 2, 3), "padding");
  begun.pop_back();
  begun.back() = {0x1555, 16};
  has(Refusal(begun, 2, 3, 100), "coded words end");
  begun.back() = {0x5557, 16};  // the last codes are 1 but for the first, which is 3
  has(Refusal(begun, 2, 3, 8), "code 0 is 3 but the alphabet has 3");
}

TEST(Ans2, AcceptsNothingButItsOwnBytes) {
  SmallRandom random(5);
  for (const size_t count : {50U, 20000U, 400000U}) {
    const auto codes = RandomCodes(random, count, 15, 2);
    const auto block = Ans2Encode(codes, 4, 15);
    std::vector<uint8_t> out(count);
    for (size_t cut = 1; cut <= std::min<size_t>(block.size(), 80); ++cut) {
      EXPECT_FALSE(Ans2Decode(std::span(block).first(block.size() - cut), 4, 15, out).ok()) << cut;
    }
    auto longer = block;
    for (int i = 0; i < 2; ++i) {
      longer.push_back(0);
      EXPECT_FALSE(Ans2Decode(longer, 4, 15, out).ok());
    }
  }
}

// What one instruction set makes of a damaged block, all do: codes, and the message.
TEST(Ans2, InstructionSetsAgreeOnDamagedBlocks) {
  SmallRandom random(7);
  int refused = 0;  // nearly always; another block may come out that is as good
  for (const auto& [bits, alphabet] : {std::pair{3, 7}, {4, 16}, {5, 32}, {6, 33}, {8, 255}}) {
    for (const size_t count : {9000U, 140000U, 500000U}) {
      const auto good = Ans2Encode(RandomCodes(random, count, alphabet, 3), bits, alphabet);
      for (int i = 0; i < 9; ++i) {
        auto block = good;
        const int last = static_cast<int>(block.size()) - 1;
        block[static_cast<size_t>(random.Int(i % 2 == 0 ? 0 : last - 200, last))] ^=
            static_cast<uint8_t>(1 << random.Int(0, 7));
        if (i % 3 == 0) block.resize(block.size() - static_cast<size_t>(random.Int(0, 100)));
        std::vector<uint8_t> expected(count, 0xEE);
        const Status why = Ans2Decode(block, bits, alphabet, expected, AnsIsa::kPortable);
        refused += why.ok() ? 0 : 1;
        for (const AnsIsa isa : AvailableIsas()) {
          std::vector<uint8_t> codes(count, 0xEE);
          EXPECT_EQ(Ans2Decode(block, bits, alphabet, codes, isa).message(), why.message());
          EXPECT_EQ(codes, expected) << AnsIsaName(isa) << " " << bits << " bits, damage " << i;
        }
      }
    }
  }
  EXPECT_GT(refused, 110);
}

}  // namespace
}  // namespace potlut
