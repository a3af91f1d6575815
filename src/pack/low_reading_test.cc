// Layered files: the high reading is the program, the low one a valid program near it, and both
// cost little more than one.
#include "pack/low_reading.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pack/container.h"
#include "pack/plut.h"
#include "pack/random_program.h"
#include "pack/refinement.h"

namespace potlut {
namespace {

Alphabet Fixed(AlphabetKind kind, int bits) { return std::move(MakeAlphabet(kind, bits)).value(); }

TEST(LowReading, ParentsAreTheNearestLevels) {
  const Alphabet fine = Fixed(AlphabetKind::kPot, 4), coarse = Fixed(AlphabetKind::kPot, 3);
  const ParentMap same = ParentsOf(coarse, coarse, 0);
  for (uint8_t i = 0; i < 7; ++i) EXPECT_EQ(same[i], i);
  const ParentMap parents = ParentsOf(fine, coarse, 4);  // coarse levels 0, 16, 32, 64
  const int expected[] = {64, 32, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 32, 64};
  for (size_t f = 0; f < 15; ++f)
    EXPECT_EQ(std::abs(coarse.levels[parents[f]]) * 16, expected[f]) << int{fine.levels[f]};
  const ParentMap wide = ParentsOf(fine, coarse, 0);  // clipped to 4
  EXPECT_EQ(coarse.levels[wide[0]], -4);
  EXPECT_EQ(coarse.levels[wide[14]], 4);
}

TEST(LowReading, RefinementsComeBack) {
  SmallRandom random(2);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + " of seed 2");
    const AlphabetKind kinds[] = {AlphabetKind::kPot, AlphabetKind::kApot, AlphabetKind::kUniform,
                                  AlphabetKind::kCustom};
    const AlphabetKind kind = kinds[round % 4];
    const int bits = kind == AlphabetKind::kPot ? 4 : random.Int(4, 5);
    ConvOp conv;
    conv.alphabet = RandomAlphabet(random, kind, bits);
    const int out = random.Int(1, 9), row = random.Int(1, 40);
    conv.codes = RandomCodes(random, static_cast<size_t>(out * row), conv.alphabet.codes(),
                             random.Int(0, 5));
    conv.bias.assign(static_cast<size_t>(out), 1000);
    conv.shift.assign(static_cast<size_t>(out), static_cast<int8_t>(random.Int(-15, 9)));
    const std::vector<double> means(static_cast<size_t>(row), 20.5);
    const auto low = MakeLowReading(conv, row, 3, means);
    ASSERT_TRUE(low.ok()) << low.error().message;
    auto codes = BaseCodes(conv, *low);
    const size_t per_tap = PerTap(conv, codes.size());
    const auto block = EncodeRefinement(conv.codes, conv.alphabet, *low, per_tap, codes);
    ASSERT_TRUE(DecodeRefinement(block, conv.alphabet, *low, per_tap, codes).ok());
    EXPECT_EQ(codes, conv.codes);
    // Damage is refused or decodes to codes of the alphabet.
    for (int k = 0; k < 5 && !block.empty(); ++k) {
      auto bad = block;
      bad[static_cast<size_t>(random.Int(0, static_cast<int32_t>(bad.size()) - 1))] ^= 0x10;
      auto damaged = BaseCodes(conv, *low);
      (void)DecodeRefinement(bad, conv.alphabet, *low, per_tap, damaged);
      for (const uint8_t code : damaged) EXPECT_LT(code, conv.alphabet.codes());
    }
  }
}

// Wherever the coarse alphabet has what the fine one uses, the low reading is exact: the
// accumulator, bias and shift all lose `drop` bits that were zero.
TEST(LowReading, IsExactWhereNothingIsLost) {
  ConvOp conv;
  conv.alphabet = Fixed(AlphabetKind::kPot, 4);
  conv.codes = {0, 1, 2, 7, 12, 13, 14, 7};  // -64, -32, -16, 0, 16, 32, 64, 0
  conv.bias = {160, -320};
  conv.shift = {6, 3};
  auto low = MakeLowReading(conv, 4, 3, {});
  ASSERT_TRUE(low.ok());
  EXPECT_EQ(low->drop, (std::vector<uint8_t>{4, 4}));
  conv.codes = BaseCodes(conv, *low);
  ASSERT_TRUE(ApplyLowReading(conv, *low).ok());
  EXPECT_EQ(conv.codes, (std::vector<uint8_t>{0, 1, 2, 3, 4, 5, 6, 3}));
  EXPECT_EQ(conv.bias, (std::vector<int32_t>{10, -20}));
  EXPECT_EQ(conv.shift, (std::vector<int8_t>{2, -1}));
}

TEST(LowReading, BiasesMakeUpForWhatIsLost) {
  ConvOp conv;
  conv.alphabet = Fixed(AlphabetKind::kPot, 4);
  conv.codes = {14, 14, 8, 9, 14, 14, 7, 7};  // 64, 64, 1, 2; the small ones are lost
  conv.bias = {0, 0};
  conv.shift = {6, 6};
  const std::vector<double> means{3, 3, 100, 50};
  const auto low = MakeLowReading(conv, 4, 3, means);
  ASSERT_TRUE(low.ok());
  const double unit = 1 << low->drop[0];
  EXPECT_EQ(low->correction[0], std::lround((100 + 2 * 50) / unit));
  EXPECT_EQ(low->correction[1], 0);
}

TEST(Layered, FilesHoldBothReadings) {
  for (const Alphabet& alphabet : {Fixed(AlphabetKind::kPot, 4), Fixed(AlphabetKind::kApot, 5),
                                   Fixed(AlphabetKind::kUniform, 5)}) {
    const Program program = ResNet20Shaped(1, alphabet);
    std::vector<LayerBytes> layers, low_layers;
    const auto plain = *Pack(program);
    const auto layered = Pack(program, {.low_bits = 3}, &layers);
    ASSERT_TRUE(layered.ok()) << layered.error().message;
    EXPECT_LT(layered->size() * 100, plain.size() * 103);
    EXPECT_TRUE(*Unpack(*layered) == program);
    const auto low = UnpackLow(*layered, 3, {}, &low_layers);
    ASSERT_TRUE(low.ok()) << low.error().message;
    EXPECT_TRUE(Validate(*low).ok());
    ASSERT_EQ(layers.size(), low_layers.size());
    for (size_t i = 0; i < layers.size(); ++i)
      EXPECT_EQ(layers[i].low_bytes, low_layers[i].stage2_bytes);
    for (const Node& node : low->nodes) {
      const auto* conv = std::get_if<ConvOp>(&node.op);
      if (conv == nullptr) continue;
      EXPECT_TRUE(conv->alphabet.bits == 3 || conv->alphabet.bits == 8);
    }
    EXPECT_EQ(UnpackLow(*layered, 2).status().code(), ErrorCode::kUsage);
    EXPECT_EQ(UnpackLow(plain).status().code(), ErrorCode::kUsage);
    // The first part stands alone.
    size_t end = 0;
    for (size_t i = 0; i < 8; ++i) end |= size_t{(*layered)[24 + i]} << (8 * i);
    ASSERT_LT(end, layered->size());
    const auto part = UnpackLow(std::span(*layered).first(end));
    ASSERT_TRUE(part.ok()) << part.error().message;
    EXPECT_TRUE(*part == *low);
    EXPECT_FALSE(UnpackLow(std::span(*layered).first(end - 1)).ok());
    EXPECT_FALSE(Unpack(std::span(*layered).first(end)).ok());
  }
}

TEST(Layered, RefusalsHaveReasons) {
  SmallRandom random(3);
  const Program pair = ChainProgram(1, {{RandomAlphabet(random, AlphabetKind::kPair, 6), 8}});
  const auto none = Pack(pair, {.low_bits = 3});
  EXPECT_EQ(none.status().code(), ErrorCode::kUsage);
  EXPECT_NE(none.error().message.find("no layer has a reading of 3 bits"), std::string::npos);
  const Program pot = ChainProgram(1, {{Fixed(AlphabetKind::kPot, 4), 8}});
  EXPECT_EQ(Pack(pot, {.low_bits = 1}).status().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(Pack(pot, {.version = 1, .low_bits = 3}).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(Pack(pot, {.low_bits = 3, .input_means = {{1.0}}}).status().code(), ErrorCode::kUsage);
  const Program custom = ChainProgram(1, {{RandomAlphabet(random, AlphabetKind::kCustom, 5), 8}});
  EXPECT_TRUE(Pack(custom, {.low_bits = 3}).ok());
}

}  // namespace
}  // namespace potlut
