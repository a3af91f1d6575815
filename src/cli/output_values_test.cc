// Ranking, softmax and real values of outputs.
#include "cli/output_values.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cli/class_names.h"
#include "cli/run_all.h"

namespace potlut::cli {
namespace {

TEST(OutputValues, TopKPrefersTheFirstOfEquals) {
  const OutputValues output{{4}, {1, 3, 3, 2}, {}};
  EXPECT_EQ(TopK(OutputKind::kScores, output, 3), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(TopK(OutputKind::kScores, output, 9).size(), 4U);
  EXPECT_EQ(TopK(OutputKind::kIndex, {{1}, {7}, {7}}, 5), (std::vector<int32_t>{7}));
}

TEST(OutputValues, ProbabilitiesSumToOne) {
  const auto p = Probabilities(OutputKind::kScores, {{3}, {1000, 1001, 900}, {}});
  EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
  EXPECT_NEAR(p[1] / p[0], std::exp(1.0), 1e-9);
  EXPECT_EQ(Probabilities(OutputKind::kProbabilities, {{2}, {0.25, 0.75}, {}})[1], 0.75);
  EXPECT_TRUE(Probabilities(OutputKind::kIndex, {{1}, {7}, {7}}).empty());
}

TEST(OutputValues, DequantisesWithExponentAndFactors) {
  const Tensor bytes{"t", {1, 2, 2}, {8, true}, -1, {1.0, 3.0}};
  const std::vector<uint8_t> stored = {2, 2, 0xFF, 0x80};
  EXPECT_EQ(Dequantise(bytes, stored), (std::vector<double>{1, 3, -0.5, -192}));
  const Tensor wide{"w", {1, 1, 1}, {32, true}, 2, {}};
  const std::vector<uint8_t> four = {0xFE, 0xFF, 0xFF, 0xFF};
  EXPECT_EQ(Dequantise(wide, four), (std::vector<double>{-8}));
}

TEST(ClassNames, FillsGapsWithNumbers) {
  EXPECT_EQ(JoinClasses({"cat", "", "a\nb"}, 4), "cat\n1\na b\n3\n");
  EXPECT_EQ(JoinClasses({}, 4), "");
  EXPECT_EQ(JoinClasses({"a", "b"}, 1), "");
  EXPECT_EQ(SplitClasses("cat\r\n1\n"), (std::vector<std::string>{"cat", "1"}));
}

TEST(SpreadIndices, AreEvenAndInRange) {
  EXPECT_EQ(SpreadIndices(10, 4), (std::vector<int64_t>{0, 2, 5, 7}));
  EXPECT_EQ(SpreadIndices(3, 0).size(), 3U);
  EXPECT_EQ(SpreadIndices(3, 100).back(), 2);
}

}  // namespace
}  // namespace potlut::cli
