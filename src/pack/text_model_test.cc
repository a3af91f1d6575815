// Text comes back; familiar text is small; the bytes are the same everywhere; nothing hostile runs
// on.
#include "pack/text_model.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "pack/logistic.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

struct Piece {
  std::string text;
  TextKind kind = TextKind::kValue;
};

std::vector<uint8_t> Encode(const std::vector<Piece>& pieces) {
  TextModel model;
  ArithEncoder coder;
  for (const Piece& p : pieces) model.Encode(coder, p.text, p.kind);
  return coder.Finish();
}

void ExpectBack(const std::vector<Piece>& pieces) {
  const auto block = Encode(pieces);
  TextModel model;
  ArithDecoder coder(block);
  for (const Piece& p : pieces) {
    std::string text;
    ASSERT_TRUE(model.Decode(coder, p.kind, p.text.size(), text));
    ASSERT_EQ(text, p.text);
  }
  EXPECT_TRUE(coder.Finish().ok()) << coder.Finish().message();
}

const char* const kRecipe =
    "activation-bits = 6\nbias-correction = true\nimages = 300\nmean = [ 120.0, 110.5, 100.25 ]\n"
    "\n[weights]\nalphabet = 'pot'\nbits = 3\nper-channel = true\n";

TEST(TextModel, ComesBack) {
  ExpectBack({});
  ExpectBack({{""}});
  ExpectBack({{"recipe", TextKind::kKey}, {kRecipe}, {"/conv1/Conv", TextKind::kName}, {""}});
  ExpectBack({{std::string("a\0b", 3)}, {"ключ\n值 \xF4\x8F\xBF\xBF"}, {std::string(3000, 'x')}});
  // Longer than the history, with repetitions from far back.
  SmallRandom random(5);
  std::string far;
  while (far.size() < 80000) {
    if (random.OneIn(4) && far.size() > 100) {
      far +=
          far.substr(static_cast<size_t>(random.Int(0, static_cast<int32_t>(far.size()) - 60)), 50);
    } else {
      far.push_back(static_cast<char>(random.Int(32, 126)));
    }
  }
  ExpectBack({{far}, {far.substr(0, 500)}});
}

TEST(TextModel, FamiliarTextIsSmall) {
  EXPECT_LT(Encode({{kRecipe}}).size(), 40U);
  std::vector<Piece> names;
  for (int block = 0; block < 9; ++block) {
    for (const char* conv : {"conv1", "conv2"}) {
      names.push_back({"/layer" + std::to_string(block / 3 + 1) + "/layer" +
                           std::to_string(block / 3 + 1) + "." + std::to_string(block % 3) + "/" +
                           conv + "/Conv",
                       TextKind::kName});
    }
  }
  EXPECT_LT(Encode(names).size(), 60U);
}

// Bytes of the format: a changed model, primer or table reads no file of before.
TEST(TextModel, IsFrozen) {
  EXPECT_EQ(
      Crc32c(std::span(reinterpret_cast<const uint8_t*>(kTextPrimer.data()), kTextPrimer.size())),
      1149132375U);
  uint32_t squash = 0, stretch = 0;
  for (int32_t d = -2047; d <= 2047; ++d) squash = squash * 31 + static_cast<uint32_t>(Squash(d));
  for (int32_t p = 0; p < 4096; ++p)
    stretch = stretch * 31 + static_cast<uint32_t>(Stretch(p) + 2047);
  EXPECT_EQ(squash, 2444169536U);
  EXPECT_EQ(stretch, 466082617U);
  EXPECT_EQ(Crc32c(Encode({{"classes", TextKind::kKey},
                           {"one\ntwo\nthree\n"},
                           {kRecipe},
                           {"blocks.1.project", TextKind::kName}})),
            4058484402U);
}

TEST(TextModel, LogisticTablesAreInverse) {
  EXPECT_EQ(Squash(0), 2048);
  EXPECT_EQ(Stretch(2048), 0);
  for (int32_t p = 1; p < 4096; ++p) {
    EXPECT_GE(Squash(Stretch(p)), std::min(p, Squash(2047)));
    if (Stretch(p) == -2047) continue;
    EXPECT_LT(Squash(Stretch(p) - 1), p);
  }
}

TEST(TextModel, HostileBlocksEnd) {
  SmallRandom random(6);
  for (int round = 0; round < 20; ++round) {
    std::vector<uint8_t> block(static_cast<size_t>(random.Int(0, 60)));
    for (uint8_t& b : block) b = static_cast<uint8_t>(random.Next());
    TextModel model;
    ArithDecoder coder(block);
    std::string text;
    while (model.Decode(coder, TextKind::kName, 4096, text)) {
    }
    EXPECT_LE(text.size(), 4096U);
  }
  // All zeros decode to something that goes on for long: the bound holds.
  const std::vector<uint8_t> zeros(500, 0);
  TextModel model;
  ArithDecoder coder(zeros);
  std::string text;
  while (model.Decode(coder, TextKind::kValue, 100, text)) {
  }
  EXPECT_LE(text.size(), 100U);
}

}  // namespace
}  // namespace potlut
