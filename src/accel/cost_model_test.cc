// The cycle and traffic model against counts made by hand and by brute force.
#include "accel/cost_model.h"

#include <gtest/gtest.h>

#include "program/testing.h"
#include "program/validate.h"

namespace potlut::accel {
namespace {

using testing::Builder;
using testing::RandomConv;

constexpr TensorType kByte{8, false};

Program OneConv(Dims in, Window window, Dims out, const Alphabet& alphabet, int32_t groups = 1) {
  std::mt19937 rng(1);
  Builder b(in);
  b.Add(RandomConv(rng, window, in.c, out.c, groups, alphabet, kByte), {0}, out, kByte);
  EXPECT_TRUE(Validate(b.program()).ok()) << Validate(b.program()).message();
  return b.program();
}

ArraySpec Plain() {
  ArraySpec array;
  array.table = TableKind::kSingle;
  array.group = 1;
  array.fill_cycles = 1;
  array.step_overhead = array.layer_overhead = 0;
  return array;
}

TEST(CostModel, AFullArrayIsUsedFully) {
  const Program program = OneConv({32, 32, 16}, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, {32, 32, 16},
                                  *MakeAlphabet(AlphabetKind::kPot, 4));
  ArraySpec array = Plain();
  array.lanes = 32;  // one row: the two rows of padding are left out
  auto report = CostOnArray(program, array);
  ASSERT_TRUE(report.ok()) << report.status().message();
  const NodeReport& node = report->nodes[0];
  EXPECT_EQ(node.tile.strips, 1);
  EXPECT_EQ(node.conv.fills, 32);
  EXPECT_EQ(node.conv.use, (30 * 3 + 2 * 2) * 3 * 16);
  EXPECT_EQ(node.conv.fill, 32 * 32 * 3);
  // The set is waited for, and at the end the last row's drain: 32 columns of 16 channels, 8 a
  // cycle.
  EXPECT_EQ(node.conv.all, 28 * 144 + 2 * (144 - 48) + 2 * 144 + 32 * 3 + 64);
  EXPECT_EQ(report->macs, 32 * 32 * 16 * 16 * 9);
  // Two strips of 16 rows, whose borders differ: each reads a row above and below.
  array.lanes = array.drain = array.group = 64;
  report = CostOnArray(program, array);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->nodes[0].tile.strips, 2);
  EXPECT_EQ(report->nodes[0].conv.fills, 18);
  EXPECT_EQ(report->nodes[0].conv.use, 16 * 9 * 16);
  EXPECT_GT(report->utilisation_3x3, 0.8);
}

// Uses by brute force: whatever the stride, each output and tap costs one cycle a segment.
TEST(CostModel, UsesAreTapsOfOutputs) {
  for (const int32_t kernel : {1, 2, 3, 5, 7}) {
    for (const int32_t stride : {1, 2, 3}) {
      const int32_t pad = kernel / 2, side = 24;
      const int32_t out = (side + 2 * pad - kernel) / stride + 1;
      const Program program =
          OneConv({side, side, 40}, {kernel, kernel, stride, stride, 1, 1, pad, pad, pad, pad},
                  {out, out, 8}, *MakeAlphabet(AlphabetKind::kPot, 4));
      ArraySpec array = Plain();
      array.lanes = 25;
      const auto report = CostOnArray(program, array);
      ASSERT_TRUE(report.ok()) << report.status().message();
      const ConvCycles& conv = report->nodes[0].conv;
      const int32_t strips = report->nodes[0].tile.strips;
      int64_t rows = 0;  // (output row, ky) whose input row is real or may be
      for (int32_t y = 0; y < (out + strips - 1) / strips; ++y) {
        for (int32_t ky = 0; ky < kernel; ++ky) {
          const int32_t at = y * stride + ky;
          rows += strips > 1 || (at >= pad && at < pad + side);
        }
      }
      EXPECT_EQ(conv.use, rows * kernel * 8 * 3)
          << "kernel " << kernel << ", stride " << stride << ", strips " << strips;
    }
  }
}

TEST(CostModel, MoreLevelsThanATableTakeMorePasses) {
  const Window window{1, 1};
  const Dims dims{8, 64, 16};
  const auto use = [&](const Alphabet& alphabet, TableKind table) {
    ArraySpec array = Plain();
    array.table = table;
    array.lanes = 64;
    const auto report = CostOnArray(OneConv(dims, window, dims, alphabet), array);
    EXPECT_TRUE(report.ok()) << report.status().message();
    return report.ok() ? report->nodes[0].conv.use : 0;
  };
  const int64_t once = 8 * 16;
  EXPECT_EQ(use(*MakeAlphabet(AlphabetKind::kPot, 4), TableKind::kSingle), once);
  EXPECT_EQ(use(*MakeAlphabet(AlphabetKind::kUniform, 8), TableKind::kSingle), 2 * once);
  EXPECT_EQ(use(*MakeAlphabet(AlphabetKind::kPot, 3), TableKind::kPair), once);
  EXPECT_EQ(use(*MakeAlphabet(AlphabetKind::kPot, 4), TableKind::kPair), 2 * once);
  EXPECT_EQ(use(*MakeAlphabet(AlphabetKind::kUniform, 8), TableKind::kPair), 3 * once);
}

TEST(CostModel, WhatDoesNotFitGoesToDram) {
  Builder b({16, 16, 8});
  LookupOp same;
  for (int i = 0; i < 256; ++i) same.table.push_back(static_cast<int16_t>(i));
  b.Add(same, {0}, {16, 16, 8}, kByte);
  b.Add(same, {1}, {16, 16, 8}, kByte);
  ArraySpec array = Plain();
  auto report = CostOnArray(b.program(), array);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->spilled_tensors, 0);
  EXPECT_EQ(report->dram_read, 2048 + 2 * 256);  // the image and both tables
  EXPECT_EQ(report->dram_written, 4096);         // words of 16 channels
  array.activation_words = 300;
  report = CostOnArray(b.program(), array);
  ASSERT_TRUE(report.ok());
  EXPECT_GT(report->spilled_tensors, 0);
  EXPECT_GE(report->dram_read + report->dram_written, 4 * 2048);
  EXPECT_LE(report->peak.activations, 4800 * 8);
}

TEST(CostModel, RefusesByName) {
  Alphabet pairs{AlphabetKind::kPair, 6, {}};
  for (int i = 0; i < 32; ++i) {
    pairs.levels.push_back(static_cast<int8_t>(i));
    pairs.levels.push_back(0);
  }
  const Program program = OneConv({8, 8, 8}, {1, 1}, {8, 8, 8}, pairs);
  const auto report = CostOnArray(program, Plain());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.status().code(), potlut::ErrorCode::kUnsupported);
  EXPECT_NE(report.status().message().find("'t1'"), std::string::npos);
  ArraySpec odd = Plain();
  odd.lanes = 0;
  EXPECT_EQ(CostOnArray(program, odd).status().code(), potlut::ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut::accel
