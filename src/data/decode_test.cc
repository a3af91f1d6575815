// Decoders against encoders of the same libraries; truncated, damaged and oversized files.
#include <gtest/gtest.h>
#include <png.h>

#include <cstdlib>
#include <random>

#include "data/decode.h"
#include "data/test_files.h"

namespace potlut::data {
namespace {

int MaxDifference(const Image& a, const Image& b) {
  if (a.h != b.h || a.w != b.w || a.c != b.c || a.pixels.size() != b.pixels.size()) return 256;
  int worst = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  return worst;
}

TEST(Jpeg, KeepsColourAndGrey) {
  for (const int32_t c : {1, 3}) {
    for (const bool progressive : {false, true}) {
      const Image image = Gradient(19, 33, c);
      const auto decoded = DecodeBytes(EncodeJpeg(image, {.progressive = progressive}), "x.jpg");
      ASSERT_TRUE(decoded.ok()) << decoded.error().message;
      EXPECT_LE(MaxDifference(image, *decoded), c == 1 ? 2 : 6);
    }
  }
}

TEST(Jpeg, ReadsAdobeCmyk) {
  const Image image = Gradient(16, 16, 3);
  const auto decoded = DecodeJpeg(EncodeJpeg(image, {.cmyk = true}), "x.jpg");
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_LE(MaxDifference(image, *decoded), 6);
}

TEST(Jpeg, RefusesTruncation) {
  const auto bytes = EncodeJpeg(Gradient(40, 40, 3));
  for (size_t size = 0; size + 2 < bytes.size();
       ++size) {  // without the end marker alone nothing is lost
    const auto decoded = DecodeBytes({bytes.data(), size}, "short.jpg");
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(decoded.error().code, ErrorCode::kBadInput);
    EXPECT_TRUE(decoded.error().message.starts_with("short.jpg")) << decoded.error().message;
  }
}

TEST(Jpeg, RefusesHugeSizesBeforeAllocating) {
  auto bytes = EncodeJpeg(Gradient(8, 8, 3));
  for (size_t i = 0; i + 8 < bytes.size(); ++i) {
    if (bytes[i] == 0xFF && bytes[i + 1] == 0xC0) {  // SOF0: length, precision, height, width
      bytes[i + 5] = bytes[i + 7] = 0xFF;
      bytes[i + 6] = bytes[i + 8] = 0x00;
    }
  }
  const auto decoded = DecodeBytes(bytes, "huge.jpg");
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kResourceLimit) << decoded.error().message;
}

TEST(Jpeg, SurvivesRandomDamage) {
  const auto bytes = EncodeJpeg(Gradient(24, 24, 3), {.progressive = true});
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    auto damaged = bytes;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    const auto decoded = DecodeJpeg(damaged, "damaged.jpg");
    if (decoded.ok()) {
      EXPECT_EQ(decoded->pixels.size(),
                size_t(decoded->h) * size_t(decoded->w) * size_t(decoded->c))
          << "repro: seed " << seed;
    }
  }
}

TEST(Png, ReadsGreyRgbPaletteAndDepths) {
  const auto grey = DecodeBytes(EncodePng(1, 3, PNG_COLOR_TYPE_GRAY, 8, {0, 100, 255}), "g.png");
  ASSERT_TRUE(grey.ok()) << grey.error().message;
  EXPECT_EQ(grey->c, 1);
  EXPECT_EQ(grey->pixels, (std::vector<uint8_t>{0, 100, 255}));

  const auto bits = DecodeBytes(EncodePng(1, 8, PNG_COLOR_TYPE_GRAY, 1, {0b10100000}), "b.png");
  ASSERT_TRUE(bits.ok());
  EXPECT_EQ(bits->pixels, (std::vector<uint8_t>{255, 0, 255, 0, 0, 0, 0, 0}));

  const auto rgb = DecodeBytes(EncodePng(1, 2, PNG_COLOR_TYPE_RGB, 8, {1, 2, 3, 4, 5, 6}), "c.png");
  ASSERT_TRUE(rgb.ok());
  EXPECT_EQ(rgb->pixels, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6}));

  const auto deep = DecodeBytes(
      EncodePng(1, 1, PNG_COLOR_TYPE_RGB, 16, {0x80, 0x80, 0xFF, 0xFF, 0x00, 0x7F}), "d.png");
  ASSERT_TRUE(deep.ok());
  EXPECT_EQ(deep->pixels, (std::vector<uint8_t>{128, 255, 0}));

  const auto palette =
      DecodeBytes(EncodePng(1, 4, PNG_COLOR_TYPE_PALETTE, 2, {0b00011011}), "p.png");
  ASSERT_TRUE(palette.ok());
  EXPECT_EQ(palette->pixels, (std::vector<uint8_t>{10, 20, 30, 200, 0, 0, 0, 210, 0, 0, 0, 220}));
}

TEST(Png, ComposesAlphaOnBlack) {
  const auto rgba = DecodeBytes(
      EncodePng(1, 2, PNG_COLOR_TYPE_RGB_ALPHA, 8, {200, 100, 50, 255, 200, 100, 50, 51}), "a.png");
  ASSERT_TRUE(rgba.ok());
  EXPECT_EQ(rgba->pixels, (std::vector<uint8_t>{200, 100, 50, 40, 20, 10}));
  const auto grey =
      DecodeBytes(EncodePng(1, 2, PNG_COLOR_TYPE_GRAY_ALPHA, 8, {200, 0, 200, 51}), "a.png");
  ASSERT_TRUE(grey.ok());
  EXPECT_EQ(grey->c, 1);
  EXPECT_EQ(grey->pixels, (std::vector<uint8_t>{0, 40}));
}

TEST(Png, InterlacingChangesNothing) {
  const Image image = Gradient(13, 21, 3);
  const auto decoded =
      DecodeBytes(EncodePng(13, 21, PNG_COLOR_TYPE_RGB, 8, image.pixels, true), "i.png");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->pixels, image.pixels);
}

TEST(Png, RefusesTruncationAndDamage) {
  const auto bytes = EncodePng(13, 21, PNG_COLOR_TYPE_RGB, 8, Gradient(13, 21, 3).pixels);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = DecodeBytes({bytes.data(), size}, "short.png");
    ASSERT_FALSE(decoded.ok()) << size;
    EXPECT_EQ(decoded.error().code, ErrorCode::kBadInput);
  }
  for (size_t i = 8; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= 0x10;
    (void)DecodeBytes(damaged, "damaged.png");  // ancillary bytes may pass; nothing may crash
  }
}

TEST(Png, RefusesHugeSizesBeforeAllocating) {
  // 20000 x 20000 white pixels compress to almost nothing; only the header is needed to refuse.
  auto bytes = EncodePng(1, 1, PNG_COLOR_TYPE_GRAY, 8, {0});
  auto put = [&](size_t at, uint32_t v) {
    for (size_t k = 0; k < 4; ++k) bytes[at + k] = static_cast<uint8_t>(v >> (24 - 8 * k));
  };
  put(16, 20000);
  put(20, 20000);
  uint32_t crc = 0xFFFFFFFF;  // of IHDR, as PNG has it
  for (size_t i = 12; i < 29; ++i) {
    crc ^= bytes[i];
    for (int k = 0; k < 8; ++k) crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
  }
  put(29, ~crc);
  const auto decoded = DecodeBytes(bytes, "huge.png");
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kResourceLimit) << decoded.error().message;
}

TEST(Decode, RefusesOtherFormatsByName) {
  const TestFolder folder;
  const auto decoded = DecodeImage(folder.Write("x.jpg", std::string("GIF89a")));
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kBadInput);
  EXPECT_NE(decoded.error().message.find("x.jpg"), std::string::npos);
}

}  // namespace
}  // namespace potlut::data
