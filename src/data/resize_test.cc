// The resize against its filter in real numbers; cropping and channel conversion.
#include "data/resize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data/test_files.h"

namespace potlut::data {
namespace {

// The same filter written straight from its definition, in two dimensions and real numbers.
double Expect(const Image& in, int32_t h, int32_t w, int32_t y, int32_t x, int32_t c) {
  const double sy = double(in.h) / h, sx = double(in.w) / w;
  const double ry = std::max(sy, 1.0), rx = std::max(sx, 1.0);
  double sum = 0, total = 0;
  for (int32_t i = 0; i < in.h; ++i) {
    const double wy = std::max(0.0, 1 - std::abs((i + 0.5 - (y + 0.5) * sy) / ry));
    for (int32_t j = 0; j < in.w; ++j) {
      const double wx = std::max(0.0, 1 - std::abs((j + 0.5 - (x + 0.5) * sx) / rx));
      sum += wy * wx * in.pixels[(size_t(i) * size_t(in.w) + size_t(j)) * size_t(in.c) + size_t(c)];
      total += wy * wx;
    }
  }
  return sum / total;
}

TEST(Resize, MatchesTheFilterInRealNumbers) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    const auto side = [&] { return static_cast<int32_t>(1 + random() % 37); };
    Image image{side(), side(), static_cast<int32_t>(1 + random() % 3), {}};
    image.pixels.resize(size_t(image.h) * size_t(image.w) * size_t(image.c));
    for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(random());
    const int32_t h = side(), w = side();
    const Image out = ResizeBilinear(image, h, w);
    ASSERT_EQ(out.pixels.size(), size_t(h) * size_t(w) * size_t(image.c));
    size_t at = 0;
    for (int32_t y = 0; y < h; ++y) {
      for (int32_t x = 0; x < w; ++x) {
        for (int32_t c = 0; c < image.c; ++c) {
          // Two roundings to 8 bits lie between.
          ASSERT_NEAR(out.pixels[at++], Expect(image, h, w, y, x, c), 1.01)
              << "repro: seed " << seed;
        }
      }
    }
  }
}

TEST(Resize, HalvingAStepIsKnown) {
  // Radius 2 around 1.0: weights 1/8, 3/8, 3/8, 1/8, and at the border 3/7, 3/7, 1/7.
  const Image in{1, 4, 1, {0, 0, 200, 200}};
  EXPECT_EQ(ResizeBilinear(in, 1, 2).pixels, (std::vector<uint8_t>{29, 171}));
}

TEST(Fit, CropsTheMiddleAfterResizing) {
  const Image image = Gradient(100, 200, 3);
  const auto fitted = Fit(image, {.h = 32, .w = 32, .c = 3, .resize = 40});
  ASSERT_TRUE(fitted.ok()) << fitted.error().message;
  const Image resized = ResizeBilinear(image, 40, 80);
  EXPECT_EQ(fitted->h, 32);
  EXPECT_EQ(fitted->w, 32);
  for (size_t c = 0; c < 3; ++c)
    EXPECT_EQ(fitted->pixels[c], resized.pixels[(4 * 80 + 24) * 3 + c]);
}

TEST(Fit, RefusesACropLargerThanTheImage) {
  const auto fitted = Fit(Gradient(100, 200, 3), {.h = 64, .w = 64, .c = 3, .resize = 40});
  ASSERT_FALSE(fitted.ok());
  EXPECT_EQ(fitted.error().code, ErrorCode::kUsage);
  EXPECT_NE(fitted.error().message.find("at least 64"), std::string::npos)
      << fitted.error().message;
}

TEST(Fit, StretchesWithoutResize) {
  const auto fitted = Fit(Gradient(10, 30, 1), {.h = 20, .w = 20, .c = 1});
  ASSERT_TRUE(fitted.ok());
  EXPECT_EQ(fitted->pixels.size(), 400U);
}

TEST(Fit, ConvertsBetweenGreyAndRgb) {
  const auto grey = Fit({1, 2, 3, {255, 0, 0, 10, 10, 10}}, {.c = 1});
  ASSERT_TRUE(grey.ok());
  EXPECT_EQ(grey->pixels, (std::vector<uint8_t>{76, 10}));
  const auto rgb = Fit({1, 2, 1, {7, 9}}, {.c = 3});
  ASSERT_TRUE(rgb.ok());
  EXPECT_EQ(rgb->pixels, (std::vector<uint8_t>{7, 7, 7, 9, 9, 9}));
  EXPECT_FALSE(Fit({1, 1, 3, {1, 2, 3}}, {.c = 4}).ok());
}

TEST(Fit, BoundsWhatItMakes) {
  Image thin{1, 60000, 1, {}};
  thin.pixels.resize(60000);
  const auto fitted = Fit(thin, {.h = 224, .w = 224, .c = 1, .resize = 256});
  ASSERT_FALSE(fitted.ok());
  EXPECT_EQ(fitted.error().code, ErrorCode::kResourceLimit);
  EXPECT_FALSE(Fit({2, 2, 1, {0}}, {}).ok());
}

}  // namespace
}  // namespace potlut::data
