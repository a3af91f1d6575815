// Deltas: every pair of programs gives the new file back, byte for byte; anything wrong is refused.
#include "pack/delta.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pack/delta_bytes.h"
#include "pack/plut.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Packed(const Program& program, const PackOptions& options = {}) {
  auto bytes = Pack(program, options);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : Bytes();
}

// The delta, after it was seen to give `to` back.
Bytes RoundTrip(const Bytes& from, const Bytes& to, DeltaReport* report = nullptr) {
  const auto delta = MakeDelta(from, to, {}, report);
  EXPECT_TRUE(delta.ok()) << delta.status().message();
  if (!delta.ok()) return {};
  const auto back = ApplyDelta(from, *delta);
  EXPECT_TRUE(back.ok()) << back.status().message();
  if (back.ok()) {
    EXPECT_EQ(*back, to);
  }
  return *delta;
}

// One code in `n` goes to a neighbouring level. Returns how many did.
int64_t MoveCodes(Program& program, uint64_t seed, int n) {
  SmallRandom random(seed);
  int64_t moved = 0;
  for (Node& node : program.nodes) {
    auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    const int last = conv->alphabet.codes() - 1;
    for (uint8_t& code : conv->codes) {
      if (last == 0 || !random.OneIn(n)) continue;
      const bool up = code == 0 || (code < last && random.OneIn(2));
      code = static_cast<uint8_t>(up ? code + 1 : code - 1);
      ++moved;
    }
  }
  return moved;
}

Program SmallModel() {
  return ChainProgram(3, {{MakeAlphabet(AlphabetKind::kPot, 4).value(), 12, 3, 1},
                          {MakeAlphabet(AlphabetKind::kUniform, 8).value(), 5, 1, 0}});
}

double BitsAWeight(const Bytes& delta, const DeltaReport& report) {
  return 8.0 * static_cast<double>(delta.size()) / static_cast<double>(report.weights);
}

TEST(Delta, OfOneCodeInAHundredIsUnderTwelveHundredthsOfABit) {
  for (const auto& [kind, bits] :
       {std::pair(AlphabetKind::kPot, 3), {AlphabetKind::kPot, 4}, {AlphabetKind::kUniform, 4}}) {
    const Program from = ResNet20Shaped(1, MakeAlphabet(kind, bits).value());
    Program to = from;
    const int64_t moved = MoveCodes(to, 2, 100);
    DeltaReport report;
    const Bytes delta = RoundTrip(Packed(from), Packed(to), &report);
    EXPECT_EQ(report.method, DeltaMethod::kProgram);
    EXPECT_EQ(report.codes_changed, moved);
    EXPECT_EQ(report.bytes, static_cast<int64_t>(delta.size()));
    EXPECT_LT(BitsAWeight(delta, report), 0.12);
    RecordProperty("bits_a_weight", std::to_string(BitsAWeight(delta, report)));
  }
}

TEST(Delta, OfNothingIsAFewBytes) {
  const Bytes file = Packed(ResNet20Shaped(1, MakeAlphabet(AlphabetKind::kPot, 4).value()));
  DeltaReport report;
  EXPECT_LT(RoundTrip(file, file, &report).size(), 120U);
  EXPECT_EQ(report.layers_changed, 0);
  EXPECT_EQ(report.layers, 22);
}

TEST(Delta, OfOtherNumbersAndTextsIsSmall) {
  Program from = ResNet20Shaped(1, MakeAlphabet(AlphabetKind::kPot, 4).value());
  from.metadata = {{"goes", "away"}, {"recipe", "seed = 1\nimages = 256\n"}, {"tool", "potlut"}};
  Program to = from;
  to.metadata = {{"new", "ключ"}, {"recipe", "seed = 2\nimages = 256\n"}, {"tool", "potlut"}};
  SmallRandom random(4);
  for (Node& node : to.nodes) {
    auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    for (int32_t& bias : conv->bias) bias += random.Int(-1, 1);
  }
  to.tensors.back().exponent += 1;
  to.tensors.back().factor = {0.3};
  to.tensors.back().name = "scores";
  DeltaReport report;
  const Bytes delta = RoundTrip(Packed(from), Packed(to), &report);
  EXPECT_EQ(report.method, DeltaMethod::kProgram);
  EXPECT_EQ(report.layers_changed, 22);
  EXPECT_EQ(report.codes_changed, 0);
  EXPECT_LT(delta.size(), 400U);
}

TEST(Delta, OneChangedLayerCostsLittleMoreThanItself) {
  const Program from = ResNet20Shaped(1, MakeAlphabet(AlphabetKind::kPot, 3).value());
  Program to = from;
  auto& conv = std::get<ConvOp>(to.nodes[5].op);
  SmallRandom random(9);
  conv.codes = RandomCodes(random, conv.codes.size(), conv.alphabet.codes(), 1);
  DeltaReport report;
  const Bytes delta = RoundTrip(Packed(from), Packed(to), &report);
  EXPECT_EQ(report.layers_changed, 1);
  std::vector<LayerBytes> layers;
  ASSERT_TRUE(Pack(to, {}, &layers).ok());
  for (const LayerBytes& layer : layers) {
    if (layer.node == 5) {
      EXPECT_LT(static_cast<int64_t>(delta.size()), layer.stage2_bytes + 150);
    }
  }
}

TEST(Delta, EveryWayOfPackingIsFoundAgain) {
  const Program from = ResNet20Shaped(1, MakeAlphabet(AlphabetKind::kPot, 4).value());
  Program to = from;
  MoveCodes(to, 5, 50);
  const Bytes old_file = Packed(from, {.effort = Effort::kFast});
  for (const PackOptions& options :
       {PackOptions{.effort = Effort::kFast}, PackOptions{.effort = Effort::kSmall}, PackOptions{},
        PackOptions{.entropy_code = false}, PackOptions{.version = 1},
        PackOptions{.entropy_code = false, .version = 1}, PackOptions{.low_bits = 3},
        PackOptions{.effort = Effort::kSmall, .low_bits = 3}}) {
    DeltaReport report;
    RoundTrip(old_file, Packed(to, options), &report);
    EXPECT_EQ(report.method, DeltaMethod::kProgram)
        << "effort " << EffortName(options.effort) << ", version " << options.version;
  }
}

TEST(Delta, FilesThatCannotBePackedAgainGoByBytes) {
  // A layered file whose low reading was corrected: nobody knows by which images.
  const Program program = SmallModel();
  PackOptions options{.low_bits = 3};
  options.input_means.resize(program.nodes.size());
  for (size_t n = 0; n < program.nodes.size(); ++n) {
    const Node& node = program.nodes[n];
    if (!std::holds_alternative<ConvOp>(node.op)) continue;
    const auto channels = program.tensors[static_cast<size_t>(node.inputs[0])].dims.c;
    options.input_means[n].assign(static_cast<size_t>(channels), 77.0);
  }
  const Bytes corrected = Packed(program, options);
  DeltaReport report;
  const Bytes delta = RoundTrip(Packed(program), corrected, &report);
  EXPECT_NE(report.method, DeltaMethod::kProgram);
  EXPECT_LT(delta.size(), corrected.size() + kDeltaHeaderBytes + kDeltaTrailerBytes + 1);
}

TEST(Delta, OfRandomPairsGivesTheNewFileBack) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const Program from = RandomProgram(seed);
    Program to = seed % 3 == 0 ? RandomProgram(seed + 1000) : from;
    SmallRandom random(seed);
    if (seed % 3 != 0) {
      MoveCodes(to, seed, random.Int(2, 40));
      to.metadata["key.3"] += "x";
      for (Tensor& t : to.tensors) t.exponent += random.OneIn(4) ? 1 : 0;
    }
    // Moved codes may leave what an accumulator holds.
    const auto file = Pack(to, {.version = random.OneIn(2) ? 1 : 2});
    if (file.ok()) RoundTrip(Packed(from), *file);
  }
}

TEST(Delta, IsRefusedOnAnyOtherBase) {
  const Program from = SmallModel();
  Program to = from;
  MoveCodes(to, 1, 20);
  const Bytes old_file = Packed(from), new_file = Packed(to);
  const Bytes delta = RoundTrip(old_file, new_file);
  for (const Bytes& other : {new_file, Packed(from, {.version = 1}), Bytes{}, delta}) {
    const auto made = ApplyDelta(other, delta);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, ErrorCode::kBadInput);
    EXPECT_NE(made.error().message.find("for another file"), std::string::npos);
  }
  for (const auto& [a, b] : {std::pair(Bytes{1, 2, 3}, new_file), {old_file, Bytes{1, 2, 3}}}) {
    const auto made = MakeDelta(a, b);
    ASSERT_FALSE(made.ok());
    EXPECT_NE(made.error().message.find(a.size() == 3 ? "old file: " : "new file: "),
              std::string::npos);
  }
}

TEST(Delta, TruncationsAndFlippedBitsAreRefused) {
  const Program from = SmallModel();
  Program to = from;
  MoveCodes(to, 1, 50);
  const Bytes old_file = Packed(from), new_file = Packed(to);
  const Bytes delta = RoundTrip(old_file, new_file);
  for (size_t n = 0; n < delta.size(); ++n)
    EXPECT_FALSE(ApplyDelta(old_file, std::span(delta).first(n)).ok()) << n << " bytes";
  for (size_t bit = 0; bit < 8 * delta.size(); ++bit) {
    Bytes flipped = delta;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(ApplyDelta(old_file, flipped).ok()) << "bit " << bit;
    if (bit % 5 != 0) continue;
    RepairDelta(flipped);
    // Behind the checksum the digest stands: only another packing that gives the same bytes passes.
    const auto repaired = ApplyDelta(old_file, flipped);
    if (repaired.ok() && bit / 8 < delta.size() - kDeltaTrailerBytes) {
      EXPECT_TRUE(*repaired == new_file && bit / 8 == 11) << "bit " << bit;
    }
  }
  Bytes longer = delta;
  longer.push_back(0);
  EXPECT_FALSE(ApplyDelta(old_file, longer).ok());
}

TEST(ByteDelta, GivesBackAnyBytes) {
  SmallRandom random(6);
  Bytes from(5000);
  for (uint8_t& byte : from) byte = static_cast<uint8_t>(random.Next());
  std::vector<Bytes> all{{}, {1}, from, Bytes(3000, 0)};
  Bytes edited = from;
  edited.erase(edited.begin() + 1000, edited.begin() + 1100);
  edited.insert(edited.begin() + 3000, {1, 2, 3, 4, 5});
  edited[4000] ^= 1;
  all.push_back(edited);
  for (const Bytes& a : all) {
    for (const Bytes& b : all) {
      const Bytes delta = EncodeByteDelta(a, b);
      const auto back = DecodeByteDelta(a, delta, b.size());
      ASSERT_TRUE(back.ok()) << back.error().message;
      EXPECT_EQ(*back, b);
    }
  }
  EXPECT_LT(EncodeByteDelta(from, edited).size(), 60U);
  EXPECT_LT(EncodeByteDelta(from, from).size(), 12U);
}

}  // namespace
}  // namespace potlut
