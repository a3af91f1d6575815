// Folders as ImageNet and RAF-DB have them, and lists that lie.
#include <gtest/gtest.h>
#include <png.h>

#include <filesystem>

#include "data/data.h"
#include "data/loader.h"
#include "data/test_files.h"

namespace potlut::data {
namespace {

// One grey level, so that an image tells which file it was.
std::vector<uint8_t> Png(uint8_t level, int32_t h = 12, int32_t w = 10) {
  return EncodePng(h, w, PNG_COLOR_TYPE_GRAY, 8,
                   std::vector<uint8_t>(static_cast<size_t>(h) * static_cast<size_t>(w), level));
}

// "label level" of each sample, in order.
std::vector<std::pair<int, int>> Contents(const Source& source) {
  std::vector<std::pair<int, int>> contents;
  for (int64_t i = 0; i < source.size(); ++i) {
    const auto sample = source.Get(i);
    EXPECT_TRUE(sample.ok()) << sample.error().message;
    if (sample.ok()) contents.emplace_back(sample->label, sample->image.pixels[0]);
  }
  return contents;
}
using Pairs = std::vector<std::pair<int, int>>;

void ExpectRefused(const std::string& spec, Split split, const std::string& words) {
  const auto source = Open(spec, split, {});
  ASSERT_FALSE(source.ok()) << spec;
  EXPECT_EQ(source.error().code, ErrorCode::kBadInput);
  EXPECT_NE(source.error().message.find(words), std::string::npos) << source.error().message;
}

void WriteTrain(const TestFolder& folder, const std::string& train = "train/") {
  folder.Write(train + "n02/b.png", Png(20));
  folder.Write(train + "n01/a.JPEG", EncodeJpeg(Image{9, 9, 3, std::vector<uint8_t>(243, 10)}));
  folder.Write(train + "n03/c.png", Png(30));
  folder.Write(train + "n02/a.png", Png(21));
}

TEST(Imagenet, AFolderAClassInBothParts) {
  const TestFolder folder;
  WriteTrain(folder);
  folder.Write("val/n03/x.png", Png(33));  // no n02: the numbers are those of train
  folder.Write("val/n01/x.png", Png(11));
  const std::string spec = "imagenet:" + folder.path();
  const auto train = Open(spec, Split::kTrain, {});
  ASSERT_TRUE(train.ok()) << train.error().message;
  EXPECT_EQ((*train)->class_names(), (std::vector<std::string>{"n01", "n02", "n03"}));
  EXPECT_EQ(Contents(**train), (Pairs{{0, 10}, {1, 21}, {1, 20}, {2, 30}}));
  const auto val = Open(spec, Split::kTest, {});
  ASSERT_TRUE(val.ok()) << val.error().message;
  EXPECT_EQ(Contents(**val), (Pairs{{0, 11}, {2, 33}}));
  EXPECT_EQ((*val)->class_names().size(), 3U);

  folder.Write("val/n04/x.png", Png(44));
  ExpectRefused(spec, Split::kTest, "n04: no class of the training part");
  std::filesystem::remove_all(folder.path() + "/train");
  const auto alone = Open(spec, Split::kTest, {});
  ASSERT_TRUE(alone.ok()) << alone.error().message;
  EXPECT_EQ(Contents(**alone), (Pairs{{0, 11}, {1, 33}, {2, 44}}));
  ExpectRefused(spec, Split::kTrain, "/train");
}

TEST(Imagenet, AFlatPartWithAList) {
  const TestFolder folder;
  WriteTrain(folder);
  folder.Write("val/x.png", Png(1));
  folder.Write("val/y.png", Png(2));
  const std::string spec = "imagenet:" + folder.path();
  ExpectRefused(spec, Split::kTest, "val.txt");
  folder.Write("val/val.txt", std::string("y.png 2\n\n# names do as well\r\nx.png, n02\r\n"));
  const auto inside = Open(spec, Split::kTest, {});
  ASSERT_TRUE(inside.ok()) << inside.error().message;
  EXPECT_EQ(Contents(**inside), (Pairs{{2, 2}, {1, 1}}));
  folder.Write("val.txt", std::string("x.png 0"));  // goes before the one inside
  EXPECT_EQ(Contents(**Open(spec, Split::kTest, {})), (Pairs{{0, 1}}));
  folder.Write("lists/other.txt", std::string("y.png n03\n"));
  const auto named = Open(spec + ",list=lists/other.txt", Split::kTest, {});
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_EQ(Contents(**named), (Pairs{{2, 2}}));

  std::filesystem::remove_all(folder.path() + "/train");
  EXPECT_EQ(Contents(**Open(spec, Split::kTest, {})), (Pairs{{0, 1}}));
  ExpectRefused(spec + ",list=lists/other.txt", Split::kTest, "line 1: 'n03'");
}

TEST(Imagenet, ANameGoesBeforeANumber) {
  const TestFolder folder;
  for (const char* name : {"0", "1", "10", "2"}) {
    folder.Write(std::string("train/") + name + "/a.png", Png(1));
  }
  folder.Write("val/x.png", Png(5));
  folder.Write("val.txt", std::string("x.png 2\n"));
  const auto source = Open("imagenet:" + folder.path(), Split::kTest, {});
  ASSERT_TRUE(source.ok()) << source.error().message;
  EXPECT_EQ((*source)->Get(0)->label, 3);  // "2" is the last of the sorted names
}

TEST(Imagenet, FoldersMayHaveOtherNames) {
  const TestFolder folder;
  WriteTrain(folder, "a,b/Data/tr/");
  folder.Write("a,b/held out/n02/x.png", Png(7));
  const std::string spec = "imagenet:" + folder.path() + "/a,b,val=held out,train=Data/tr";
  EXPECT_EQ(Open(spec, Split::kTrain, {}).value()->size(), 4);
  EXPECT_EQ(Contents(**Open(spec, Split::kTest, {})), (Pairs{{1, 7}}));
  ExpectRefused(spec + ",size=3", Split::kTest, "size=3");
  ExpectRefused(spec + ",val=x", Split::kTest, "each once");
  ExpectRefused(spec + ",list=", Split::kTest, "list=");
  ExpectRefused("imagenet:" + folder.path(), Split::kTrain, "train=FOLDER");
  ExpectRefused("imagenet:", Split::kTest, "no folder");
  ExpectRefused("imagenet", Split::kTest, "no such file");
}

TEST(Imagenet, RefusesListsThatLie) {
  const TestFolder folder;
  WriteTrain(folder);
  folder.Write("val/x.png", Png(1));
  folder.Write("secret.png", Png(2));
  const std::string spec = "imagenet:" + folder.path();
  const std::pair<const char*, const char*> lists[] = {
      {"x.png 0\n../secret.png 0\n", "val.txt line 2: the image '../secret.png' lies outside"},
      {"a/../../secret.png 0\n", "line 1: the image"},
      {"/etc/hostname 0\n", "line 1: the image '/etc/hostname' lies outside"},
      {"\n\nmissing.png 0\n", "line 3: there is no file"},
      {". 0\n", "line 1: there is no file"},
      {"x.png 0\nx.png 1\n", "line 2: 'x.png' stands in line 1 already"},
      {"x.png 0\n./x.png 0\n", "line 2: './x.png' stands in line 1 already"},
      {"x.png 3\n", "line 1: class index 3 of 3 classes"},
      {"x.png -1\n", "line 1: class index -1"},
      {"x.png 99999999999\n", "line 1: '99999999999' is no class index"},
      {"x.png n09\n", "line 1: 'n09' is no class index"},
      {"x.png\n", "line 1: wants a file and its label"},
      {"x.png 1 1\n", "line 1: '1' after file and label"},
      {"# nothing\n", "names no image"},
  };
  for (const auto& [list, words] : lists) {
    folder.Write("val.txt", std::string(list));
    ExpectRefused(spec, Split::kTest, words);
  }
  ExpectRefused(spec + ",list=none.txt", Split::kTest, "none.txt");
}

TEST(Imagenet, EmptyPartsAreRefused) {
  const TestFolder folder;
  folder.Write("train/n01/readme.txt", std::string("-"));
  folder.Write("val/n01/readme.txt", std::string("-"));
  ExpectRefused("imagenet:" + folder.path(), Split::kTrain, "holds no JPEG or PNG");
  ExpectRefused("imagenet:" + folder.path(), Split::kTest, "holds no JPEG or PNG");
}

void WriteRafdb(const TestFolder& folder, const std::string& root) {
  folder.Write(root + "Image/aligned/train_00001_aligned.jpg",
               EncodeJpeg(Image{100, 100, 3, std::vector<uint8_t>(30000, 50)}));
  folder.Write(root + "Image/aligned/train_00002_aligned.jpg", Png(60, 100, 100));
  folder.Write(root + "Image/aligned/test_0001_aligned.jpg", Png(70, 100, 100));
  folder.Write(root + "EmoLabel/list_patition_label.txt",
               std::string("train_00001.jpg 5\ntrain_00002.jpg 1\ntest_0001.jpg 7\n"));
}

TEST(Rafdb, ReadsBothParts) {
  for (const char* root : {"", "basic/"}) {
    const TestFolder folder;
    WriteRafdb(folder, root);
    const auto train = Open("rafdb:" + folder.path(), Split::kTrain, {.h = 32, .w = 32, .c = 3});
    ASSERT_TRUE(train.ok()) << train.error().message;
    EXPECT_EQ(Contents(**train), (Pairs{{4, 50}, {0, 60}}));
    EXPECT_EQ((*train)->class_names()[4], "sadness");
    EXPECT_EQ((*train)->Get(1)->image.pixels.size(), 32U * 32 * 3);
    const auto test = Open("rafdb:" + folder.path(), Split::kTest, {});
    ASSERT_TRUE(test.ok()) << test.error().message;
    EXPECT_EQ(Contents(**test), (Pairs{{6, 70}}));
    EXPECT_EQ((*test)->class_names()[6], "neutral");
  }
}

TEST(Rafdb, RefusesListsThatLie) {
  const TestFolder folder;
  WriteRafdb(folder, "");
  folder.Write("secret_aligned.jpg", Png(1));
  const std::string spec = "rafdb:" + folder.path();
  const std::pair<const char*, const char*> lists[] = {
      {"train_00001.jpg 0\n", "line 1: wants a file and a label from 1 to 7"},
      {"train_00001.jpg 1\ntest_0001.jpg 8\n", "line 2: wants a file and a label from 1 to 7"},
      {"train_00001.jpg 1 2\n", "line 1: wants"},
      {"train_00001.jpg one\n", "line 1: wants"},
      {"train_00003.jpg 1\n", "line 1: there is no file"},
      {"valid_00001.jpg 1\n", "line 1: 'valid_00001.jpg' begins neither"},
      {"../../secret.jpg 1\n", "line 1: the image '../../secret.jpg' lies outside"},
      {"train_/../../../secret.jpg 1\n", "lies outside"},
      {"train_00001.jpg 1\ntrain_00001.jpg 1\n", "line 2: 'train_00001.jpg' stands in line 1"},
      {"test_0001.jpg 1\n", "names no training image"},
  };
  for (const auto& [list, words] : lists) {
    folder.Write("EmoLabel/list_patition_label.txt", std::string(list));
    ExpectRefused(spec, Split::kTrain, words);
  }
  ExpectRefused("rafdb:" + folder.path() + "/Image", Split::kTrain, "list_patition_label.txt");
}

// From files through random resized crops to batches; a damaged file is named.
TEST(Layouts, FilesBecomeBatches) {
  const TestFolder folder;
  WriteTrain(folder);
  const std::string broken = folder.Write("train/n03/d.jpg", std::string("\xFF\xD8 no more"));
  const auto source = Open("imagenet:" + folder.path(), Split::kTrain, {.c = 3});
  ASSERT_TRUE(source.ok());
  LoaderOptions options{.h = 6, .w = 7, .c = 3, .batch = 2};
  options.augmentation = {.flip = true, .random_resized_crop = true};
  options.threads = 2;
  const auto loader = Loader::Create(**source, options);
  ASSERT_TRUE((*loader)->StartEpoch(0).ok());
  const uint8_t levels[2][2] = {{10, 21}, {20, 30}};
  for (const auto& level : levels) {
    const auto batch = (*loader)->Next();
    ASSERT_TRUE(batch.ok() && batch->has_value());
    for (size_t i = 0; i < 252; ++i) EXPECT_EQ((*batch)->pixels[i], level[i / 126]);
  }
  const auto damaged = (*loader)->Next();
  ASSERT_FALSE(damaged.ok());
  EXPECT_TRUE(damaged.error().message.starts_with(broken)) << damaged.error().message;
}

}  // namespace
}  // namespace potlut::data
