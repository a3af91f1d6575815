// The context coder: round trips, sizes, damaged blocks, and bytes that stay.
#include "pack/context.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/text.h"
#include "pack/coder.h"
#include "pack/context_lanes.h"
#include "pack/context_symbols.h"
#include "pack/context_tables.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

// Bell-shaped weights whose scale differs between filters, inputs and taps and which resemble their
// neighbours in the kernel, as codes of `alphabet` (nearest levels).
std::vector<uint8_t> Weights(uint64_t seed, const ContextLayout& layout, const Alphabet& alphabet) {
  SmallRandom random(seed);
  const auto bell = [&] {
    double sum = 0;
    for (int i = 0; i < 6; ++i) sum += random.Int(-1000, 1000);
    return sum / 1414;  // deviation 1
  };
  const int taps = layout.kernel_h * layout.kernel_w;
  const double unit = 0.4 * alphabet.max_abs();
  std::vector<double> input(static_cast<size_t>(layout.per_tap));
  for (double& v : input) v = std::exp2(0.5 * bell());
  std::vector<uint8_t> codes;
  for (int o = 0; o < layout.out; ++o) {
    const double filter = std::exp2(0.4 * bell());
    std::vector<double> before(input.size(), 0.0);
    for (int k = 0; k < taps; ++k) {
      for (size_t i = 0; i < input.size(); ++i) {
        const double v = 0.6 * before[i] + 0.8 * bell(), w = unit * filter * input[i] * v;
        before[i] = v;
        int best = 0;
        double least = 1e9;
        for (int c = 0; c < alphabet.codes(); ++c) {
          const auto at = static_cast<size_t>(c);
          const double d = alphabet.is_pair()
                               ? std::abs(w - alphabet.levels[2 * at]) +
                                     std::abs(unit * bell() - alphabet.levels[2 * at + 1])
                               : std::abs(w - alphabet.levels[at]);
          if (d < least) {
            least = d;
            best = c;
          }
        }
        codes.push_back(static_cast<uint8_t>(best));
      }
    }
  }
  return codes;
}

std::vector<Alphabet> AllAlphabets() {
  SmallRandom random(21);
  std::vector<Alphabet> all;
  for (const int bits : {2, 3, 4}) all.push_back(*MakeAlphabet(AlphabetKind::kPot, bits));
  for (const int bits : {3, 4, 5}) all.push_back(*MakeAlphabet(AlphabetKind::kApot, bits));
  for (const int bits : {2, 3, 4, 5, 8}) all.push_back(*MakeAlphabet(AlphabetKind::kUniform, bits));
  for (const int bits : {2, 3, 4, 5})
    all.push_back(RandomAlphabet(random, AlphabetKind::kCustom, bits));
  for (const int bits : {5, 6, 7, 8})
    all.push_back(RandomAlphabet(random, AlphabetKind::kPair, bits));
  all.push_back({AlphabetKind::kCustom, 2, {0}});
  all.push_back({AlphabetKind::kCustom, 2, {0, 127}});
  all.push_back({AlphabetKind::kCustom, 3, {-128, -127, 0, 5, 7}});
  all.push_back({AlphabetKind::kPair, 5, {0, 0}});
  all.push_back({AlphabetKind::kCustom, 3, {-3, 1, 2}});  // no zero: Validate refuses it later
  return all;
}

std::vector<int8_t> Shifts(uint64_t seed, int32_t out) {
  SmallRandom random(seed);
  std::vector<int8_t> shifts;
  for (int32_t o = 0; o < out; ++o) shifts.push_back(static_cast<int8_t>(random.Int(-15, 31)));
  return shifts;
}

void ExpectRoundTrip(const std::vector<uint8_t>& codes, const ContextLayout& layout,
                     const Alphabet& alphabet) {
  const auto block = ContextEncode(codes, layout, alphabet);
  std::vector<uint8_t> back(codes.size(), 0xEE);
  const Status s = ContextDecode(block, layout, alphabet, back);
  ASSERT_TRUE(s.ok()) << s.message();
  ASSERT_EQ(back, codes);
  ASSERT_EQ(ContextEncode(codes, layout, alphabet), block);
}

TEST(Context, RoundTripsShapesAndAlphabets) {
  const auto alphabets = AllAlphabets();
  uint64_t seed = 1;
  for (const auto& [out, h, w, per_tap] : {std::array{1, 1, 1, 1},
                                           {1, 1, 1, 9},
                                           {7, 1, 1, 1},
                                           {16, 3, 3, 16},
                                           {5, 3, 3, 1},
                                           {33, 1, 1, 17},
                                           {3, 5, 1, 8},
                                           {3, 1, 7, 3},
                                           {2, 5, 5, 13},
                                           {4, 2, 2, 100},
                                           {3, 9, 9, 1}}) {
    for (const Alphabet& alphabet : alphabets) {
      const auto shifts = Shifts(seed, out);
      const ContextLayout layout{out, h, w, per_tap, shifts};
      SCOPED_TRACE(Cat(AlphabetName(alphabet.kind), " ", alphabet.bits, ", ", out, " x ", h, " x ",
                       w, " x ", per_tap));
      ExpectRoundTrip(Weights(seed, layout, alphabet), layout, alphabet);
      SmallRandom random(seed++);
      const auto count = static_cast<size_t>(out * h * w * per_tap);
      ExpectRoundTrip(RandomCodes(random, count, alphabet.codes(), random.Int(0, 9)),
                      {out, h, w, per_tap, {}}, alphabet);
    }
  }
}

TEST(Context, RoundTripsWhatIsAllAlikeOrEmpty) {
  for (const Alphabet& alphabet : AllAlphabets()) {
    for (const int kernel : {1, 3}) {
      const ContextLayout layout{8, kernel, kernel, 64, {}};
      const auto count = static_cast<size_t>(8 * kernel * kernel * 64);
      for (const int code : {0, alphabet.codes() / 2, alphabet.codes() - 1}) {
        const std::vector<uint8_t> same(count, static_cast<uint8_t>(code));
        ExpectRoundTrip(same, layout, alphabet);
      }
    }
  }
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  const std::vector<uint8_t> zeros(36864, 3);
  EXPECT_LT(ContextEncode(zeros, {64, 3, 3, 64, {}}, pot).size(), 8U);
  EXPECT_TRUE(ContextEncode({}, {0, 3, 3, 1, {}}, pot).empty());
  EXPECT_TRUE(ContextDecode({}, {0, 3, 3, 1, {}}, pot, {}).ok());
  const std::vector<uint8_t> byte(1);
  EXPECT_FALSE(ContextDecode(byte, {0, 3, 3, 1, {}}, pot, {}).ok());
}

// One odd code in many that are alike, and the other way around: no probability is ever zero.
TEST(Context, SurvivesSurprises) {
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 4);
  for (const int kernel : {1, 3}) {
    const ContextLayout layout{64, kernel, kernel, 64, {}};
    std::vector<uint8_t> codes(static_cast<size_t>(64 * kernel * kernel * 64), 7);
    for (const size_t i : {size_t{0}, codes.size() / 2, codes.size() - 1}) codes[i] = 14;
    ExpectRoundTrip(codes, layout, pot);
    for (size_t i = codes.size() / 2; i < codes.size(); ++i) codes[i] = i % 2 == 0 ? 0 : 14;
    ExpectRoundTrip(codes, layout, pot);
  }
}

TEST(Context, TakesLessThanEntropyWhereWeightsHaveStructure) {
  for (const auto& [kind, bits] :
       {std::pair{AlphabetKind::kPot, 3}, {AlphabetKind::kPot, 4}, {AlphabetKind::kApot, 4}}) {
    const Alphabet alphabet = *MakeAlphabet(kind, bits);
    for (const int kernel : {1, 3}) {
      const ContextLayout layout{64, kernel, kernel, 96, {}};
      const auto codes = Weights(5, layout, alphabet);
      const double entropy = OrderZeroEntropy(codes) * static_cast<double>(codes.size()) / 8;
      EXPECT_LT(static_cast<double>(ContextEncode(codes, layout, alphabet).size()),
                (kernel == 1 ? 0.98 : 0.95) * entropy)
          << AlphabetName(kind) << " " << bits << " " << kernel;
    }
  }
}

// Where there is nothing to learn, small layers cost little more than their entropy and never more
// than the static coder's.
TEST(Context, LosesNothingOnSmallLayersWithoutStructure) {
  SmallRandom random(8);
  for (const auto& [bits, skew] : {std::pair{3, 0}, {3, 2}, {4, 1}, {4, 3}}) {
    const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, bits);
    for (const int per_tap : {4, 16, 64}) {
      const ContextLayout layout{16, 3, 3, per_tap, {}};
      const auto codes = RandomCodes(random, static_cast<size_t>(144 * per_tap), pot.codes(), skew);
      const auto size = ContextEncode(codes, layout, pot).size();
      const double entropy = OrderZeroEntropy(codes) * static_cast<double>(codes.size()) / 8;
      EXPECT_LT(static_cast<double>(size), 1.03 * entropy + 12) << bits << " " << per_tap;
    }
  }
}

TEST(Context, AcceptsNothingButItsOwnBytes) {
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  for (const int kernel : {1, 3}) {
    const ContextLayout layout{8, kernel, kernel, 40, {}};
    const auto codes = Weights(9, layout, pot);
    const auto block = ContextEncode(codes, layout, pot);
    std::vector<uint8_t> out(codes.size());
    const auto refused = [&](std::span<const uint8_t> bytes) {
      const Status s = ContextDecode(bytes, layout, pot, out);
      return s.code() == ErrorCode::kBadInput && !s.message().empty();
    };
    for (size_t size = 0; size < block.size(); ++size)
      EXPECT_TRUE(refused(std::span(block).first(size))) << size;
    auto longer = block;
    for (int i = 0; i < 6; ++i) {
      longer.push_back(static_cast<uint8_t>(i));
      EXPECT_TRUE(refused(longer));
    }
    SmallRandom random(10);
    for (int i = 0; i < 200; ++i) {
      std::vector<uint8_t> noise(static_cast<size_t>(random.Int(0, 300)));
      for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random.Next());
      if (!ContextDecode(noise, layout, pot, out).ok()) continue;
      EXPECT_EQ(ContextEncode(out, layout, pot).empty(), false);
    }
    // Whatever is read, codes stay inside of the alphabet.
    for (const uint8_t code : out) EXPECT_LT(code, pot.codes());
  }
}

TEST(Context, RefusesLayoutsThatDoNotFit) {
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  const ContextLayout good{4, 3, 3, 2, {}};
  const auto block = ContextEncode(std::vector<uint8_t>(72, 1), good, pot);
  std::vector<uint8_t> out(72);
  EXPECT_TRUE(ContextDecode(block, good, pot, out).ok());
  const std::vector<int8_t> shifts(3);
  for (const ContextLayout& bad : {ContextLayout{4, 3, 3, 3, {}},
                                   {0, 3, 3, 2, {}},
                                   {-4, -3, 3, 2, {}},
                                   {4, 3, 3, 2, shifts},
                                   {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, {}}}) {
    EXPECT_EQ(ContextDecode(block, bad, pot, out).code(), ErrorCode::kBadInput);
  }
  // A histogram in which nothing occurs.
  const std::vector<uint8_t> nothing(6, 0xFF);
  EXPECT_EQ(ContextDecode(nothing, good, pot, out).message(), "no class of levels occurs");
}

TEST(ContextTables, AreTheLogisticFunctionAndLogarithms) {
  for (int x = -2047; x <= 2047; ++x) {
    const double p = 65536 / (1 + std::exp(-x / 256.0));
    ASSERT_NEAR(kContextSquash[static_cast<size_t>(x + 2048)], p,
                0.032 * std::min(p, 65536 - p) + 1)
        << x;
    if (x > -2047) {
      ASSERT_LE(kContextSquash[static_cast<size_t>(x + 2047)],
                kContextSquash[static_cast<size_t>(x + 2048)]);
    }
  }
  for (uint32_t p = 22; p <= 65514; ++p) {
    const int32_t x = ContextStretch(p);
    ASSERT_GE(kContextSquash[static_cast<size_t>(x + 2048)], p);
    if (x > -2048) {
      ASSERT_LT(kContextSquash[static_cast<size_t>(x + 2047)], p);
    }
  }
  EXPECT_EQ(Log32(0), 0);
  for (uint32_t v = 1; v < 100000; ++v) ASSERT_NEAR(Log32(v), 32 * std::log2(v), 1.8) << v;
  EXPECT_EQ(Log32(UINT32_MAX), 31 * 32 + 31);
  for (int32_t l = 320; l < 640; ++l) ASSERT_NEAR(Exp32(l) / std::exp2(l / 32.0), 1, 0.002) << l;
  EXPECT_EQ(Exp32(-5), 1U);
  EXPECT_EQ(Exp32(100000), Exp32(639));
}

TEST(ContextSymbols, ClassesAscendFromZeroAndTokensSayTheSign) {
  const ContextSymbols pot = MakeContextSymbols(*MakeAlphabet(AlphabetKind::kPot, 3));
  EXPECT_EQ(pot.classes, 4);
  const std::array<int, 7> classes{3, 2, 1, 0, 1, 2, 3}, tokens{7, 5, 3, 1, 2, 4, 6};
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(pot.class_of[i], classes[i]);
    EXPECT_EQ(pot.token[i], tokens[i]);
  }
  for (const Alphabet& alphabet : AllAlphabets()) {
    const ContextSymbols s = MakeContextSymbols(alphabet);
    EXPECT_LE(s.classes, kContextMaxClasses);
    EXPECT_EQ(s.start[static_cast<size_t>(s.classes)], alphabet.codes());
    for (int i = 0; i < alphabet.codes(); ++i) {
      const auto at = static_cast<size_t>(i);
      EXPECT_EQ(s.members[s.start[s.class_of[at]] + static_cast<size_t>(s.place[at])], i);
      EXPECT_TRUE(s.token[at] >= 1 && s.token[at] <= 7);
    }
  }
}

// What a machine without vectors does is what all do.
TEST(ContextLanes, VectorsAreTheirDefinition) {
  SmallRandom random(14);
  const auto any = [&](auto& values, int32_t lo, int32_t hi) {
    for (auto& v : values) {
      v = static_cast<std::decay_t<decltype(v)>>(random.OneIn(8) ? (random.OneIn(2) ? lo : hi)
                                                                 : random.Int(lo, hi));
    }
  };
  for (int round = 0; round < 3000; ++round) {
    std::array<std::array<int16_t, 16>, 3> looked, weight;
    for (auto& v : looked) any(v, -32768, 32767);
    for (auto& v : weight) any(v, -32768, 32767);
    ContextNumbers number;
    any(number, -127, 127);
    const std::array<int16_t*, 3> at{looked[0].data(), looked[1].data(), looked[2].data()};
    std::array<uint16_t, 16> index, expected;
    lanes::Predict<16>(at, weight, number, index.data());
    plain::Predict<16>(at, weight, number, expected.data());
    ASSERT_EQ(index, expected);

    std::array<int16_t, 16> target, visited, error, same;
    std::array<uint16_t, 16> p;
    any(p, 22, 65514);
    for (size_t n = 0; n < 16; ++n) {
      target[n] = random.OneIn(2) ? 32767 : 0;
      visited[n] = random.OneIn(2) ? -1 : 0;
    }
    lanes::Errors<16>(target.data(), visited.data(), p.data(), error.data());
    plain::Errors<16>(target.data(), visited.data(), p.data(), same.data());
    ASSERT_EQ(error, same);
    const auto step = static_cast<int16_t>(random.Int(-32768, 32767));
    std::array<int16_t, 16> a = weight[0], b = weight[0];
    lanes::Learn<16>(error.data(), step, a.data());
    plain::Learn<16>(error.data(), step, b.data());
    ASSERT_EQ(a, b);
  }
}

// The bytes are part of the format.
TEST(Context, BytesAreAsEver) {
  uint64_t hash = 0xCBF29CE484222325, seed = 100;
  for (const Alphabet& alphabet : AllAlphabets()) {
    for (const int kernel : {1, 3}) {
      const auto shifts = Shifts(seed, 24);
      const ContextLayout layout{24, kernel, kernel, 20, shifts};
      SmallRandom random(seed++);
      const auto count = static_cast<size_t>(480 * kernel * kernel);
      auto codes = RandomCodes(random, count, alphabet.codes(), 2);
      for (size_t i = 1; i < count; ++i) {
        if (random.OneIn(3)) codes[i] = codes[i - 1];
      }
      for (const uint8_t byte : ContextEncode(codes, layout, alphabet))
        hash = (hash ^ byte) * 0x100000001B3;
    }
  }
  EXPECT_EQ(hash, 9741486132654350491U);
}

}  // namespace
}  // namespace potlut
