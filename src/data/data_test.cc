// Sources over folders and files that the tests write.
#include "data/data.h"

#include <gtest/gtest.h>
#include <png.h>

#include <atomic>
#include <set>
#include <thread>

#include "data/npy.h"
#include "data/sources.h"
#include "data/test_files.h"

namespace potlut::data {
namespace {

// `records` records whose pixel value is 10 * record + plane and whose label is the record's
// number.
std::vector<uint8_t> CifarBytes(int records, bool hundred = false) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < records; ++i) {
    if (hundred) bytes.push_back(1);
    bytes.push_back(static_cast<uint8_t>(i));
    for (int plane = 0; plane < 3; ++plane)
      bytes.insert(bytes.end(), 1024, static_cast<uint8_t>(10 * i + plane));
  }
  return bytes;
}

TEST(Cifar, ReadsFilesAndFolders) {
  const TestFolder folder;
  folder.Write("cifar-10-batches-bin/test_batch.bin", CifarBytes(4));
  for (int i = 1; i <= 5; ++i)
    folder.Write("flat/data_batch_" + std::to_string(i) + ".bin", CifarBytes(3));
  folder.Write("flat/batches.meta.txt", std::string("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"));

  const auto test = Open("cifar10:" + folder.path(), Split::kTest, {});
  ASSERT_TRUE(test.ok()) << test.error().message;
  EXPECT_EQ((*test)->size(), 4);
  EXPECT_EQ((*test)->class_names()[0], "airplane");
  const auto sample = (*test)->Get(2);
  ASSERT_TRUE(sample.ok());
  EXPECT_EQ(sample->label, 2);
  EXPECT_EQ(sample->image.pixels[0], 20);  // interleaved
  EXPECT_EQ(sample->image.pixels[1], 21);
  EXPECT_EQ(sample->image.pixels[2], 22);
  EXPECT_FALSE((*test)->Get(4).ok());
  EXPECT_FALSE((*test)->Get(-1).ok());

  const auto train = Open("cifar10:" + folder.path() + "/flat", Split::kTrain, {});
  ASSERT_TRUE(train.ok()) << train.error().message;
  EXPECT_EQ((*train)->size(), 15);
  EXPECT_EQ((*train)->class_names()[9], "j");
  EXPECT_EQ((*train)->Get(14)->label, 2);

  const auto file = Open("cifar10:" + folder.path() + "/flat/data_batch_2.bin", Split::kTest, {});
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ((*file)->size(), 3);
}

TEST(Cifar, LendsWhatGetGives) {
  const TestFolder folder;
  auto bytes = CifarBytes(4);
  for (size_t i = 1; i < 3073; ++i) bytes[i] = static_cast<uint8_t>(i * 5);
  bytes[3 * 3073] = 10;  // no such class
  const std::string spec = "cifar10:" + folder.Write("x.bin", bytes);
  const auto source = Open(spec, Split::kTrain, {.h = 32, .w = 32, .c = 3});
  ASSERT_TRUE(source.ok());
  for (int64_t i = 0; i < 3; ++i) {
    const auto view = (*source)->View(i);
    ASSERT_TRUE(view.has_value());
    const auto sample = (*source)->Get(i);
    EXPECT_EQ(view->label, sample->label);
    EXPECT_EQ(std::vector<uint8_t>(view->pixels, view->pixels + 3072), sample->image.pixels);
  }
  for (const int64_t i : {int64_t{-1}, int64_t{3}, int64_t{4}}) {
    EXPECT_FALSE((*source)->View(i).has_value()) << i;
    EXPECT_FALSE((*source)->Get(i).ok()) << i;
  }
  const auto resized = Open(spec, Split::kTrain, {.h = 16, .w = 16, .c = 3});
  EXPECT_FALSE((*resized)->View(0).has_value());
  EXPECT_EQ((*resized)->Get(0)->image.w, 16);
  // A file that shrank is told by Get.
  const auto shrunk = Open(spec, Split::kTrain, {});
  std::filesystem::resize_file(folder.path() + "/x.bin", 3073 * 2 + 5);
  EXPECT_FALSE((*shrunk)->View(0).has_value());
  EXPECT_FALSE((*shrunk)->Get(2).ok());
}

TEST(Cifar, ReadsTheFineLabelsOfCifar100) {
  const TestFolder folder;
  folder.Write("test.bin", CifarBytes(2, true));
  const auto source = Open("cifar100:" + folder.path(), Split::kTest, {});
  ASSERT_TRUE(source.ok()) << source.error().message;
  EXPECT_EQ((*source)->Get(1)->label, 1);
  EXPECT_EQ((*source)->View(1)->label, 1);
  EXPECT_EQ((*source)->View(1)->pixels[2], 12);
  EXPECT_TRUE((*source)->class_names().empty());

  auto bytes = CifarBytes(3, true);
  bytes[3074 + 1] = 100;
  folder.Write("cifar-100-binary/train.bin", bytes);
  std::string fine;
  for (int i = 0; i < 100; ++i) fine += "class-" + std::to_string(i) + "\n";
  folder.Write("cifar-100-binary/fine_label_names.txt", fine);
  const auto train = Open("cifar100:" + folder.path(), Split::kTrain, {});
  ASSERT_TRUE(train.ok()) << train.error().message;
  EXPECT_EQ((*train)->class_names()[99], "class-99");
  EXPECT_EQ((*train)->Get(2)->label, 2);
  EXPECT_FALSE((*train)->View(1).has_value());
  const auto wrong = (*train)->Get(1);
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("train.bin record 1: label 100"), std::string::npos)
      << wrong.error().message;
}

TEST(Cifar, RefusesTruncationAndWrongLabels) {
  const TestFolder folder;
  auto bytes = CifarBytes(2);
  bytes.pop_back();
  const auto truncated = Open("cifar10:" + folder.Write("t.bin", bytes), Split::kTest, {});
  ASSERT_FALSE(truncated.ok());
  EXPECT_EQ(truncated.error().code, ErrorCode::kBadInput);
  bytes = CifarBytes(2);
  bytes[0] = 10;
  const auto source = Open("cifar10:" + folder.Write("l.bin", bytes), Split::kTest, {});
  ASSERT_TRUE(source.ok());
  const auto sample = (*source)->Get(0);
  ASSERT_FALSE(sample.ok());
  EXPECT_NE(sample.error().message.find("record 0"), std::string::npos) << sample.error().message;
  for (const char* spec : {"cifar10:/nowhere", "cifar10:", "cifar100:/nowhere"}) {
    const auto missing = Open(spec, Split::kTest, {});
    ASSERT_FALSE(missing.ok()) << spec;
    EXPECT_EQ(missing.error().code, ErrorCode::kBadInput);
  }
}

TEST(Folder, OneSubFolderAClass) {
  const TestFolder folder;
  const auto jpeg = EncodeJpeg(Gradient(20, 20, 3));
  folder.Write("dog/b.jpg", jpeg);
  folder.Write("cat/a.JPEG", jpeg);
  folder.Write("cat/c.png", EncodePng(20, 20, PNG_COLOR_TYPE_GRAY, 8, Gradient(20, 20, 1).pixels));
  folder.Write("cat/notes.txt", std::string("no image"));
  const auto source = Open(folder.path(), Split::kTest, {.h = 8, .w = 8, .c = 3, .resize = 10});
  ASSERT_TRUE(source.ok()) << source.error().message;
  ASSERT_EQ((*source)->size(), 3);
  EXPECT_EQ((*source)->class_names(), (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ((*source)->Get(0)->label, 0);
  EXPECT_EQ((*source)->Get(2)->label, 1);
  EXPECT_EQ((*source)->Get(1)->image.pixels.size(), 8U * 8 * 3);
}

TEST(Folder, FlatWithLabels) {
  const TestFolder folder;
  const auto jpeg = EncodeJpeg(Gradient(20, 20, 3));
  folder.Write("x.jpg", jpeg);
  folder.Write("y.jpg", jpeg);
  folder.Write("labels.txt",
               std::string("# comment\ny.jpg, 4, great white shark\r\nx.jpg 2 hen\n"));
  const auto source = Open(folder.path(), Split::kTest, {});
  ASSERT_TRUE(source.ok()) << source.error().message;
  ASSERT_EQ((*source)->size(), 2);
  EXPECT_EQ((*source)->Get(0)->label, 4);
  EXPECT_EQ((*source)->class_names(),
            (std::vector<std::string>{"", "", "hen", "", "great white shark"}));

  for (const char* labels : {"../x.jpg 1\n", "/etc/x.jpg 1\n", "x.jpg -1\n", "x.jpg\n",
                             "x.jpg 99999999\n", "x.jpg 1\nx.jpg 1\n", "z.jpg 1\n", "\n"}) {
    folder.Write("labels.txt", std::string(labels));
    const auto refused = Open(folder.path(), Split::kTest, {});
    ASSERT_FALSE(refused.ok()) << labels;
    EXPECT_EQ(refused.error().code, ErrorCode::kBadInput);
  }
}

TEST(Folder, FlatWithoutLabelsAndSingleFiles) {
  const TestFolder folder;
  const std::string path = folder.Write("only.jpg", EncodeJpeg(Gradient(20, 30, 3)));
  for (const std::string& spec : {folder.path(), path}) {
    const auto source = Open(spec, Split::kTest, {});
    ASSERT_TRUE(source.ok()) << source.error().message;
    EXPECT_EQ((*source)->size(), 1);
    const auto sample = (*source)->Get(0);
    ASSERT_TRUE(sample.ok());
    EXPECT_EQ(sample->label, -1);
    EXPECT_EQ(sample->image.w, 30);
  }
  const TestFolder empty;
  EXPECT_FALSE(Open(empty.path(), Split::kTest, {}).ok());
  EXPECT_FALSE(Open(empty.path() + "/missing", Split::kTest, {}).ok());
  EXPECT_FALSE(Open(folder.Write("x.gif", std::string("GIF89a")), Split::kTest, {}).ok());
}

TEST(Array, ReadsNpyRecordByRecord) {
  const TestFolder folder;
  NpyArray array{"u1", {3, 2, 2, 3}, {}};
  for (int i = 0; i < 36; ++i) array.bytes.push_back(static_cast<uint8_t>(i));
  const std::string path = folder.path() + "/x.npy";
  ASSERT_TRUE(WriteNpy(path, array).ok());
  const auto source = Open(path, Split::kTest, {});
  ASSERT_TRUE(source.ok()) << source.error().message;
  ASSERT_EQ((*source)->size(), 3);
  EXPECT_EQ((*source)->Get(1)->image.pixels[0], 12);
  EXPECT_FALSE((*source)->Get(3).ok());

  EXPECT_FALSE((*source)->View(0).has_value());  // stays on disk

  array.shape = {3, 3, 2, 2};  // planes
  ASSERT_TRUE(WriteNpy(path, array).ok());
  const auto planes = Open(path, Split::kTest, {});
  ASSERT_TRUE(planes.ok()) << planes.error().message;
  EXPECT_EQ((*planes)->Get(0)->image.pixels,
            (std::vector<uint8_t>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));

  array.dtype = "i1";
  ASSERT_TRUE(WriteNpy(path, array).ok());
  const auto refused = Open(path, Split::kTest, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kBadInput);
}

TEST(Array, LayoutsAreNotGuessed) {
  const auto layout = [](std::vector<int64_t> shape, Geometry geometry) {
    return LayoutOf(shape, geometry, "a");
  };
  EXPECT_FALSE(layout({7, 3, 5, 5}, {})->channels_first == false);
  EXPECT_FALSE(layout({7, 5, 5, 3}, {})->channels_first);
  EXPECT_FALSE(layout({7, 3, 5, 3}, {}).ok());  // either
  EXPECT_FALSE(layout({7, 3, 5, 3}, {.h = 3, .w = 5, .c = 3})->channels_first);
  EXPECT_TRUE(layout({7, 3, 5, 3}, {.h = 5, .w = 3, .c = 3})->channels_first);
  EXPECT_FALSE(layout({7, 5, 5, 16}, {}).ok());
  EXPECT_EQ(layout({7, 5, 5, 16}, {.h = 5, .w = 5, .c = 16})->c, 16);
  EXPECT_EQ(layout({28, 28}, {})->images, 1);
  EXPECT_EQ(layout({5, 28, 28}, {.h = 28, .w = 28, .c = 1})->images, 5);
  EXPECT_EQ(layout({28, 28, 3}, {})->images, 1);
  EXPECT_FALSE(layout({5, 28, 28}, {}).ok());
  EXPECT_FALSE(layout({0, 28, 28, 3}, {}).ok());
  EXPECT_FALSE(layout({4}, {}).ok());
  EXPECT_FALSE(layout({1, INT64_MAX, INT64_MAX, 3}, {}).ok());
}

TEST(Source, IsThreadSafe) {
  const TestFolder folder;
  folder.Write("test_batch.bin", CifarBytes(10));
  const auto source = Open("cifar10:" + folder.path(), Split::kTest, {});
  ASSERT_TRUE(source.ok());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto sample = (*source)->Get((i * 7 + t) % 10);
        if (!sample.ok() || sample->image.pixels[0] != 10 * sample->label) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Shared, ReadsTheImagenetSample) {
  const std::string folder = std::string(POTLUT_SHARED_DIR) + "/data/imagenet-sample";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " not found";
  const auto source = Open(folder, Split::kTest, {.h = 224, .w = 224, .c = 3});
  ASSERT_TRUE(source.ok()) << source.error().message;
  ASSERT_EQ((*source)->size(), 500);
  EXPECT_EQ((*source)->class_names()[2], "great_white_shark");
  std::set<int32_t> labels;
  for (int64_t i = 0; i < 500; i += 50) {
    const auto sample = (*source)->Get(i);
    ASSERT_TRUE(sample.ok()) << sample.error().message;
    EXPECT_EQ(sample->image.pixels.size(), 224U * 224 * 3);
    labels.insert(sample->label);
  }
  EXPECT_EQ(labels.size(), 10U);
}

}  // namespace
}  // namespace potlut::data
