// Numbers for people.
#include "cli/units.h"

#include <gtest/gtest.h>

#include "cli/progress_bar.h"

namespace potlut::cli {
namespace {

TEST(Units, Counts) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(-1234567), "-1,234,567");
  EXPECT_EQ(FormatShort(999), "999");
  EXPECT_EQ(FormatShort(1000), "1.00k");
  EXPECT_EQ(FormatShort(12345), "12.3k");
  EXPECT_EQ(FormatShort(999950), "1.00M");
  EXPECT_EQ(FormatShort(40551834), "40.6M");
  EXPECT_EQ(FormatBytes(64), "64 B");
  EXPECT_EQ(FormatBytes(1096000), "1.10 MB");
}

TEST(Units, SharesAndTimes) {
  EXPECT_EQ(FormatPercent(0.91673), "91.67 %");
  EXPECT_EQ(FormatMicroseconds(3.14159), "3.14 us");
  EXPECT_EQ(FormatMicroseconds(999.7), "1.00 ms");
  EXPECT_EQ(FormatMicroseconds(2500000), "2.50 s");
  EXPECT_EQ(FormatDuration(7.2), "0:07");
  EXPECT_EQ(FormatDuration(750), "12:30");
  EXPECT_EQ(FormatDuration(3723), "1:02:03");
}

}  // namespace
}  // namespace potlut::cli
