// The choice between coders, and what their blocks may hold.
#include "pack/coder.h"

#include <gtest/gtest.h>

#include "pack/random_program.h"

namespace potlut {
namespace {

ConvOp Layer(std::vector<uint8_t> codes, int bits = 4) {
  ConvOp conv;
  conv.alphabet = std::move(MakeAlphabet(AlphabetKind::kPot, bits)).value();
  conv.codes = std::move(codes);
  conv.bias.assign(1, 0);
  conv.shift.assign(1, 0);
  return conv;
}

TEST(Coder, Version1ChoosesTheSmaller) {
  SmallRandom random(6);
  const ConvOp uniform = Layer(RandomCodes(random, 300, 15, 0)),
               skewed = Layer(RandomCodes(random, 3000, 15, 6)),
               same = Layer(std::vector<uint8_t>(100000, 3));
  EXPECT_EQ(EncodeCodes1(uniform, {}).coder, CoderId::kRaw);
  EXPECT_EQ(EncodeCodes1(skewed, {}).coder, CoderId::kAns);
  EXPECT_EQ(EncodeCodes1(skewed, {.entropy_code = false}).coder, CoderId::kRaw);
  EXPECT_EQ(EncodeCodes1(same, {}).coder, CoderId::kAns);
  EXPECT_EQ(EncodeCodes1(same, {}, 32).coder, CoderId::kRaw);
}

TEST(Coder, Version2ChoosesByEffort) {
  SmallRandom random(7);
  // Whole rows of large and of small codes: what contexts see and order 0 does not.
  std::vector<uint8_t> rows;
  for (int row = 0; row < 64; ++row) {
    for (int i = 0; i < 144; ++i)
      rows.push_back(static_cast<uint8_t>(row % 2 == 0 ? random.Int(0, 14) : random.Int(6, 8)));
  }
  ConvOp structured = Layer(rows), even = Layer(RandomCodes(random, 9216, 15, 4));
  for (ConvOp* conv : {&structured, &even}) {
    conv->bias.assign(64, 0);
    conv->shift.assign(64, 5);
    conv->window.kernel_h = conv->window.kernel_w = 3;
  }
  const auto coder = [](const ConvOp& conv, Effort effort) {
    CodeBudget budget;
    const CodedLayer coded =
        EncodeCodes2(conv, conv.alphabet, conv.codes, {.effort = effort}, budget);
    std::vector<uint8_t> back(conv.codes.size());
    EXPECT_TRUE(
        DecodeCodes(2, static_cast<uint8_t>(coded.coder), coded.block, conv, conv.alphabet, back)
            .ok());
    EXPECT_EQ(back, conv.codes);
    return coded;
  };
  EXPECT_EQ(coder(structured, Effort::kFast).coder, CoderId::kAns2);
  EXPECT_EQ(coder(structured, Effort::kDefault).coder, CoderId::kContext);
  EXPECT_EQ(coder(structured, Effort::kSmall).coder, CoderId::kContext);
  // Nothing to be seen: not worth its time.
  EXPECT_EQ(coder(even, Effort::kDefault).coder, CoderId::kAns2);
  EXPECT_LE(coder(even, Effort::kSmall).block.size(), coder(even, Effort::kFast).block.size());
}

TEST(Coder, BudgetBoundsWhatBlocksMayHold) {
  CodeBudget budget;
  EXPECT_TRUE(budget.Take(256 * 1000, 1000));
  EXPECT_TRUE(budget.Take((1 << 18) + 256, 1));  // all that is to spare
  EXPECT_FALSE(budget.Take(257, 1));
  EXPECT_TRUE(budget.Take(256, 1));
  EXPECT_FALSE(budget.Take(UINT64_MAX / 2, 0));
}

TEST(Coder, RefusesUnknownIdsAndRawCodesOutsideOfTheAlphabet) {
  const ConvOp pot = Layer({});
  std::vector<uint8_t> codes(3);
  EXPECT_EQ(DecodeCodes(1, 2, {}, pot, pot.alphabet, codes).code(), ErrorCode::kUnsupported);
  EXPECT_EQ(DecodeCodes(2, 200, {}, pot, pot.alphabet, codes).code(), ErrorCode::kUnsupported);
  const std::vector<uint8_t> good{0x21, 0x0E}, beyond{0x21, 0x0F}, padded{0x21, 0x1E},
      longer{0x21, 0x0E, 0};
  for (const int version : {1, 2}) {
    EXPECT_TRUE(DecodeCodes(version, 0, good, pot, pot.alphabet, codes).ok());
    EXPECT_EQ(codes, (std::vector<uint8_t>{1, 2, 14}));
    EXPECT_EQ(DecodeCodes(version, 0, beyond, pot, pot.alphabet, codes).message(),
              "code 2 is 15 but the alphabet has 15");
    EXPECT_EQ(DecodeCodes(version, 0, padded, pot, pot.alphabet, codes).message(),
              "padding bits after the last code are not zero");
    EXPECT_EQ(DecodeCodes(version, 0, longer, pot, pot.alphabet, codes).message(),
              "3 raw codes of 4 bits take 2 bytes, not 3");
  }
}

TEST(Coder, EffortsHaveNames) {
  for (const Effort effort : {Effort::kFast, Effort::kDefault, Effort::kSmall})
    EXPECT_EQ(*ParseEffort(EffortName(effort)), effort);
  EXPECT_EQ(ParseEffort("best").status().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut
