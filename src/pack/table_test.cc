// Look-up tables: lines are recognised and given back exactly; every way of coding comes back.
#include <gtest/gtest.h>

#include <cmath>

#include "pack/plut.h"
#include "pack/random_program.h"
#include "pack/table_line.h"

namespace potlut {
namespace {

std::vector<int16_t> LineOf(double slope, double offset, size_t entries, int32_t lo, int32_t hi) {
  std::vector<int16_t> table;
  for (size_t i = 0; i < entries; ++i) {
    const double v = std::floor(slope * static_cast<double>(i) + offset + 0.5);
    table.push_back(static_cast<int16_t>(std::clamp<double>(v, lo, hi)));
  }
  return table;
}

void ExpectLine(const std::vector<int16_t>& table, int32_t lo, int32_t hi) {
  const auto line = FitLine(table, lo, hi);
  ASSERT_TRUE(line.has_value());
  EXPECT_LE(line->scale, TableLine::kMaxScale);
  EXPECT_LE(std::abs(line->slope), TableLine::kMaxSlope);
  EXPECT_LE(std::abs(line->offset), TableLine::kMaxOffset);
  for (size_t i = 0; i < table.size(); ++i)
    ASSERT_EQ(line->At(static_cast<int64_t>(i)), table[i]) << i;
}

TEST(TableLine, RoundedClampedLinesAreRecognised) {
  SmallRandom random(1);
  for (int round = 0; round < 3000; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + " of seed 1");
    const int bits = random.Int(2, 8);
    const size_t entries = size_t{1} << bits;
    const double slope = random.Int(-1000000, 1000000) / std::ldexp(1.0, random.Int(18, 26));
    const double offset = random.Int(-300000, 300000) / 1000.0;
    const int32_t lo = random.OneIn(2) ? 0 : -128, hi = lo + random.Int(1, 255);
    ExpectLine(LineOf(slope, offset, entries, lo, hi), lo, hi);
  }
}

TEST(TableLine, Edges) {
  ExpectLine({5, 5, 5, 5}, 0, 255);
  ExpectLine({0, 0, 0, 0}, 0, 255);
  ExpectLine({0, 0, 0, 255}, 0, 255);
  ExpectLine({255, 0, 0, 0}, 0, 255);
  ExpectLine({-32768, 32767}, -32768, 32767);
  ExpectLine({1}, 0, 3);
  EXPECT_FALSE(FitLine(std::vector<int16_t>{0, 9, 0, 9}, -9, 20).has_value());
  EXPECT_FALSE(FitLine(std::vector<int16_t>{1, 2, 4, 8, 16, 32}, 0, 255).has_value());
}

// image (u8, `channels`) -> look-up, a table a channel.
Program Tables(const std::vector<std::vector<int16_t>>& tables, TensorType type) {
  Program program;
  const auto channels = static_cast<int32_t>(tables.size());
  program.tensors = {{"image", {2, 2, channels}, {8, false}, 0, {}},
                     {"y", {2, 2, channels}, type, 0, {}}};
  LookupOp op;
  op.per_channel = true;
  for (const auto& table : tables) op.table.insert(op.table.end(), table.begin(), table.end());
  program.nodes.push_back({"y", op, {0}, 1});
  program.outputs = {1};
  return program;
}

int64_t TableBytes(const Program& program) {
  const auto bytes = Pack(program);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  const auto back = Unpack(*bytes);
  EXPECT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(*back == program);
  return SizesOf(*bytes)->tables;
}

TEST(Tables, NormalisationsCostAFewBytesAChannel) {
  SmallRandom random(2);
  std::vector<std::vector<int16_t>> tables;
  for (int c = 0; c < 256; ++c) {
    const double slope = std::ldexp(random.Int(500, 2000), -10);
    tables.push_back(LineOf(slope, random.Int(-2000, 2000) / 16.0, 256, 0, 255));
  }
  EXPECT_LT(TableBytes(Tables(tables, {8, false})), 256 * 6);
}

TEST(Tables, EqualTablesCostNearlyNothing) {
  const std::vector<std::vector<int16_t>> tables(300, LineOf(0.37, -20, 256, -128, 127));
  EXPECT_LT(TableBytes(Tables(tables, {8, true})), 16);
}

TEST(Tables, CurvesComeBackAndAreSmall) {
  std::vector<std::vector<int16_t>> tables;
  for (int c = 0; c < 4; ++c) {
    std::vector<int16_t> swish;
    for (int x = 0; x < 256; ++x) {
      const double v = (x - 128 + c) / 20.0;
      swish.push_back(
          static_cast<int16_t>(std::min(127L, std::lround(20 * v / (1 + std::exp(-v))))));
    }
    tables.push_back(swish);
  }
  EXPECT_LT(TableBytes(Tables(tables, {8, true})), 130);
}

TEST(Tables, NoiseComesBack) {
  SmallRandom random(3);
  std::vector<std::vector<int16_t>> tables;
  for (int c = 0; c < 5; ++c) {
    std::vector<int16_t> noise(256);
    for (int16_t& v : noise) v = static_cast<int16_t>(random.Int(-128, 127));
    tables.push_back(noise);
    noise[77] = 3;
    tables.push_back(noise);  // one entry away from the one before
    tables.push_back(LineOf(0.5, c, 256, -128, 100));
  }
  EXPECT_LT(TableBytes(Tables(tables, {8, true})), 5 * 256 * 9 / 8 + 5 * 20);
}

}  // namespace
}  // namespace potlut
