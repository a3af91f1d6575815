// Reading within bounds; writing all or nothing.
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace potlut {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "potlut_file_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string Path(const char* name) const { return (folder_ / name).string(); }
  size_t FilesInFolder() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  fs::path folder_;
};

TEST_F(FileTest, WritesAndReadsBack) {
  ASSERT_TRUE(WriteFileAtomic(Path("a"), std::string("hello")).ok());
  auto bytes = ReadFile(Path("a"));
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_EQ(std::string(bytes->begin(), bytes->end()), "hello");
  EXPECT_EQ(FilesInFolder(), 1U) << "no temporary file may be left";
}

TEST_F(FileTest, ReplacesAndKeepsPermissions) {
  ASSERT_TRUE(WriteFileAtomic(Path("a"), std::string("old")).ok());
  ASSERT_EQ(chmod(Path("a").c_str(), 0600), 0);
  ASSERT_TRUE(WriteFileAtomic(Path("a"), std::string("new")).ok());
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  auto bytes = ReadFile(Path("a"));
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(std::string(bytes->begin(), bytes->end()), "new");
}

TEST_F(FileTest, RefusesWhatItCannotDo) {
  EXPECT_EQ(WriteFileAtomic(Path("missing/a"), std::string("x")).code(), ErrorCode::kFailed);
  EXPECT_EQ(WriteFileAtomic(folder_.string(), std::string("x")).code(), ErrorCode::kUsage);
  EXPECT_EQ(WriteFileAtomic(folder_.string() + "/", std::string("x")).code(), ErrorCode::kUsage);
  EXPECT_EQ(ReadFile(Path("missing")).status().code(), ErrorCode::kBadInput);
  EXPECT_EQ(ReadFile(folder_.string()).status().code(), ErrorCode::kBadInput);
  EXPECT_EQ(FilesInFolder(), 0U);
}

TEST_F(FileTest, ReadingIsBounded) {
  ASSERT_TRUE(WriteFileAtomic(Path("a"), std::string(1000, 'x')).ok());
  EXPECT_TRUE(ReadFile(Path("a"), 1000).ok());
  EXPECT_EQ(ReadFile(Path("a"), 999).status().code(), ErrorCode::kResourceLimit);
  EXPECT_EQ(ReadFile("/dev/zero", 1000).status().code(), ErrorCode::kResourceLimit);
}

TEST_F(FileTest, AFullDiskLeavesTheOldFile) {
  EXPECT_EQ(WriteFileAtomic("/dev/full", std::string("x")).code(), ErrorCode::kFailed);
}

TEST_F(FileTest, EmptyFiles) {
  ASSERT_TRUE(WriteFileAtomic(Path("a"), std::string()).ok());
  auto bytes = ReadFile(Path("a"), 0);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_TRUE(bytes->empty());
}

}  // namespace
}  // namespace potlut
