// Winograd's convolutions with what is fused into them, against the reference executor; the bounds
// that make them exact, at their ends.
#include "engine/winograd_kernel.h"

#include <gtest/gtest.h>

#include "engine/isa.h"
#include "engine/testing.h"
#include "engine/winograd_weights.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

struct Case {
  Dims in;
  int32_t out_c;
  Window window;
  TensorType type;
  Alphabet alphabet;
};

Window PickPads(Rng& rng, Dims& in) {
  Window w{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  if (rng() % 2 == 0) {
    w.pad_top = Pick(rng, 0, 2);
    w.pad_left = Pick(rng, 0, 2);
    w.pad_bottom = Pick(rng, 0, 2);
    w.pad_right = Pick(rng, 0, 2);
  }
  in.h = std::max(in.h, 3 - w.pad_top - w.pad_bottom);
  in.w = std::max(in.w, 3 - w.pad_left - w.pad_right);
  return w;
}

// Weights at random, or all at an end of the alphabet, with signs that a transform adds up.
void PickWeights(Rng& rng, ConvOp& conv, int32_t in_c) {
  const unsigned mode = rng() % 4;
  if (mode < 2 || conv.alphabet.is_pair()) return;
  const auto end_of = [&](bool high) {  // levels are in order
    return static_cast<uint8_t>(high ? conv.alphabet.codes() - 1 : 0);
  };
  const bool flip = rng() % 2 == 0;
  for (size_t i = 0; i < conv.codes.size(); ++i) {
    const size_t tap = i / static_cast<size_t>(in_c) % 9;
    conv.codes[i] = end_of(mode == 2 ? flip : (tap / 3 + tap % 3) % 2 == 0);
  }
}

// Sums spread over the output's range, shifts of all kinds.
void PickTail(Rng& rng, ConvOp& conv, int32_t in_c, TensorType in, TensorType out) {
  if (rng() % 8 == 0) return PickRequant(rng, conv, in_c, in, out);
  std::fill(conv.bias.begin(), conv.bias.end(), 0);
  const int lowest = Pick(rng, -6, 0);
  for (size_t o = 0; o < conv.bias.size(); ++o) {
    const int64_t bound = AccumulatorBound(conv, in_c, in, static_cast<int32_t>(o));
    int shift = rng() % 8 == 0 ? Pick(rng, lowest, 0) : 1;
    while (shift > 0 && shift < 24 && bound >> shift > 2 * int64_t{out.hi()}) ++shift;
    while (shift < 1 && ShiftRoom(shift) < bound) ++shift;
    conv.shift[o] = static_cast<int8_t>(shift);
    conv.bias[o] = Pick(rng, -bound / 4, bound / 4);
    if (shift < 1) conv.bias[o] = 0;
  }
  PickClamp(rng, out, conv.lo, conv.hi);
}

// How many kernels were compared, with tiles of 2 (bytes) and of 4.
struct Compared {
  void operator+=(const Compared& other) {
    bytes += other.bytes;
    words += other.words;
  }
  int bytes = 0, words = 0;
};

Compared TestCase(unsigned seed, const Case& c) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(c.in.h) + "x" +
               std::to_string(c.in.w) + "x" + std::to_string(c.in.c) + " to " +
               std::to_string(c.out_c) + ", pads " + std::to_string(c.window.pad_top) + " " +
               std::to_string(c.window.pad_left) + " " + std::to_string(c.window.pad_bottom) + " " +
               std::to_string(c.window.pad_right) + ", " + std::to_string(c.type.bits) + " bits");
  Rng rng(seed);
  Builder b(c.in);
  const int32_t x = AddLookup(rng, b, 0, c.type);
  const TensorType out_type = PickType(rng);
  ConvOp conv = RandomConv(rng, c.window, c.in.c, c.out_c, 1, c.alphabet, out_type);
  PickWeights(rng, conv, c.in.c);
  PickTail(rng, conv, c.in.c, c.type, out_type);
  b.Add(conv, {x}, *WindowOutput(c.window, c.in, c.out_c), out_type);
  const FusedConv fused = AppendTail(rng, b);
  const Program& program = b.program();
  const Status valid = Validate(program);
  EXPECT_TRUE(valid.ok()) << valid.message();
  if (!valid.ok()) return {};

  const auto data = [&](int32_t t) {
    return PickData(rng, program.tensors[static_cast<size_t>(t)]);
  };
  std::vector<TensorData> inputs{data(fused.input())};
  TensorData first =
      *ReferenceRunNode(program, *fused.conv, std::vector{&std::as_const(inputs[0])});
  if (fused.add != nullptr) {
    inputs.push_back(data(fused.residual()));
    std::vector<const TensorData*> two{&first, &inputs[1]};
    if (fused.add->inputs[0] != fused.conv->output) std::swap(two[0], two[1]);
    first = *ReferenceRunNode(program, *fused.add, two);
  }
  std::vector<TensorData> expected{first};
  if (fused.lookup != nullptr) {
    expected.push_back(
        *ReferenceRunNode(program, *fused.lookup, std::vector{&std::as_const(first)}));
    if (!fused.keep_first) expected[0].clear();
  }
  Compared compared;
  for (const Isa isa : AvailableIsas()) {
    const KernelTable& table = *KernelsOf(isa);
    if (!WinogradFits(program, fused, table)) continue;
    EXPECT_GT(WinogradCycles(program, fused, table), 0);
    for (const int32_t tile : {2, 4}) {
      const KernelPtr kernel = MakeWinogradOfTile(program, fused, table, tile);
      if (kernel == nullptr) continue;
      EXPECT_EQ(kernel->outputs(), static_cast<int>(expected.size()));
      ExpectKernelGives(rng, *kernel, inputs, expected);
      ++(tile == 2 ? compared.bytes : compared.words);
    }
  }
  return compared;
}

bool HasKernels() { return IsaAvailable(Isa::kAvx2) || IsaAvailable(Isa::kAvx512Vnni); }

TEST(WinogradTest, RandomShapes) {
  Compared compared;
  for (unsigned seed = 1; seed <= 300 && !::testing::Test::HasFailure(); ++seed) {
    Rng rng(seed * 7919);
    Case c{{Pick(rng, 1, 19), Pick(rng, 1, 19), Pick(rng, 1, rng() % 3 == 0 ? 70 : 20)},
           Pick(rng, 1, 70),
           {},
           PickType(rng),
           {}};
    c.alphabet = PickAlphabet(rng, true);
    c.window = PickPads(rng, c.in);
    compared += TestCase(seed, c);
  }
  EXPECT_TRUE(!HasKernels() || (compared.words > 100 && compared.bytes > 30))
      << compared.words << " and " << compared.bytes;
}

TEST(WinogradTest, BytesOfUpToSixBits) {
  Compared compared;
  unsigned seed = 1000;
  for (const uint8_t bits : {2, 4, 5, 6}) {
    for (const bool is_signed : {false, true}) {
      for (const int32_t c : {1, 3, 16, 33, 64, 100}) {
        if (::testing::Test::HasFailure()) return;
        Rng rng(seed * 7919);
        Case s{{Pick(rng, 4, 12), Pick(rng, 4, 12), c},
               Pick(rng, 1, 50),
               {},
               {bits, is_signed},
               *MakeAlphabet(AlphabetKind::kApot, Pick(rng, 3, 4))};
        s.window = PickPads(rng, s.in);
        compared += TestCase(seed++, s);
      }
    }
  }
  EXPECT_TRUE(!HasKernels() || (compared.words > 40 && compared.bytes > 40))
      << compared.words << " and " << compared.bytes;
}

TEST(WinogradTest, MapsOfManyBlocks) {
  unsigned seed = 2000;
  const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  const Alphabet apot = *MakeAlphabet(AlphabetKind::kApot, 4);
  const Alphabet uniform = *MakeAlphabet(AlphabetKind::kUniform, 8);
  for (const uint8_t bits : {4, 8}) {
    Compared compared = TestCase(seed++, {{37, 41, 64}, 48, same, {bits, false}, apot});
    compared += TestCase(seed++, {{32, 32, 16}, 16, same, {bits, false}, apot});
    compared += TestCase(seed++, {{14, 14, 130}, 70, same, {bits, true}, apot});
    compared += TestCase(seed++, {{8, 8, 64}, 64, same, {bits, false}, uniform});
    EXPECT_TRUE(!HasKernels() || compared.words + compared.bytes >= 4);
  }
}

// 64 times a sum that just stays in 32 bits, and one that does not.
TEST(WinogradTest, SumsAtTheirBound) {
  const TensorType type{8, false};
  ConvOp conv;
  conv.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  conv.alphabet = *MakeAlphabet(AlphabetKind::kUniform, 8);
  const int32_t in_c = 8;
  conv.codes.assign(9 * in_c, static_cast<uint8_t>(conv.alphabet.codes() - 1));
  conv.lo = 0;
  conv.hi = 255;
  const int32_t most = 9 * in_c * 127 * 255, limit = 1 << 25;
  conv.shift = {1};
  conv.bias = {limit - 1 - most - 1};
  EXPECT_TRUE(WinogradSumsFit(conv, in_c, type, 4));
  Builder b({9, 9, in_c});
  b.Add(conv, {0}, {9, 9, 1}, type);
  ASSERT_TRUE(Validate(b.program()).ok());
  const FusedConv fused{.conv = &b.program().nodes[0]};
  Rng rng(1);
  const std::vector<TensorData> inputs{TensorData(9 * 9 * in_c, 255)};
  const TensorData expected =
      *ReferenceRunNode(b.program(), b.program().nodes[0], std::vector{&inputs[0]});
  for (const Isa isa : AvailableIsas()) {
    const KernelTable& table = *KernelsOf(isa);
    if (table.winograd == nullptr) continue;
    ASSERT_TRUE(WinogradFits(b.program(), fused, table));
    const KernelPtr kernel = MakeWinograd(b.program(), fused, table);
    EXPECT_NE(kernel->name().find("4x4_int16"), std::string_view::npos);
    ExpectKernelGives(rng, *kernel, inputs, {expected});
  }
  conv.bias = {limit - most};
  EXPECT_FALSE(WinogradSumsFit(conv, in_c, type, 4));
  conv.bias = {0};
  conv.shift = {-7};
  EXPECT_FALSE(WinogradSumsFit(conv, in_c, type, 4));
}

TEST(WinogradTest, WeightsThatFitBytes) {
  ConvOp conv;
  conv.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  conv.alphabet = {AlphabetKind::kCustom, 3, {-15, 0, 14, 15}};
  conv.bias = {0};
  conv.codes.assign(9, 2);
  EXPECT_TRUE(WinogradBytesFit(conv, 1, 60, true));  // 9 * 14
  conv.codes.assign(9, 3);
  EXPECT_FALSE(WinogradBytesFit(conv, 1, 60, false));  // 9 * 15
  conv.codes.assign(18, 2);
  EXPECT_TRUE(WinogradBytesFit(conv, 2, 130, true));  // (126 + 126) * 130 = 32,760
  EXPECT_FALSE(WinogradBytesFit(conv, 2, 131, true));
  EXPECT_TRUE(WinogradBytesFit(conv, 2, 131, false));
  EXPECT_FALSE(OffsetsOf({7, false}).fits);
  EXPECT_EQ(OffsetsOf({6, false}).reach, 252);
  EXPECT_EQ(OffsetsOf({6, true}).reach, 254);
}

TEST(WinogradTest, DeclinesOtherWindows) {
  if (!HasKernels()) GTEST_SKIP() << "no such kernel on this machine";
  const KernelTable& table = *KernelsOf(BestIsa());
  Rng rng(1);
  for (const Window& w :
       {Window{3, 3, 2, 2, 1, 1, 1, 1, 1, 1}, Window{3, 1, 1, 1, 1, 1, 1, 0, 1, 0},
        Window{3, 3, 1, 1, 2, 2, 2, 2, 2, 2}, Window{5, 5, 1, 1, 1, 1, 2, 2, 2, 2}}) {
    Builder b({9, 9, 4});
    const ConvOp conv =
        RandomConv(rng, w, 4, 4, 1, *MakeAlphabet(AlphabetKind::kApot, 4), {8, false});
    b.Add(conv, {0}, *WindowOutput(w, {9, 9, 4}, 4), {8, false});
    const FusedConv fused{.conv = &b.program().nodes[0]};
    EXPECT_FALSE(WinogradFits(b.program(), fused, table));
  }
}

}  // namespace
}  // namespace potlut
