// CRC-32C against the vectors of RFC 3720, appendix B.4.
#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string_view>
#include <vector>

namespace potlut {
namespace {

TEST(Crc32c, KnownVectors) {
  std::vector<uint8_t> bytes(32, 0);
  EXPECT_EQ(Crc32c(bytes), 0x8A9136AAU);
  std::fill(bytes.begin(), bytes.end(), uint8_t{0xFF});
  EXPECT_EQ(Crc32c(bytes), 0x62A8AB43U);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  EXPECT_EQ(Crc32c(bytes), 0x46DD794EU);
  const std::string_view digits = "123456789";
  EXPECT_EQ(Crc32c({reinterpret_cast<const uint8_t*>(digits.data()), digits.size()}), 0xE3069283U);
  EXPECT_EQ(Crc32c({}), 0U);
}

// Sizes around the runs of the kernel, from aligned and other beginnings.
TEST(Crc32c, InstructionAndTablesAgree) {
  std::vector<uint8_t> bytes(20000);
  uint32_t state = 1;
  for (uint8_t& b : bytes) b = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  const std::span<const uint8_t> all(bytes);
  for (size_t size : {0, 1, 7, 8, 9, 1023, 3071, 3072, 3073, 3087, 6143, 6144, 9300, 19990}) {
    for (size_t begin : {0, 1, 3, 8}) {
      for (const uint32_t seed : {0U, 0xDEADBEEFU}) {
        const auto part = all.subspan(begin, size);
        ASSERT_EQ(Crc32c(part, seed), Crc32cPortable(part, seed)) << size << " from " << begin;
      }
    }
  }
}

TEST(Crc32c, GoesOnFromASeed) {
  std::vector<uint8_t> bytes(1001);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7 + (i >> 3));
  const std::span<const uint8_t> all(bytes);
  for (size_t cut : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{500}, size_t{1001}}) {
    EXPECT_EQ(Crc32c(all.subspan(cut), Crc32c(all.first(cut))), Crc32c(all)) << "cut at " << cut;
  }
}

}  // namespace
}  // namespace potlut
