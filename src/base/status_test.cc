// Errors travel as values; Cat writes numbers that read back; checked arithmetic notices a wrap.
#include "base/status.h"

#include <gtest/gtest.h>

#include "base/checked.h"
#include "base/text.h"

namespace potlut {
namespace {

Expected<int> Half(int x) {
  if (x % 2 != 0) return BadInput("odd: ", x);
  return x / 2;
}

Expected<int> Quarter(int x) {
  POTLUT_ASSIGN_OR_RETURN(const int half, Half(x));
  return Half(half);
}

Status Check(int x) {
  POTLUT_RETURN_IF_ERROR(Quarter(x).status());
  return {};
}

TEST(Status, ErrorsPassThrough) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message, "odd: 3");
  EXPECT_TRUE(Check(4).ok());
  EXPECT_EQ(Check(6).code(), ErrorCode::kBadInput);
  EXPECT_EQ(Check(4).code(), ErrorCode::kOk);
}

TEST(Text, Cat) {
  EXPECT_EQ(Cat("a", 1, ' ', 2.5, true, std::string("z")), "a1 2.5truez");
  EXPECT_EQ(Cat(int64_t{-7}, ",", size_t{9}, ",", 0.1F), "-7,9,0.1");
}

TEST(Checked, NoticesWraps) {
  EXPECT_EQ(CheckedMul<int64_t>(1 << 20, 1 << 20), int64_t{1} << 40);
  EXPECT_EQ(CheckedMul<int64_t>(int64_t{1} << 40, int64_t{1} << 40), std::nullopt);
  EXPECT_EQ(CheckedAdd<uint32_t>(0xFFFFFFFF, 1), std::nullopt);
  EXPECT_EQ(CheckedProduct<int64_t>(3, int64_t{1} << 62, 2), std::nullopt);
  EXPECT_EQ(CheckedProduct<int64_t>(3, 4, 5), 60);
}

}  // namespace
}  // namespace potlut
