// Fields and bit streams: round trips, and each way in which reading must fail.
#include "pack/wire.h"

#include <gtest/gtest.h>

#include <limits>

#include "pack/bits.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

Reader Open(const std::vector<uint8_t>& bytes) { return Reader(bytes, 100, "test"); }

TEST(Wire, RoundTripsExtremes) {
  const std::vector<int64_t> values{0,   1,   -1,        63,        64,        -64,      -65,
                                    127, 128, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  Writer w;
  for (const int64_t v : values) {
    w.Svarint(v);
    w.Varint(static_cast<uint64_t>(v));
  }
  w.U32(0x12345678);
  w.F64(-0.1);
  w.Text("é");
  Reader r = Open(w.bytes());
  for (const int64_t v : values) {
    EXPECT_EQ(r.Svarint("v", INT64_MIN, INT64_MAX), v);
    EXPECT_EQ(r.Varint("v"), static_cast<uint64_t>(v));
  }
  EXPECT_EQ(r.U32("u"), 0x12345678U);
  EXPECT_EQ(r.F64("f"), -0.1);
  EXPECT_EQ(r.Text(2, "t"), "é");
  EXPECT_TRUE(r.Finish().ok());
}

TEST(Wire, SmallNumbersTakeOneByte) {
  Writer w;
  w.Svarint(-64);
  w.Svarint(63);
  w.Varint(127);
  EXPECT_EQ(w.size(), 3U);
}

TEST(Wire, RefusesBadNumbers) {
  const auto fails = [](std::vector<uint8_t> bytes, std::string_view why) {
    Reader r(bytes, 100, "test");
    r.SetPlace("node 7");
    EXPECT_EQ(r.Varint("field", 1000), 0U);
    EXPECT_FALSE(r.ok());
    EXPECT_NE(r.status().message().find(why), std::string::npos) << r.status().message();
    EXPECT_EQ(r.status().message().find("test section, offset 100, node 7: field"), 0U)
        << r.status().message();
  };
  fails({}, "ends inside");
  fails({0x80}, "ends inside");
  fails({0x81, 0x00}, "longer than it needs");
  fails({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}, "more than 64 bits");
  fails({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, "more than 64 bits");
  fails({0xE9, 0x07}, "is 1001, at most 1000");
}

TEST(Wire, FirstFailureSticks) {
  const std::vector<uint8_t> bytes{5, 6};
  Reader r = Open(bytes);
  EXPECT_EQ(r.Svarint("a", 1, 9), 1);  // 5 stands for -3
  const std::string first = r.status().message();
  EXPECT_EQ(r.U8("b"), 0);
  EXPECT_EQ(r.Svarint("c", 3, 9), 3);
  EXPECT_EQ(r.Finish().message(), first);
}

TEST(Wire, CountsAreBoundedByWhatIsLeft) {
  const std::vector<uint8_t> bytes{3, 0, 0, 0, 0, 0};
  Reader fine = Open(bytes), greedy = Open(bytes);
  EXPECT_EQ(fine.Count("n", 1), 3U);
  EXPECT_EQ(greedy.Count("n", 2), 0U);
  EXPECT_FALSE(greedy.ok());
}

TEST(Wire, LeftOverBytesAreAFailure) {
  const std::vector<uint8_t> bytes{3};
  Reader r = Open(bytes);
  EXPECT_EQ(r.Finish().message(), "test section, offset 100: 1 bytes are left over");
}

TEST(Wire, NumbersMustBeFinite) {
  for (const double v :
       {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    Writer w;
    w.F64(v);
    Reader r = Open(w.bytes());
    EXPECT_EQ(r.F64("factor"), 0);
    EXPECT_FALSE(r.ok());
  }
}

TEST(Wire, KnowsUtf8) {
  for (const char* good : {"", "plain", "\xC3\xA9", "\xE5\xB1\xA4", "\xF0\x9F\x8C\xB1",
                           "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xF0\x8F\xBF\xBF", "a\xE5\xB1", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

TEST(Bits, CodesOfAllWidths) {
  SmallRandom random(1);
  for (int bits = 1; bits <= 8; ++bits) {
    for (size_t count = 0; count < 40; ++count) {
      const auto codes = RandomCodes(random, count, 1 << bits, 0);
      auto packed = PackCodes(codes, bits);
      ASSERT_EQ(packed.size(), PackedBytes(count, bits));
      std::vector<uint8_t> back(count);
      ASSERT_TRUE(UnpackCodes(packed, bits, back));
      ASSERT_EQ(back, codes);
      if (count * static_cast<size_t>(bits) % 8 == 0) continue;
      packed.back() |= 0x80;
      ASSERT_FALSE(UnpackCodes(packed, bits, back))
          << "padding of " << bits << " bits, " << count << " codes";
    }
  }
}

TEST(Bits, StageOneIsLittleEndFirst) {
  EXPECT_EQ(PackCodes(std::vector<uint8_t>{1, 2, 3}, 4), (std::vector<uint8_t>{0x21, 0x03}));
  EXPECT_EQ(PackCodes(std::vector<uint8_t>{7, 0, 1, 2}, 3), (std::vector<uint8_t>{0x47, 0x04}));
}

TEST(Bits, IntegersOfAllWidths) {
  SmallRandom random(2);
  for (int width = 0; width <= 31; ++width) {
    std::vector<int32_t> values(17);
    const int32_t base = random.Int(INT32_MIN, INT32_MAX - (width == 31 ? INT32_MAX : 1 << width));
    for (int32_t& v : values)
      v = base + (width == 0 ? 0 : random.Int(0, INT32_MAX >> (31 - width)));
    if (width == 31) values[3] = INT32_MIN, values[4] = INT32_MAX;
    Writer w;
    WriteIntegers(w, values);
    Reader r = Open(w.bytes());
    ASSERT_EQ(ReadIntegers(r, "v", values.size(), INT32_MIN, INT32_MAX), values) << width;
    ASSERT_TRUE(r.Finish().ok()) << r.status().message();
  }
}

TEST(Bits, IntegersKeepTheirBounds) {
  const auto why = [](std::vector<uint8_t> bytes) {
    Reader r(bytes, 0, "test");
    EXPECT_TRUE(ReadIntegers(r, "v", 3, -15, 31).empty());
    EXPECT_FALSE(r.ok());
    return r.status().message();
  };
  EXPECT_NE(why({62, 2, 0x20}).find("33 is outside"), std::string::npos);     // 31, 31, 33
  EXPECT_NE(why({64, 0}).find("32, outside of -15..31"), std::string::npos);  // minimum
  EXPECT_NE(why({0, 33}).find("at most 32"), std::string::npos);              // width
  EXPECT_NE(why({0, 2, 0x40}).find("padding bits"), std::string::npos);
  EXPECT_NE(why({0, 8, 1, 1}).find("needs 3 bytes"), std::string::npos);
}

}  // namespace
}  // namespace potlut
