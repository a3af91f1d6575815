// Checkpoints come back as they were written, and nothing else is taken for one.
#include "train/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crc32c.h"
#include "base/file.h"
#include "train/test_data.h"

namespace potlut::train {
namespace {

NamedTensors Some() {
  const at::Tensor image = at::arange(24, at::kFloat).view({2, 3, 2, 2});
  return {{"floats", image.contiguous(at::MemoryFormat::ChannelsLast)},
          {"halves", at::arange(5, at::kFloat).to(at::kBFloat16)},
          {"wide", at::arange(3, at::kDouble) / 3},
          {"counts", at::arange(4, at::kLong)},
          {"small", at::arange(4, at::kInt)},
          {"bytes", at::arange(4, at::kByte)},
          {"scalar", at::full({}, 7.5, at::kFloat)},
          {"empty", at::zeros({0, 3})}};
}

TEST(TensorFile, ComesBack) {
  const NamedTensors tensors = Some();
  const auto bytes = WriteTensors("a text", tensors);
  ASSERT_TRUE(bytes.ok());
  const auto file = ReadTensors(*bytes, "x");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->text, "a text");
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.emplace_back(name, at::zeros_like(tensor));
  ASSERT_TRUE(CopyTensors(*file, "", copies, "x").ok());
  for (size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_TRUE(at::equal(copies[i].second, tensors[i].second)) << tensors[i].first;
    EXPECT_EQ(copies[i].second.strides(), tensors[i].second.strides()) << tensors[i].first;
  }
}

TEST(TensorFile, EveryCutAndEveryFlippedBitIsRefused) {
  const auto bytes = WriteTensors("{}", {{"w", at::arange(3, at::kFloat)}});
  ASSERT_TRUE(bytes.ok());
  for (size_t n = 0; n < bytes->size(); ++n) {
    const auto cut = ReadTensors(std::span(*bytes).first(n), "file.ck");
    ASSERT_FALSE(cut.ok()) << n;
    EXPECT_EQ(cut.error().code, ErrorCode::kBadInput);
    EXPECT_NE(cut.error().message.find("file.ck"), std::string::npos);
  }
  for (size_t bit = 0; bit < bytes->size() * 8; ++bit) {
    std::vector<uint8_t> flipped = *bytes;
    flipped[bit / 8] = static_cast<uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
    ASSERT_FALSE(ReadTensors(flipped, "x").ok()) << bit;
  }
}

// Sizes that lie, with a checksum that does not.
TEST(TensorFile, HugeSizesAskForNoMemory) {
  const auto bytes = WriteTensors("", {{"w", at::arange(4, at::kFloat)}});
  ASSERT_TRUE(bytes.ok());
  // magic 8, version 4, text 8, count 4, name length 4, name 1, type 1, dims 1, then the size.
  const size_t at = 31;
  ASSERT_EQ((*bytes)[at], 4);
  for (const size_t place : {at + 3, at + 6, at + 7}) {
    std::vector<uint8_t> lie(bytes->begin(), bytes->end() - 4);
    lie[place] = 0x7F;
    const uint32_t crc = Crc32c(lie);
    for (int i = 0; i < 4; ++i) lie.push_back(static_cast<uint8_t>(crc >> (8 * i)));
    const auto read = ReadTensors(lie, "x");
    ASSERT_FALSE(read.ok());
    EXPECT_NE(read.error().message.find("malformed"), std::string::npos) << read.error().message;
  }
}

TEST(TensorFile, AnotherNetworksTensorsAreRefusedWhole) {
  const auto bytes = WriteTensors("", {{"a", at::ones({2})}, {"b", at::ones({3})}});
  const auto file = ReadTensors(*bytes, "x");
  at::Tensor a = at::zeros({2});
  const Status missing = CopyTensors(*file, "", {{"a", a}, {"c", at::zeros({3})}}, "x");
  EXPECT_NE(missing.message().find("'c'"), std::string::npos);
  const Status shape = CopyTensors(*file, "", {{"a", a}, {"b", at::zeros({4})}}, "x");
  EXPECT_NE(shape.message().find("'b'"), std::string::npos);
  EXPECT_FALSE(CopyTensors(*file, "", {{"a", a}, {"b", at::zeros({3}, at::kDouble)}}, "x").ok());
  EXPECT_EQ(a.sum().item<double>(), 0);
}

TEST(Checkpoint, KeepsThePositionAndKnowsItsRun) {
  const std::string path = InScratch("run.ck");
  Position position;
  position.epoch = 3;
  position.batch = 17;
  position.step = 4711;
  position.images = 2176;
  position.seconds = 1.5;
  position.lines = {"{\"epoch\":1}", "{\"epoch\":2}"};
  ASSERT_TRUE(SaveCheckpoint(path, position, "epochs=5 lr=0.1", Some()).ok());
  const auto back = LoadCheckpoint(path, "epochs=5 lr=0.1");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->position.epoch, 3);
  EXPECT_EQ(back->position.batch, 17);
  EXPECT_EQ(back->position.step, 4711);
  EXPECT_EQ(back->position.images, 2176);
  EXPECT_EQ(back->position.lines, position.lines);
  const auto other = LoadCheckpoint(path, "epochs=5 lr=0.2");
  ASSERT_FALSE(other.ok());
  EXPECT_NE(other.error().message.find("'lr=0.1' there, 'lr=0.2' now"), std::string::npos)
      << other.error().message;
}

TEST(Checkpoint, OtherFilesAreRefused) {
  const std::string path = InScratch("not.ck");
  for (const std::string text : {"", "x", "POTLUTCK", "<xml/>",
                                 "\x7f"
                                 "ELF............"}) {
    ASSERT_TRUE(WriteFileAtomic(path, text).ok());
    const auto read = LoadCheckpoint(path, "");
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kBadInput);
  }
  for (const std::string text : {"", "[]", "{\"digest\":\"\"}", "{\"digest\":\"\",\"epoch\":-4}",
                                 "{\"digest\":\"\",\"epoch\":\"1\"}"}) {
    const auto bytes = WriteTensors(text, {});
    ASSERT_TRUE(WriteFileAtomic(path, *bytes).ok());
    const auto read = LoadCheckpoint(path, "");
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kBadInput);
  }
}

}  // namespace
}  // namespace potlut::train
