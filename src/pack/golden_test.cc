// Golden files of every format version and coder: decoded to what their text says, written again to
// the same bytes, refused after every truncation and every single-bit flip. They stay readable for
// ever.
//
// POTLUT_UPDATE_GOLDEN=1 writes those of the newest version anew, until it is released.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/file.h"
#include "pack/plut.h"
#include "pack/program_text.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

const std::string kFolder = POTLUT_SOURCE_DIR "/tests/golden/";

// All operators.
Program Operators() { return RandomProgram(4, {.nodes = 39, .max_side = 6, .max_channels = 12}); }

// All alphabets and bits; layers raw, and by rANS with 1, 4 and 32 states.
Program Alphabets() {
  SmallRandom random(2);
  std::vector<ChainLayer> layers;
  const auto add = [&](AlphabetKind kind, int bits, int32_t channels, int skew) {
    layers.push_back({RandomAlphabet(random, kind, bits), channels, 1, skew});
  };
  add(AlphabetKind::kUniform, 8, 8, 2);
  for (int bits = 2; bits <= 4; ++bits) add(AlphabetKind::kPot, bits, 9, 6);
  for (int bits = 3; bits <= 5; ++bits) add(AlphabetKind::kApot, bits, 10, 1);
  for (int bits = 2; bits <= 5; ++bits) add(AlphabetKind::kUniform, bits, 11, 3);
  for (int bits = 2; bits <= 5; ++bits) add(AlphabetKind::kCustom, bits, 12, 4);
  for (int bits = 5; bits <= 8; ++bits) add(AlphabetKind::kPair, bits, 11, 5);
  add(AlphabetKind::kPot, 3, 1500, 0);
  add(AlphabetKind::kPot, 3, 100, 0);
  add(AlphabetKind::kPot, 4, 4, 0);
  Program program = ChainProgram(3, layers);
  // Large layers would make the file large: nearly all of their codes are one, and all biases and
  // shifts.
  const auto thin = [&](size_t node) {
    auto& conv = std::get<ConvOp>(program.nodes[node].op);
    for (size_t i = 0; i < conv.codes.size(); ++i) conv.codes[i] = i % 997 == 5 ? 6 : 3;
    conv.bias.assign(conv.bias.size(), 77);
    conv.shift.assign(conv.shift.size(), 5);
  };
  thin(layers.size() - 3);
  thin(layers.size() - 2);
  return program;
}

// Layers with a reading of 3 bits, and layers that stay whole.
Program Layered() {
  SmallRandom random(5);
  std::vector<ChainLayer> layers;
  for (const auto& [kind, bits] : {std::pair(AlphabetKind::kUniform, 8),
                                   {AlphabetKind::kPot, 4},
                                   {AlphabetKind::kApot, 5},
                                   {AlphabetKind::kUniform, 4},
                                   {AlphabetKind::kCustom, 5},
                                   {AlphabetKind::kPair, 6},
                                   {AlphabetKind::kPot, 3},
                                   {AlphabetKind::kPot, 4}}) {
    layers.push_back({RandomAlphabet(random, kind, bits), 9, 3, 2});
  }
  return ChainProgram(6, layers);
}

struct Golden {
  const char* name;
  Program (*make)();
  PackOptions options;
};
const Golden kGolden[] = {{"v1_operators", Operators, {.version = 1}},
                          {"v1_alphabets", Alphabets, {.version = 1}},
                          {"v2_operators", Operators, {}},
                          {"v2_alphabets_fast", Alphabets, {.effort = Effort::kFast}},
                          {"v2_alphabets_small", Alphabets, {.effort = Effort::kSmall}},
                          {"v2_layered", Layered, {.low_bits = 3}}};

class GoldenFile : public testing::TestWithParam<Golden> {
 protected:
  void SetUp() override {
    const std::string plut = kFolder + GetParam().name + ".plut",
                      text = kFolder + GetParam().name + ".txt";
    if (std::getenv("POTLUT_UPDATE_GOLDEN") != nullptr && GetParam().options.version == 2) {
      const Program program = GetParam().make();
      ASSERT_TRUE(SaveProgram(plut, program, GetParam().options).ok());
      ASSERT_TRUE(WriteFileAtomic(text, ProgramText(program)).ok());
    }
    auto bytes = ReadFile(plut), expected = ReadFile(text);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    bytes_ = *bytes;
    text_.assign(expected->begin(), expected->end());
  }
  std::vector<uint8_t> bytes_;
  std::string text_;
};

TEST_P(GoldenFile, DecodesToItsText) {
  const auto program = Unpack(bytes_);
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(ProgramText(*program), text_);
}

TEST_P(GoldenFile, IsWrittenToTheSameBytes) {
  const auto program = Unpack(bytes_);
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_TRUE(*Pack(*program, GetParam().options) == bytes_)
      << "the encoder no longer writes what it wrote when the file was made";
}

// What a low reading is stays too: its text is in a file of its own.
TEST_P(GoldenFile, LowReadingDecodesToItsText) {
  if (GetParam().options.low_bits == 0) {
    EXPECT_EQ(UnpackLow(bytes_).status().code(), ErrorCode::kUsage);
    return;
  }
  const auto low = UnpackLow(bytes_, GetParam().options.low_bits);
  ASSERT_TRUE(low.ok()) << low.error().message;
  const std::string path = kFolder + GetParam().name + ".low.txt";
  if (std::getenv("POTLUT_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFileAtomic(path, ProgramText(*low)).ok());
  }
  const auto text = ReadFile(path);
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_EQ(ProgramText(*low), std::string(text->begin(), text->end()));
}

TEST_P(GoldenFile, EveryTruncationIsRefused) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    // Copied, so that the sanitizer sees a read past the end.
    const std::vector<uint8_t> cut(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(size));
    const auto program = Unpack(cut);
    ASSERT_FALSE(program.ok()) << size << " bytes";
    ASSERT_EQ(program.error().code, ErrorCode::kBadInput)
        << size << " bytes: " << program.error().message;
  }
}

TEST_P(GoldenFile, EverySingleBitFlipIsRefused) {
  std::vector<uint8_t> bytes = bytes_;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    const auto program = Unpack(bytes);
    ASSERT_FALSE(program.ok()) << "bit " << bit;
    // A flipped version number is all that can pass for a file of another version.
    const bool version = bit / 8 == 8 || bit / 8 == 9;
    ASSERT_EQ(program.error().code, version ? ErrorCode::kUnsupported : ErrorCode::kBadInput)
        << "bit " << bit << ": " << program.error().message;
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
  }
}

TEST_P(GoldenFile, EveryAppendedByteIsRefused) {
  for (const uint8_t byte : {0, 1, 255}) {
    std::vector<uint8_t> bytes = bytes_;
    bytes.push_back(byte);
    EXPECT_FALSE(Unpack(bytes).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenFile, testing::ValuesIn(kGolden),
                         [](const auto& test) { return std::string(test.param.name); });

// The files of each version together hold every operator, every alphabet, every coder and all
// numbers of interleaved states.
TEST(GoldenFiles, HoldAllThatTheFormatHas) {
  for (const int version : {1, 2}) {
    SCOPED_TRACE("version " + std::to_string(version));
    std::vector<bool> ops(std::variant_size_v<Op>, false);
    bool alphabet[5][9] = {}, large[3] = {};
    std::set<CoderId> coders;
    for (const Golden& golden : kGolden) {
      if (golden.options.version != version) continue;
      std::vector<LayerBytes> layers;
      const auto bytes = ReadFile(kFolder + golden.name + ".plut");
      ASSERT_TRUE(bytes.ok()) << bytes.error().message;
      const auto program = Unpack(*bytes, {}, &layers);
      ASSERT_TRUE(program.ok()) << program.error().message;
      for (const Node& node : program->nodes) {
        ops[node.op.index()] = true;
        const auto* conv = std::get_if<ConvOp>(&node.op);
        if (conv != nullptr)
          alphabet[static_cast<size_t>(conv->alphabet.kind)][conv->alphabet.bits] = true;
      }
      for (const LayerBytes& layer : layers) {
        coders.insert(layer.coder);
        if (layer.coder != CoderId::kAns && layer.coder != CoderId::kAns2) continue;
        large[layer.stage1_bytes < 6144 ? 0 : layer.stage1_bytes < 49152 ? 1 : 2] = true;
      }
    }
    for (size_t i = 0; i < ops.size(); ++i) EXPECT_TRUE(ops[i]) << "operator " << i;
    int alphabets = 0;
    for (const auto& kind : alphabet)
      alphabets += static_cast<int>(std::count(std::begin(kind), std::end(kind), true));
    EXPECT_EQ(alphabets, 3 + 3 + 5 + 4 + 4);
    EXPECT_EQ(coders, version == 1 ? (std::set{CoderId::kRaw, CoderId::kAns})
                                   : (std::set{CoderId::kRaw, CoderId::kContext, CoderId::kAns2}));
    for (const bool l : large) EXPECT_TRUE(l);
  }
}

}  // namespace
}  // namespace potlut
