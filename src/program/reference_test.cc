// The reference executor against arithmetic written out, and its three product methods against each
// other.
#include "program/reference.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "program/testing.h"
#include "program/validate.h"

namespace potlut {
namespace {

using testing::Builder;
using testing::RandomConv;

std::vector<uint8_t> RandomImage(std::mt19937& rng, Dims dims) {
  std::vector<uint8_t> image(static_cast<size_t>(dims.count()));
  for (uint8_t& v : image) v = static_cast<uint8_t>(rng());
  return image;
}

// The last tensor's value for an image.
std::vector<uint8_t> Last(const Program& program, const std::vector<uint8_t>& image,
                          const ReferenceOptions& options = {}) {
  EXPECT_TRUE(Validate(program).ok()) << Validate(program).message();
  auto values = ReferenceRun(program, image, options);
  EXPECT_TRUE(values.ok());
  return values->back();
}

Alphabet RandomAlphabet(std::mt19937& rng) {
  switch (rng() % 5) {
    case 0:
      return *MakeAlphabet(AlphabetKind::kPot, 2 + static_cast<int>(rng() % 3));
    case 1:
      return *MakeAlphabet(AlphabetKind::kApot, 3 + static_cast<int>(rng() % 3));
    case 2:
      return *MakeAlphabet(AlphabetKind::kUniform, 8);
    case 3:
      return {AlphabetKind::kCustom, 3, {-14, -5, -1, 0, 2, 7, 13}};
    default:
      return {AlphabetKind::kPair, 5, {-14, 3, -2, -2, 0, 0, 0, 14, 1, -1, 9, 9}};
  }
}

TEST(RoundShift, RoundsHalfUp) {
  EXPECT_EQ(RoundShift(5, 0), 5);
  EXPECT_EQ(RoundShift(5, 1), 3);
  EXPECT_EQ(RoundShift(-5, 1), -2);
  EXPECT_EQ(RoundShift(-6, 2), -1);
  EXPECT_EQ(RoundShift(-7, 2), -2);
  EXPECT_EQ(RoundShift(-3, -2), -12);
  EXPECT_EQ(RoundShift(INT32_MAX - (1 << 30), 31), 0);
}

TEST(Reference, ConvolutionEqualsItsFormulaThreeWays) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 rng(seed);
    const int32_t groups = rng() % 3 == 0 ? 2 : 1;
    const int32_t in = groups * (1 + static_cast<int32_t>(rng() % 5));
    const int32_t out = groups * (1 + static_cast<int32_t>(rng() % 4));
    const Dims image_dims{5 + static_cast<int32_t>(rng() % 5), 6, in};
    Builder b(image_dims);
    // A lookup first, so that convolutions of signed values of any width are met too.
    const TensorType middle{static_cast<uint8_t>(2 + rng() % 7), rng() % 2 == 0};
    LookupOp lookup;
    for (int v = 0; v < 256; ++v) {
      lookup.table.push_back(static_cast<int16_t>(std::clamp(v - 128, middle.lo(), middle.hi())));
    }
    const int32_t t = b.Add(lookup, {0}, image_dims, middle);
    const Window w{1 + static_cast<int32_t>(rng() % 3),
                   1 + static_cast<int32_t>(rng() % 3),
                   1 + static_cast<int32_t>(rng() % 2),
                   1 + static_cast<int32_t>(rng() % 3),
                   1 + static_cast<int32_t>(rng() % 2),
                   1,
                   static_cast<int32_t>(rng() % 3),
                   static_cast<int32_t>(rng() % 2),
                   1,
                   0};
    const Alphabet alphabet = RandomAlphabet(rng);
    const TensorType type = rng() % 4 == 0
                                ? TensorType{32, true}
                                : TensorType{static_cast<uint8_t>(2 + rng() % 7), rng() % 2 == 0};
    const ConvOp conv = RandomConv(rng, w, in, out, groups, alphabet, type);
    const Dims dims = *WindowOutput(w, image_dims, out);
    b.Add(conv, {t}, dims, type);
    const auto image = RandomImage(rng, image_dims);

    std::vector<uint8_t> expected;
    const auto weights = ExpandWeights(conv, in / groups);
    for (int32_t y = 0; y < dims.h; ++y) {
      for (int32_t x = 0; x < dims.w; ++x) {
        for (int32_t o = 0; o < out; ++o) {
          int64_t sum = conv.bias[static_cast<size_t>(o)];
          size_t k = static_cast<size_t>(o) * weights.size() / static_cast<size_t>(out);
          for (int32_t ky = 0; ky < w.kernel_h; ++ky) {
            for (int32_t kx = 0; kx < w.kernel_w; ++kx) {
              for (int32_t i = 0; i < in / groups; ++i, ++k) {
                const int32_t iy = y * w.stride_h - w.pad_top + ky * w.dilation_h;
                const int32_t ix = x * w.stride_w - w.pad_left + kx * w.dilation_w;
                if (iy < 0 || iy >= image_dims.h || ix < 0 || ix >= image_dims.w) continue;
                const int32_t c = o / (out / groups) * (in / groups) + i;
                const uint8_t pixel = image[static_cast<size_t>((iy * image_dims.w + ix) * in + c)];
                sum += int64_t{weights[k]} * lookup.table[pixel];
              }
            }
          }
          const int shift = conv.shift[static_cast<size_t>(o)];
          if (shift > 0) sum = (sum + (int64_t{1} << (shift - 1))) >> shift;
          const auto v = static_cast<int32_t>(std::clamp<int64_t>(sum, conv.lo, conv.hi));
          for (size_t byte = 0; byte < type.bytes(); ++byte) {
            expected.push_back(static_cast<uint8_t>(v >> (8 * byte)));
          }
        }
      }
    }
    EXPECT_EQ(Last(b.program(), image), expected);
    EXPECT_EQ(Last(b.program(), image, {.method = ProductMethod::kMultiply}), expected);
    if (alphabet.kind == AlphabetKind::kPot) {
      EXPECT_EQ(Last(b.program(), image, {.method = ProductMethod::kShift}), expected);
    }
  }
}

TEST(Reference, ShiftingRefusesOtherLevels) {
  std::mt19937 rng(1);
  Builder b({4, 4, 2});
  ConvOp conv = RandomConv(rng, {}, 2, 1, 1, *MakeAlphabet(AlphabetKind::kApot, 4), {8, true});
  conv.codes = {0, 1};
  b.Add(conv, {0}, {4, 4, 1}, {8, true});
  const auto image = RandomImage(rng, {4, 4, 2});
  auto run = ReferenceRun(b.program(), image, {.method = ProductMethod::kShift});
  EXPECT_EQ(run.status().code(), ErrorCode::kUnsupported);
}

TEST(Reference, CountsNoMultiplicationForTables) {
  std::mt19937 rng(2);
  Builder b({8, 8, 4});
  const auto conv =
      RandomConv(rng, {3, 3}, 4, 5, 1, *MakeAlphabet(AlphabetKind::kPot, 4), {8, true});
  b.Add(conv, {0}, {6, 6, 5}, {8, true});
  const auto image = RandomImage(rng, {8, 8, 4});
  OpCounts table, multiply;
  Last(b.program(), image, {.method = ProductMethod::kTable, .counts = &table});
  Last(b.program(), image, {.method = ProductMethod::kMultiply, .counts = &multiply});
  EXPECT_EQ(table.multiplications, 0);
  EXPECT_EQ(table.lookups, 6 * 6 * 5 * 36);
  EXPECT_EQ(table.additions, table.lookups);
  EXPECT_EQ(multiply.multiplications, table.lookups);
}

TEST(Reference, MultiplyOverAllPairs) {
  // 256 x 256 positions hold every pair of an unsigned and a signed byte.
  Builder b({256, 256, 2});
  const int32_t a = b.Add(SliceOp{{0, 0, 0}, {1, 1, 1}}, {0}, {256, 256, 1}, {8, false});
  const int32_t raw = b.Add(SliceOp{{0, 0, 1}, {1, 1, 1}}, {0}, {256, 256, 1}, {8, false});
  LookupOp minus;
  for (int v = 0; v < 256; ++v) minus.table.push_back(static_cast<int16_t>(v - 128));
  const int32_t c = b.Add(minus, {raw}, {256, 256, 1}, {8, true});
  MulOp mul{0, INT32_MIN, INT32_MAX};
  b.Add(mul, {a, c}, {256, 256, 1}, {32, true});
  std::vector<uint8_t> image;
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; ++x) {
      image.push_back(static_cast<uint8_t>(y));
      image.push_back(static_cast<uint8_t>(x));
    }
  }
  const auto out = Last(b.program(), image);
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; ++x) {
      int32_t v;
      memcpy(&v, out.data() + (y * 256 + x) * 4, 4);
      ASSERT_EQ(v, y * (x - 128));
    }
  }
}

TEST(Reference, AddAlignsAndSpreads) {
  Builder b({2, 2, 2});
  const int32_t one = b.Add(SliceOp{}, {0}, {1, 1, 2}, {8, false});
  b.Add(AddOp{1, 2, 1, 0, 255}, {0, one}, {2, 2, 2}, {8, false});
  // (2a + 4b + 1) >> 1 with b = (1, 2) everywhere
  EXPECT_EQ(Last(b.program(), {1, 2, 3, 4, 5, 6, 255, 250}),
            (std::vector<uint8_t>{3, 6, 5, 8, 7, 10, 255, 254}));
}

TEST(Reference, PoolsKnowTheBorder) {
  Builder b({3, 3, 1});
  const Window w{2, 2, 2, 2, 1, 1, 1, 1, 0, 0};
  LookupOp minus;
  for (int v = 0; v < 256; ++v) minus.table.push_back(static_cast<int16_t>(std::max(-v, -128)));
  const int32_t t = b.Add(minus, {0}, {3, 3, 1}, {8, true});
  b.Add(MaxPoolOp{w}, {t}, {2, 2, 1}, {8, true});
  const std::vector<uint8_t> image{10, 2, 3, 4, 5, 6, 7, 8, 9};
  const auto most = Last(b.program(), image);
  EXPECT_EQ(std::vector<int8_t>(most.begin(), most.end()), (std::vector<int8_t>{-10, -2, -4, -5}));

  Builder m({3, 3, 1});
  m.Add(MeanOp{w, 2, 0, 255}, {0}, {2, 2, 1}, {8, false});
  EXPECT_EQ(Last(m.program(), image), (std::vector<uint8_t>{3, 1, 3, 7}));
}

TEST(Reference, MovesIntegers) {
  Builder b({2, 2, 4});
  std::vector<uint8_t> image(16);
  for (size_t i = 0; i < 16; ++i) image[i] = static_cast<uint8_t>(i);
  const int32_t shuffled = b.Add(ShuffleOp{2}, {0}, {2, 2, 4}, {8, false});
  const int32_t joined = b.Add(ConcatOp{}, {shuffled, 0}, {2, 2, 8}, {8, false});
  const int32_t cut = b.Add(SliceOp{{1, 0, 1}, {1, 1, 2}}, {joined}, {1, 2, 4}, {8, false});
  const int32_t padded = b.Add(PadOp{{0, 0, 0}, {1, 0, 1}}, {cut}, {2, 2, 5}, {8, false});
  const int32_t grown = b.Add(ResizeOp{1, 2}, {padded}, {2, 4, 5}, {8, false});
  const int32_t flat = b.Add(ReshapeOp{}, {grown}, {1, 1, 40}, {8, false});
  b.Add(ArgMaxOp{}, {flat}, {1, 1, 1}, {32, true});
  ASSERT_TRUE(Validate(b.program()).ok()) << Validate(b.program()).message();
  auto values = ReferenceRun(b.program(), image);
  ASSERT_TRUE(values.ok());
  const auto value = [&](int32_t i) { return (*values)[static_cast<size_t>(i)]; };
  EXPECT_EQ(value(shuffled),
            (std::vector<uint8_t>{0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15}));
  EXPECT_EQ(value(cut), (std::vector<uint8_t>{10, 11, 9, 11, 14, 15, 13, 15}));
  EXPECT_EQ(value(padded), (std::vector<uint8_t>{10, 11, 9, 11, 0, 14, 15, 13, 15, 0,
                                                 0,  0,  0, 0,  0, 0,  0,  0,  0,  0}));
  EXPECT_EQ(value(grown)[5], 10);
  EXPECT_EQ(value(grown)[10], 14);
  EXPECT_EQ(values->back(), (std::vector<uint8_t>{11, 0, 0, 0})) << "the first of the two 15s";
}

TEST(Reference, RefusesAnImageOfAnotherSize) {
  Builder b({2, 2, 1});
  b.Add(ReshapeOp{}, {0}, {1, 1, 4}, {8, false});
  EXPECT_EQ(ReferenceRun(b.program(), std::vector<uint8_t>(3)).status().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut
