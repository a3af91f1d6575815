// Rounding with feedback: never worse than nearest on its own measure, exact where levels hold the
// weights.
#include "quant/feedback.h"

#include <gtest/gtest.h>

#include <random>

#include "program/program.h"

namespace potlut::quant {
namespace {

// Inputs that vary together, as a layer's do.
RoundingProblem Random(unsigned seed, int rows, int columns, int in_per_group) {
  std::mt19937 rng(seed);
  std::normal_distribution<double> normal;
  RoundingProblem p;
  p.in_per_group = in_per_group;
  p.target.resize(rows, columns);
  for (Eigen::Index i = 0; i < p.target.size(); ++i)
    p.target.data()[i] = static_cast<float>(normal(rng));
  Eigen::MatrixXd mix(columns, columns + 20);
  for (Eigen::Index i = 0; i < mix.size(); ++i) mix.data()[i] = normal(rng);
  for (Eigen::Index i = 1; i < columns; ++i) mix.row(i) += 0.7 * mix.row(i - 1);
  p.hessian = mix * mix.transpose() / double(columns + 20);
  return p;
}

// What a row's rounding costs, written out.
double Loss(const RoundingProblem& p, const Alphabet& alphabet, const RoundedRow& row,
            Eigen::Index r) {
  ConvOp one;
  one.alphabet = alphabet;
  one.codes = row.codes;
  one.window.kernel_w = static_cast<int32_t>(p.target.cols()) / p.in_per_group;
  const auto levels = ExpandWeights(one, p.in_per_group);
  Eigen::VectorXd e(p.target.cols());
  for (Eigen::Index k = 0; k < e.size(); ++k) {
    e[k] = p.target(r, k) - std::ldexp(levels[static_cast<size_t>(k)], row.exponent);
  }
  return e.dot(p.hessian * e);
}

Alphabet Pairs() {
  Alphabet a{AlphabetKind::kPair, 6, {}};
  for (int i = -3; i <= 3; ++i) {
    for (int j = -3; j <= 3; ++j) {
      a.levels.push_back(static_cast<int8_t>(i));
      a.levels.push_back(static_cast<int8_t>(j));
    }
  }
  return a;
}

TEST(Feedback, BeatsNearestOnTheLayersOutput) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (const bool pairs : {false, true}) {
      const RoundingProblem p = Random(seed, 6, 90, 9);
      const Alphabet alphabet = pairs ? Pairs() : *MakeAlphabet(AlphabetKind::kPot, 3);
      const std::vector<std::vector<int32_t>> exponents(6, {-1, 0});
      const auto nearest = RoundGroup(p, alphabet, exponents, {.error_feedback = false});
      const auto fed = RoundGroup(p, alphabet, exponents, {.error_feedback = true});
      double without = 0, with = 0;
      for (Eigen::Index r = 0; r < 6; ++r) {
        without += Loss(p, alphabet, nearest[static_cast<size_t>(r)], r);
        with += Loss(p, alphabet, fed[static_cast<size_t>(r)], r);
      }
      EXPECT_LT(with, 0.7 * without);
    }
  }
}

TEST(Feedback, ReportsTheLossThatItCauses) {
  const RoundingProblem p = Random(9, 3, 150, 5);
  for (const Alphabet& alphabet : {*MakeAlphabet(AlphabetKind::kApot, 4), Pairs()}) {
    const auto rows =
        RoundGroup(p, alphabet, std::vector<std::vector<int32_t>>(3, {-2}), {.damping = 1e-6});
    for (Eigen::Index r = 0; r < 3; ++r) {
      const double loss = Loss(p, alphabet, rows[static_cast<size_t>(r)], r);
      EXPECT_NEAR(rows[static_cast<size_t>(r)].loss, loss, 0.01 * loss + 1e-3);
    }
  }
}

TEST(Feedback, DescentLowersTheLossAndSaysByHowMuch) {
  for (const Alphabet& alphabet : {*MakeAlphabet(AlphabetKind::kPot, 3), Pairs()}) {
    const RoundingProblem p = Random(11, 5, 77, 7);
    const std::vector<std::vector<int32_t>> exponents(5, {-1});
    const auto before = RoundGroup(p, alphabet, exponents, {.damping = 1e-6});
    const auto after = RoundGroup(p, alphabet, exponents, {.damping = 1e-6, .sweeps = 8});
    double gained = 0;
    for (Eigen::Index r = 0; r < 5; ++r) {
      const double was = Loss(p, alphabet, before[static_cast<size_t>(r)], r);
      const double is = Loss(p, alphabet, after[static_cast<size_t>(r)], r);
      EXPECT_LE(is, was * (1 + 1e-4));
      EXPECT_NEAR(after[static_cast<size_t>(r)].loss, is, 0.001 * is + 1e-3);
      gained += was - is;
    }
    EXPECT_GT(gained, 0);
  }
}

TEST(Feedback, KeepsWeightsThatAreLevelsAlready) {
  RoundingProblem p = Random(3, 2, 30, 3);
  const Alphabet alphabet = *MakeAlphabet(AlphabetKind::kUniform, 8);
  for (Eigen::Index i = 0; i < p.target.size(); ++i) {
    p.target.data()[i] = static_cast<float>((i * 37) % 255 - 127) / 8;
  }
  const auto rows = RoundGroup(p, alphabet, {{-3}, {-3}}, {});
  for (Eigen::Index r = 0; r < 2; ++r) {
    for (Eigen::Index k = 0; k < 30; ++k) {
      EXPECT_EQ(alphabet.levels[rows[static_cast<size_t>(r)].codes[static_cast<size_t>(k)]],
                p.target(r, k) * 8);
    }
  }
}

TEST(Feedback, DoesNotDependOnThreads) {
  const RoundingProblem p = Random(5, 40, 300, 12);
  const Alphabet alphabet = *MakeAlphabet(AlphabetKind::kPot, 4);
  const std::vector<std::vector<int32_t>> exponents(40, {-4, -5, -6});
  const auto one = RoundGroup(p, alphabet, exponents, {.threads = 1});
  const auto many = RoundGroup(p, alphabet, exponents, {.threads = 3});
  for (size_t r = 0; r < one.size(); ++r) {
    EXPECT_EQ(one[r].codes, many[r].codes);
    EXPECT_EQ(one[r].exponent, many[r].exponent);
  }
}

TEST(Feedback, TargetsAreWhatWasRounded) {
  const RoundingProblem p = Random(6, 4, 64, 8);
  const Alphabet alphabet = *MakeAlphabet(AlphabetKind::kUniform, 4);
  const RowMatrix targets = RoundingTargets(p, alphabet, {-2, -2, -2, -2}, {});
  const auto rows = RoundGroup(p, alphabet, std::vector<std::vector<int32_t>>(4, {-2}), {});
  for (Eigen::Index r = 0; r < 4; ++r) {
    for (Eigen::Index k = 0; k < 64; ++k) {
      const int level = alphabet.levels[rows[static_cast<size_t>(r)].codes[static_cast<size_t>(k)]];
      EXPECT_LE(std::abs(std::clamp(targets(r, k), -7.0F, 7.0F) - static_cast<float>(level)),
                0.5001F);
    }
  }
}

}  // namespace
}  // namespace potlut::quant
