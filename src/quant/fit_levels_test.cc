// Fitted alphabets: exact for single levels against brute force, sound and useful for pairs.
#include "quant/fit_levels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

namespace potlut::quant {
namespace {

double Cost(const std::vector<Point>& points, const std::vector<int8_t>& levels) {
  double sum = 0;
  for (const Point& p : points) {
    double least = INFINITY;
    for (const int level : levels)
      least = std::min<double>(least, (p.value - level) * (p.value - level));
    sum += p.weight * least;
  }
  return sum;
}

TEST(FitCustom, IsOptimal) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 rng(seed);
    std::normal_distribution<float> normal(0.5F, 2.0F);
    std::vector<Point> points(300);
    for (Point& p : points) p = {normal(rng), 0.1F + static_cast<float>(rng() % 100) / 50};
    const Alphabet fitted = FitCustom(points, 2, 5);
    ASSERT_TRUE(ValidateAlphabet(fitted).ok()) << ValidateAlphabet(fitted).message();
    double least = INFINITY;
    for (int a = -5; a <= 5; ++a) {  // all triples beside 0
      for (int b = a + 1; b <= 5; ++b) {
        for (int c = b + 1; c <= 5; ++c) {
          if (a == 0 || b == 0 || c == 0) continue;
          least = std::min(least, Cost(points, {static_cast<int8_t>(a), static_cast<int8_t>(b),
                                                static_cast<int8_t>(c), 0}));
        }
      }
    }
    EXPECT_NEAR(Cost(points, fitted.levels), least, 0.01 * least);
  }
}

TEST(FitCustom, TakesEveryCandidateWhereThereAreFew) {
  const Alphabet fitted = FitCustom({{1, 1}, {-1, 1}}, 4, 3);
  EXPECT_EQ(fitted.levels.size(), 7U);
  EXPECT_TRUE(ValidateAlphabet(fitted).ok());
}

double PairCost(const std::vector<PairPoint>& points, const Alphabet& a) {
  double sum = 0;
  for (const PairPoint& p : points) {
    double least = INFINITY;
    for (size_t i = 0; i < a.levels.size(); i += 2) {
      least = std::min<double>(
          least, std::pow(p.first - a.levels[i], 2) + std::pow(p.second - a.levels[i + 1], 2));
    }
    sum += least;
  }
  return sum;
}

TEST(FitPairs, IsSoundAndBeatsAProductOfSingles) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 rng(seed);
    std::normal_distribution<float> normal(0, 4);
    std::vector<PairPoint> points(5000);
    std::vector<Point> singles;
    for (PairPoint& p : points) {
      p = {normal(rng), normal(rng), 1, 1};
      singles.push_back({p.first, 1});
      singles.push_back({p.second, 1});
    }
    const Alphabet pairs = FitPairs(points, 6, 14);
    ASSERT_TRUE(ValidateAlphabet(pairs).ok()) << ValidateAlphabet(pairs).message();
    EXPECT_EQ(pairs.codes(), 64);
    const Alphabet eight = FitCustom(singles, 3, 14);
    EXPECT_LT(PairCost(points, pairs), 0.97 * Cost(singles, eight.levels));
  }
}

// Each pair's negative is there, and little is lost to a list without that rule.
TEST(FitSymmetricPairs, HoldsTheNegativesAtLittleCost) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 rng(seed);
    std::normal_distribution<float> normal(0.3F, 4);  // not quite symmetric itself
    std::vector<PairPoint> points(5000);
    for (PairPoint& p : points) p = {normal(rng), normal(rng), 1, 1};
    const Alphabet pairs = FitSymmetricPairs(points, 6, 14);
    ASSERT_TRUE(ValidateAlphabet(pairs).ok()) << ValidateAlphabet(pairs).message();
    EXPECT_EQ(pairs.codes(), 63);
    std::set<std::pair<int, int>> list;
    for (size_t i = 0; i < pairs.levels.size(); i += 2)
      list.insert({pairs.levels[i], pairs.levels[i + 1]});
    for (const auto& [a, b] : list) EXPECT_EQ(list.count({-a, -b}), 1U) << a << ", " << b;
    EXPECT_LT(PairCost(points, pairs), 1.1 * PairCost(points, FitPairs(points, 6, 14)));
  }
}

TEST(FitSymmetricPairs, SurvivesDegeneratePoints) {
  for (const std::vector<PairPoint>& points : {std::vector<PairPoint>{}, std::vector<PairPoint>(10),
                                               std::vector<PairPoint>(100, {99, -99, 1, 0})}) {
    const Alphabet pairs = FitSymmetricPairs(points, 5, 3);
    EXPECT_TRUE(ValidateAlphabet(pairs).ok()) << ValidateAlphabet(pairs).message();
  }
}

TEST(FitPairs, SurvivesDegeneratePoints) {
  for (const std::vector<PairPoint>& points : {std::vector<PairPoint>{}, std::vector<PairPoint>(10),
                                               std::vector<PairPoint>(100, {99, -99, 1, 0})}) {
    const Alphabet pairs = FitPairs(points, 5, 3);
    EXPECT_TRUE(ValidateAlphabet(pairs).ok()) << ValidateAlphabet(pairs).message();
  }
}

}  // namespace
}  // namespace potlut::quant
