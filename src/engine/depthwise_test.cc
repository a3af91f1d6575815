// Depthwise kernels in blocks against the reference executor: every form,
// windows that lie outside the map, channels around the blocks, any number of
// shares.
#include "engine/depthwise_kernel.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/isa.h"
#include "engine/testing.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

// Runs the last node of a program, a depthwise convolution on the input of
// `data`, by the kernels of every instruction set that has some; counts the
// names of those that were run.
void ExpectBlocksEqualReference(Rng& rng, const Program& program, const TensorData& data,
                                std::map<std::string, int>& names) {
  const Status valid = Validate(program);
  ASSERT_TRUE(valid.ok()) << valid.message();
  const FusedConv fused{.conv = &program.nodes.back()};
  const auto expected = ReferenceRunNode(program, *fused.conv, std::vector{&data});
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  for (const Isa isa : AvailableIsas()) {
    const KernelTable& table = *KernelsOf(isa);
    if (!DepthwiseFits(program, fused, table)) continue;
    EXPECT_GT(DepthwiseCycles(program, fused, table), 0);
    const KernelPtr kernel = MakeDepthwise(program, fused, table);
    ++names[std::string(kernel->name())];
    for (const Guarded::Side side : {Guarded::kStart, Guarded::kEnd}) {
      const int32_t shares = side == Guarded::kStart ? 1 : Pick(rng, 1, 8);
      SCOPED_TRACE(std::string(kernel->name()) + ", " + std::to_string(shares) + " shares");
      Guarded in(data.size(), side), out(expected->size(), side);
      Guarded scratch(kernel->scratch_bytes(), side, 64);
      std::memcpy(in.data(), data.data(), data.size());
      const void* const input = in.data();
      void* const output = out.data();
      for (int32_t i = shares - 1; i >= 0; --i) {
        kernel->Run(&input, &output, scratch.data(), {i, shares});
      }
      ASSERT_TRUE(in.Untouched() && out.Untouched() && scratch.Untouched()) << "wrote outside";
      ASSERT_EQ(std::memcmp(in.data(), data.data(), data.size()), 0) << "wrote to its input";
      for (size_t i = 0; i < expected->size(); ++i) {
        ASSERT_EQ(int{out.data()[i]}, int{(*expected)[i]}) << "at byte " << i;
      }
    }
  }
}

Window PickDepthwise(Rng& rng) {
  Window w;
  w.kernel_h = w.kernel_w = rng() % 2 == 0 ? 3 : 5;
  w.stride_h = Pick(rng, 1, 3);
  w.stride_w = Pick(rng, 1, 2);
  w.dilation_h = rng() % 4 == 0 ? 2 : 1;
  w.pad_top = Pick(rng, 0, w.kernel_h);
  w.pad_left = Pick(rng, 0, w.kernel_w);
  w.pad_bottom = Pick(rng, 0, w.kernel_h);
  w.pad_right = Pick(rng, 0, w.kernel_w);
  return w;
}

// Shifts to the right, as these kernels want them, and sums that mostly stay near 16 bits.
void PickRightShifts(Rng& rng, ConvOp& conv, TensorType in, TensorType out) {
  PickRequant(rng, conv, 1, in, out);
  for (size_t c = 0; c < conv.shift.size(); ++c) {
    if (conv.shift[c] < 0) conv.shift[c] = static_cast<int8_t>(Pick(rng, 0, 20));
    const int32_t channel = static_cast<int32_t>(c);
    conv.bias[c] = rng() % 4 == 0 ? Pick(rng, -32767, 32767) : Pick(rng, -300, 300);
    // Most channels not beyond 16 bits because of their bias.
    while (rng() % 64 != 0 && AccumulatorBound(conv, 1, in, channel) > 32767 && conv.bias[c] != 0)
      conv.bias[c] /= 2;
  }
}

TEST(DepthwiseTest, RandomLayers) {
  std::map<std::string, int> names;
  for (unsigned seed = 1; seed <= 600 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const Window w = PickDepthwise(rng);
    const int32_t channels = Pick(rng, 2, rng() % 2 == 0 ? 40 : 200);
    const int32_t repeat = rng() % 8 == 0 ? Pick(rng, 2, 3) : 1;
    const auto side = [&](int32_t dilation, int32_t pads) {
      return std::max(Pick(rng, 1, 9), dilation * (w.kernel_h - 1) + 1 - pads);
    };
    const Dims in{side(w.dilation_h, w.pad_top + w.pad_bottom), side(1, w.pad_left + w.pad_right),
                  channels};
    Builder b(in);
    const TensorType in_type = PickType(rng), out_type = PickType(rng);
    const int32_t x = AddLookup(rng, b, 0, in_type);
    ConvOp conv = RandomConv(rng, w, channels, channels * repeat, channels,
                             PickAlphabet(rng, false), out_type);
    PickRightShifts(rng, conv, in_type, out_type);
    PickClamp(rng, out_type, conv.lo, conv.hi);
    b.Add(conv, {x}, *WindowOutput(w, in, channels * repeat), out_type);
    const TensorData data = PickData(rng, b.program().tensors[static_cast<size_t>(x)]);
    ExpectBlocksEqualReference(rng, b.program(), data, names);
  }
  // Each form was met.
  if (IsaAvailable(Isa::kAvx512Vnni)) {
    EXPECT_GT(names["depthwise_quads_avx512vnni"], 100);
  }
  if (IsaAvailable(Isa::kAvx2)) {
    EXPECT_GT(names["depthwise_pairs_avx2"], 50);
    EXPECT_GT(names["depthwise_words_avx2"], 50);
  }
  if (IsaAvailable(Isa::kNeon)) {
    EXPECT_GT(names["depthwise_bytes_neon"], 50);
    EXPECT_GT(names["depthwise_words_neon"], 50);
  }
}

// Sums of exactly the largest and the smallest int16, and levels whose pairs
// just do not saturate.
TEST(DepthwiseTest, EdgesOf16Bits) {
  std::map<std::string, int> names;
  Rng rng(7);
  for (const int32_t limit : {127, 64, 32}) {
    for (const int sign : {1, -1}) {
      Window w;
      w.kernel_h = w.kernel_w = 3;
      Builder b({4, 5, 32});
      ConvOp conv =
          RandomConv(rng, w, 32, 32, 32, *MakeAlphabet(AlphabetKind::kUniform, 8), {8, true});
      // Code of a level: its place in -127 ... 127.
      std::fill(conv.codes.begin(), conv.codes.end(), uint8_t{127});
      for (size_t c = 0; c < 32; ++c) {
        conv.codes[c * 9] = static_cast<uint8_t>(127 + sign * limit);
        conv.codes[c * 9 + 3] = static_cast<uint8_t>(127 + sign * (128 - limit));
        conv.bias[c] = sign * (32767 - 128 * 255);
        conv.shift[c] = static_cast<int8_t>(c % 20 + 1);
      }
      conv.lo = -128;
      conv.hi = 127;
      b.Add(conv, {0}, {2, 3, 32}, {8, true});
      ExpectBlocksEqualReference(rng, b.program(), TensorData(4 * 5 * 32, 255), names);
    }
  }
  if (IsaAvailable(Isa::kAvx2)) {
    EXPECT_EQ(names["depthwise_pairs_avx2"], 6);
  }
  if (IsaAvailable(Isa::kNeon)) {
    EXPECT_EQ(names["depthwise_bytes_neon"], 6);
  }
}

TEST(DepthwiseTest, OthersDoNotFit) {
  Rng rng(1);
  const TensorType type{8, false};
  const auto fits = [&](Window w, int32_t groups, int shift, TensorType out_type) {
    const Dims in{9, 9, 64};
    Builder b(in);
    ConvOp conv =
        RandomConv(rng, w, 64, 64, groups, *MakeAlphabet(AlphabetKind::kPot, 4), out_type);
    std::fill(conv.shift.begin(), conv.shift.end(), static_cast<int8_t>(shift));
    b.Add(conv, {0}, *WindowOutput(w, in, 64), out_type);
    const FusedConv fused{.conv = &b.program().nodes.back()};
    int count = 0;
    for (const Isa isa : AvailableIsas())
      count += DepthwiseFits(b.program(), fused, *KernelsOf(isa));
    return count > 0;
  };
  const bool any =
      IsaAvailable(Isa::kAvx2) || IsaAvailable(Isa::kAvx512Vnni) || IsaAvailable(Isa::kNeon);
  const Window three{3, 3};
  EXPECT_EQ(fits(three, 64, 5, type), any);
  EXPECT_FALSE(fits(three, 32, 5, type));
  EXPECT_FALSE(fits(three, 1, 5, type));
  EXPECT_FALSE(fits(three, 64, -1, type));
  EXPECT_FALSE(fits(three, 64, 5, {32, true}));
  EXPECT_FALSE(fits({3, 5}, 64, 5, type));
  EXPECT_FALSE(fits({3, 3, 1, 1, 1, 2}, 64, 5, type));
  EXPECT_FALSE(fits({3, 3, 1, 3}, 64, 5, type));
}

}  // namespace
}  // namespace potlut
