// Convolution kernels of every instruction set against the reference executor.
#include <gtest/gtest.h>

#include "engine/testing.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

struct Shape {
  Dims in;
  int32_t out_c;
  int32_t groups;
  Window window;
};

std::string Describe(const Shape& s) {
  const Window& w = s.window;
  return std::to_string(s.in.h) + "x" + std::to_string(s.in.w) + "x" + std::to_string(s.in.c) +
         " to " + std::to_string(s.out_c) + " in " + std::to_string(s.groups) + " groups, kernel " +
         std::to_string(w.kernel_h) + "x" + std::to_string(w.kernel_w) + ", stride " +
         std::to_string(w.stride_h) + "x" + std::to_string(w.stride_w) + ", dilation " +
         std::to_string(w.dilation_h) + "x" + std::to_string(w.dilation_w) + ", pads " +
         std::to_string(w.pad_top) + " " + std::to_string(w.pad_left) + " " +
         std::to_string(w.pad_bottom) + " " + std::to_string(w.pad_right);
}

void TestConv(unsigned seed, const Shape& s) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ": " + Describe(s));
  Rng rng(seed);
  const auto out = WindowOutput(s.window, s.in, s.out_c);
  ASSERT_TRUE(out.ok()) << out.error().message;
  const TensorType in_type = PickType(rng);
  const TensorType out_type = rng() % 5 == 0 ? TensorType{32, true} : PickType(rng);
  Builder b(s.in);
  const int32_t x = AddLookup(rng, b, 0, in_type);
  const int32_t per_group = s.in.c / s.groups;
  ConvOp conv = RandomConv(rng, s.window, s.in.c, s.out_c, s.groups,
                           PickAlphabet(rng, per_group > 1), out_type);
  PickRequant(rng, conv, per_group, in_type, out_type);
  b.Add(conv, {x}, *out, out_type);
  const FusedConv fused = AppendTail(rng, b);
  ExpectWaysEqualReference(rng, b.program(), fused);
}

Window PickWindow(Rng& rng) {
  Window w;
  w.kernel_h = rng() % 3 == 0 ? 1 : Pick(rng, 1, 7);
  w.kernel_w = rng() % 3 == 0 ? w.kernel_h : Pick(rng, 1, 7);
  w.stride_h = Pick(rng, 1, 3);
  w.stride_w = Pick(rng, 1, 3);
  if (rng() % 4 == 0) {
    w.dilation_h = Pick(rng, 1, 3);
    w.dilation_w = Pick(rng, 1, 3);
  }
  if (rng() % 3 != 0) {
    w.pad_top = Pick(rng, 0, w.kernel_h);
    w.pad_left = Pick(rng, 0, w.kernel_w);
    w.pad_bottom = Pick(rng, 0, w.kernel_h);
    w.pad_right = Pick(rng, 0, w.kernel_w);
  }
  return w;
}

// Grows the input until the window fits.
Dims PickMap(Rng& rng, const Window& w, int32_t c, int32_t most) {
  const auto side = [&](int32_t kernel, int32_t dilation, int32_t pads) {
    return std::max(Pick(rng, 1, most), dilation * (kernel - 1) + 1 - pads);
  };
  return {side(w.kernel_h, w.dilation_h, w.pad_top + w.pad_bottom),
          side(w.kernel_w, w.dilation_w, w.pad_left + w.pad_right), c};
}

TEST(ConvTest, RandomShapes) {
  for (unsigned seed = 1; seed <= 400 && !::testing::Test::HasFailure(); ++seed) {
    Rng rng(seed * 7919);
    Shape s;
    s.window = PickWindow(rng);
    s.in = PickMap(rng, s.window, Pick(rng, 1, rng() % 4 == 0 ? 70 : 20), 9);
    s.out_c = Pick(rng, 1, 70);
    s.groups = 1;
    TestConv(seed, s);
  }
}

TEST(ConvTest, ShapesAroundTiles) {
  unsigned seed = 1000;
  for (const int32_t out_c : {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65}) {
    for (const int32_t in_c : {1, 3, 4, 5, 31, 64}) {
      for (const int32_t w : {1, 2, 5, 6, 11, 12, 13, 25, 61}) {
        if (::testing::Test::HasFailure()) return;
        Shape s{{1, w, in_c}, out_c, 1, {}};
        TestConv(seed++, s);
      }
    }
  }
}

TEST(ConvTest, Groups) {
  for (unsigned seed = 2000; seed < 2150 && !::testing::Test::HasFailure(); ++seed) {
    Rng rng(seed * 7919);
    Shape s;
    s.window = PickWindow(rng);
    s.groups = Pick(rng, 2, 9);
    s.in = PickMap(rng, s.window, s.groups * Pick(rng, 1, 9), 7);
    s.out_c = s.groups * Pick(rng, 1, 9);
    TestConv(seed, s);
  }
}

TEST(ConvTest, Depthwise) {
  for (unsigned seed = 3000; seed < 3300 && !::testing::Test::HasFailure(); ++seed) {
    Rng rng(seed * 7919);
    Shape s;
    s.window = PickWindow(rng);
    s.groups = Pick(rng, 2, rng() % 2 == 0 ? 9 : 140);
    s.in = PickMap(rng, s.window, s.groups, 7);
    s.out_c = s.groups * (rng() % 4 == 0 ? Pick(rng, 2, 5) : 1);
    TestConv(seed, s);
  }
}

TEST(ConvTest, DenseCoversItsWholeInput) {
  for (unsigned seed = 4000; seed < 4060 && !::testing::Test::HasFailure(); ++seed) {
    Rng rng(seed * 7919);
    Shape s{{Pick(rng, 1, 5), Pick(rng, 1, 5), Pick(rng, 1, 200)}, Pick(rng, 1, 70), 1, {}};
    s.window.kernel_h = s.in.h;
    s.window.kernel_w = s.in.w;
    TestConv(seed, s);
  }
}

TEST(ConvTest,
     ManyPixelsAndLongWindows) {  // more than one gathered block, and a window that fills several
  unsigned seed = 5000;
  TestConv(seed++, {{23, 29, 13}, 37, 1, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}});
  TestConv(seed++, {{31, 33, 3}, 16, 1, {7, 7, 2, 2, 1, 1, 3, 3, 2, 2}});
  TestConv(seed++, {{41, 17, 24}, 40, 1, {}});
  TestConv(seed++, {{6, 5, 700}, 19, 1, {5, 5, 1, 1, 1, 1, 2, 2, 2, 2}});
}

TEST(ConvTest, NamesTheImplementation) {
  Rng rng(1);
  Builder b({4, 4, 6});
  ConvOp conv = RandomConv(rng, {}, 6, 5, 1, PickAlphabet(rng, false), {8, false});
  b.Add(conv, {0}, {4, 4, 5}, {8, false});
  const auto kernel = MakeKernel(b.program(), b.program().nodes.back(), Isa::kPortable);
  ASSERT_TRUE(kernel.ok());
  EXPECT_EQ((*kernel)->name(), "gemm_4x8_portable");
}

}  // namespace
}  // namespace potlut
