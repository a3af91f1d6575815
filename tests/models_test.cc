// What is shipped in models/ is what models/README.md says.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/file.h"
#include "base/sha256.h"

namespace potlut {
namespace {

constexpr size_t kRecord = 3073;

std::vector<std::string> Records(const std::string& name) {
  const auto bytes = ReadFile(POTLUT_SOURCE_DIR "/models/" + name);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  std::vector<std::string> records;
  if (!bytes.ok()) return records;
  EXPECT_EQ(bytes->size() % kRecord, 0U);
  for (size_t i = 0; i + kRecord <= bytes->size(); i += kRecord) {
    records.emplace_back(bytes->begin() + static_cast<ptrdiff_t>(i),
                         bytes->begin() + static_cast<ptrdiff_t>(i + kRecord));
  }
  return records;
}

std::array<int, 10> Classes(const std::vector<std::string>& records) {
  std::array<int, 10> count{};
  for (const std::string& record : records) {
    const auto label = static_cast<uint8_t>(record[0]);
    EXPECT_LT(label, 10);
    if (label < 10) ++count[label];
  }
  return count;
}

TEST(Models, CalibrationImagesAreBalanced) {
  const auto records = Records("cifar10-calibration-256.bin");
  ASSERT_EQ(records.size(), 256U);
  EXPECT_EQ(Classes(records), (std::array<int, 10>{26, 26, 26, 26, 26, 26, 25, 25, 25, 25}));
}

TEST(Models, TestImagesAreTheFirstThousand) {
  const auto records = Records("cifar10-test-1000.bin");
  ASSERT_EQ(records.size(), 1000U);
  // The class counts of the first 1000 records of the official test batch.
  EXPECT_EQ(Classes(records), (std::array<int, 10>{103, 89, 100, 103, 90, 86, 112, 102, 106, 109}));
}

TEST(Models, NoTestImageIsACalibrationImage) {
  std::set<std::string> seen;
  for (const std::string& record : Records("cifar10-calibration-256.bin"))
    seen.insert(record.substr(1));
  EXPECT_EQ(seen.size(), 256U);
  for (const std::string& record : Records("cifar10-test-1000.bin")) {
    EXPECT_EQ(seen.count(record.substr(1)), 0U);
  }
}

// As sha256sum writes it.
std::string HexDigest(const std::vector<uint8_t>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const uint8_t byte : Sha256(bytes)) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

TEST(Models, SumsAreThoseOfTheFiles) {
  std::ifstream sums(POTLUT_SOURCE_DIR "/models/SHA256SUMS");
  std::set<std::string> listed;
  for (std::string digest, name; sums >> digest >> name;) {
    const auto bytes = ReadFile(POTLUT_SOURCE_DIR "/models/" + name);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    EXPECT_EQ(digest, HexDigest(*bytes)) << name;
    listed.insert(name);
  }
  for (const auto& entry : std::filesystem::directory_iterator(POTLUT_SOURCE_DIR "/models")) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name != "SHA256SUMS" && name != "README.md")
      EXPECT_EQ(listed.count(name), 1U) << name << " is not in SHA256SUMS";
  }
}

}  // namespace
}  // namespace potlut
