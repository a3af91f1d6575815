// Images survive a file, and hostile ones are refused or end in the error register.
#include "accel/image.h"

#include <gtest/gtest.h>

#include <cstring>

#include "accel/run_for_test.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "program/testing.h"

namespace potlut::accel {
namespace {

constexpr TensorType kByte{8, false};

ArraySpec Small() {
  ArraySpec array;
  array.lanes = 8;
  array.activation_words = 1024;
  array.weight_words = 512;
  array.channel_words = 64;
  array.sum_words = 128;
  return array;
}

Program SmallProgram() {
  std::mt19937 rng(5);
  potlut::testing::Builder b({6, 6, 3});
  const Window w{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  const int32_t x =
      b.Add(potlut::testing::RandomConv(rng, w, 3, 16, 1, pot, kByte), {0}, {6, 6, 16}, kByte);
  b.Add(MaxPoolOp{{2, 2, 2, 2}}, {x}, {3, 3, 16}, kByte);
  return b.program();
}

Image SmallImage() {
  auto image = Compile(SmallProgram(), Small(), {.trace = true});
  EXPECT_TRUE(image.ok()) << image.status().message();
  return *image;
}

TEST(Image, SurvivesAFile) {
  const Image image = SmallImage();
  const auto back = ReadImage(WriteImage(image));
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(*back == image);
}

TEST(Image, EveryDamageIsSeen) {
  const std::vector<uint8_t> bytes = WriteImage(SmallImage());
  std::mt19937 rng(1);
  for (int i = 0; i < 300; ++i) {
    std::vector<uint8_t> damaged = bytes;
    damaged[rng() % damaged.size()] ^= static_cast<uint8_t>(1 + rng() % 255);
    EXPECT_EQ(ReadImage(damaged).status().code(), potlut::ErrorCode::kBadInput);
    damaged.resize(rng() % bytes.size());
    EXPECT_FALSE(ReadImage(damaged).ok());
  }
}

// With a right checksum: refused, or run to an end or into the error register; memory and time stay
// bounded.
TEST(Image, HostileImagesNeitherHangNorCrash) {
  const std::vector<uint8_t> bytes = WriteImage(SmallImage());
  std::random_device device;
  const unsigned seed = device();
  SCOPED_TRACE(seed);
  std::mt19937 rng(seed);
  int ran = 0, refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::vector<uint8_t> hostile = bytes;
    for (unsigned n = 1 + rng() % 3; n > 0; --n)
      hostile[rng() % (hostile.size() - 4)] = static_cast<uint8_t>(rng());
    const uint32_t crc = Crc32c(std::span<const uint8_t>(hostile).first(hostile.size() - 4));
    for (size_t b = 0; b < 4; ++b)
      hostile[hostile.size() - 4 + b] = static_cast<uint8_t>(crc >> (8 * b));
    const auto image = ReadImage(hostile);
    if (!image.ok()) {
      ++refused;
      continue;
    }
    if (!(image->geometry == SmallImage().geometry) || image->dram_bytes > 1 << 20) continue;
    auto model = MakeModelDevice(Small(), image->dram_bytes);
    ASSERT_TRUE(model.ok());
    auto driver = Driver::Open(*image, **model);
    ASSERT_TRUE(driver.ok()) << driver.status().message();
    const std::vector<uint8_t> pixels(static_cast<size_t>(image->input.dims.count()));
    const Status status = driver->Run(pixels);
    EXPECT_TRUE(status.ok() || status.code() == potlut::ErrorCode::kFailed) << status.message();
    ++ran;
  }
  EXPECT_GT(ran, 100);
  EXPECT_GT(refused, 100);
}

TEST(Image, EachWrongCommandIsNamed) {
  const Image good = SmallImage();
  const auto changed = [&](uint32_t index, size_t word, uint32_t value) {
    Image image = good;
    std::memcpy(image.data.data() + image.commands + index * kCommandBytes + 4 * word, &value, 4);
    return CheckImage(image);
  };
  const auto first = [&](Opcode opcode) {
    for (uint32_t i = 0; i < good.command_count; ++i) {
      if (good.data[good.commands + i * kCommandBytes] == static_cast<uint8_t>(opcode)) return i;
    }
    return UINT32_MAX;
  };
  const uint32_t load = first(Opcode::kLoad), conv = first(Opcode::kConv),
                 vector = first(Opcode::kVector);
  for (const auto& [index, word, value] : std::vector<std::tuple<uint32_t, size_t, uint32_t>>{
           {load, 0, 99},                     // an opcode that is none
           {load, 2, 8},                      // not at a multiple of 16
           {load, 2, 0xfffffff0},             // past the end of DRAM
           {load, 4, 1 << 20},                // past the end of a memory
           {load, 15, 1},                     // a field that the command has not
           {conv, 5, 0x00020008},             // 16 lanes of 8
           {conv, 9, 0x00010900},             // a kernel of no rows
           {vector, 1, 0xffff0009},           // no such operation
           {vector, 2, 1 << 20},              // past the end of activations
           {good.command_count - 1, 0, 0x2},  // no end
       }) {
    const Status status = changed(index, word, value);
    EXPECT_EQ(status.code(), potlut::ErrorCode::kBadInput);
    EXPECT_NE(status.message().find(Cat("command ", index)), std::string::npos) << status.message();
  }
}

TEST(Image, TheDriverRefusesAnotherSize) {
  const Image image = SmallImage();
  ArraySpec other = Small();
  other.lanes = 16;
  auto model = MakeModelDevice(other, image.dram_bytes);
  ASSERT_TRUE(model.ok());
  const auto driver = Driver::Open(image, **model);
  EXPECT_EQ(driver.status().code(), potlut::ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut::accel
