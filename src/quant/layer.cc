// Weights of one layer: what they should be given quantised inputs, then the closest that an
// alphabet can say.
#include "quant/layer.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "quant/fit_levels.h"

namespace potlut::quant {
namespace {

constexpr double kDamping = 0.01;  // of the mean diagonal, for rounding
constexpr double kRidge =
    0.1;                    // the same, for the wanted weights: how far the float ones are trusted
constexpr int kSweeps = 8;  // of coordinate descent after rounding; most rows settle in three
constexpr int kFitRounds = 3;  // fitted alphabets: fit, round, fit again to what rounding wanted

struct Group {
  RoundingProblem problem;
  GroupMoments moments;
};

// The weights that reproduce the wanted outputs from the quantised inputs: least squares, held to
// the float weights where the data say little. `plain` are those in units of the quantised input.
RowMatrix Target(const RowMatrix& plain, const GroupMoments& m, int64_t samples) {
  const Eigen::MatrixXd w = plain.cast<double>();
  const Eigen::Index n = w.cols();
  const double mean = std::max(m.xx.diagonal().mean(), 1e-30);
  // The fewer samples there are for each unknown, the less they are believed.
  const double ridge = mean * (kRidge + static_cast<double>(n) / static_cast<double>(samples + 1));
  Eigen::MatrixXd h = m.xx;
  h.diagonal().array() += ridge;
  const Eigen::MatrixXd residual = m.yx - w * m.xx;
  const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> llt(h);
  return (w + llt.solve(residual.transpose()).transpose()).cast<float>();
}

// Exponents that a channel may take: a few around the one that just holds its largest weight,
// within what its shift and bias allow.
std::vector<int32_t> Candidates(double largest, int max_level, double bias,
                                const Lowering::ConvScales& s, AlphabetKind kind, int bits) {
  int32_t lo = -200, hi = 200;
  if (!s.wide) {
    lo = s.output_exponent - s.input_exponent - 31;
    hi = s.output_exponent - s.input_exponent + 15;
  }
  if (bias != 0) lo = std::max(lo, std::ilogb(bias) - s.input_exponent - 28);
  hi = std::max(hi, lo);
  if (!(largest > 0)) {
    const int32_t middle = s.wide ? 0 : s.output_exponent - s.input_exponent - 8;
    return {std::clamp(middle, lo, hi)};
  }
  const auto top = static_cast<int32_t>(std::ceil(std::log2(largest / max_level)));
  const int32_t steps = kind == AlphabetKind::kUniform && bits == 8 ? 1 : 3;
  std::vector<int32_t> candidates;
  for (int32_t e = top; e > top - steps; --e) {
    const int32_t clamped = std::clamp(e, lo, hi);
    if (candidates.empty() || candidates.back() != clamped) candidates.push_back(clamped);
  }
  return candidates;
}

class LayerQuantiser {
 public:
  LayerQuantiser(const WeightChoice& choice, const Recipe& recipe, const std::vector<Group>& groups,
                 std::vector<double> bias, const Lowering::ConvScales& scales, int threads)
      : choice_(choice), recipe_(recipe), groups_(groups), bias_(std::move(bias)), scales_(scales) {
    options_.error_feedback = recipe.error_feedback;
    options_.damping = kDamping;
    options_.sweeps = recipe.error_feedback ? kSweeps : 0;
    options_.threads = threads;
  }

  Expected<Alphabet> Run(std::vector<RoundedRow>& rows) {
    const bool fitted =
        choice_.alphabet == AlphabetKind::kCustom || choice_.alphabet == AlphabetKind::kPair;
    if (!fitted) {
      POTLUT_ASSIGN_OR_RETURN(Alphabet alphabet, MakeAlphabet(choice_.alphabet, choice_.bits));
      rows = Round(alphabet, alphabet.max_abs(), {});
      return alphabet;
    }
    const int most = recipe_.max_fitted_level;
    std::vector<int32_t> exponents = FirstExponents(most);
    Alphabet alphabet = Fit(exponents, nullptr);
    rows = Round(alphabet, most, exponents);
    for (int round = 1; round < kFitRounds; ++round) {
      for (size_t i = 0; i < rows.size(); ++i) exponents[i] = rows[i].exponent;
      Alphabet refitted = Fit(exponents, &alphabet);
      std::vector<RoundedRow> again = Round(refitted, most, exponents);
      if (Loss(again) >= Loss(rows)) break;
      alphabet = std::move(refitted);
      rows = std::move(again);
    }
    return alphabet;
  }

 private:
  static double Loss(const std::vector<RoundedRow>& rows) {
    double sum = 0;
    for (const RoundedRow& row : rows) sum += row.loss;
    return sum;
  }
  double Largest(size_t group, Eigen::Index row) const {
    return groups_[group].problem.target.row(row).cwiseAbs().maxCoeff();
  }
  double BiasOf(size_t group, Eigen::Index row) const {
    return bias_[group * static_cast<size_t>(groups_[0].problem.target.rows()) +
                 static_cast<size_t>(row)];
  }

  std::vector<int32_t> FirstExponents(int max_level) const {
    std::vector<int32_t> exponents;
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (Eigen::Index r = 0; r < groups_[g].problem.target.rows(); ++r) {
        exponents.push_back(Candidates(Largest(g, r), max_level, BiasOf(g, r), scales_,
                                       choice_.alphabet, choice_.bits)[0]);
      }
    }
    if (!choice_.per_channel) {
      std::fill(exponents.begin(), exponents.end(),
                *std::max_element(exponents.begin(), exponents.end()));
    }
    return exponents;
  }

  // Fits an alphabet to what the layer wants at these exponents: its weights, or with `last` what
  // rounding with that alphabet wanted after feedback.
  Alphabet Fit(const std::vector<int32_t>& exponents, const Alphabet* last) const {
    std::vector<Point> points;
    std::vector<PairPoint> pairs;
    size_t at = 0;
    for (const Group& group : groups_) {
      const RoundingProblem& p = group.problem;
      const auto rows = static_cast<size_t>(p.target.rows());
      const std::vector<int32_t> own(exponents.begin() + static_cast<ptrdiff_t>(at),
                                     exponents.begin() + static_cast<ptrdiff_t>(at + rows));
      RowMatrix wanted = p.target;
      if (last != nullptr) {
        wanted = RoundingTargets(p, *last, own, options_);
      } else {
        for (Eigen::Index r = 0; r < wanted.rows(); ++r) {
          wanted.row(r) *= static_cast<float>(std::ldexp(1.0, -own[static_cast<size_t>(r)]));
        }
      }
      for (Eigen::Index r = 0; r < wanted.rows(); ++r) {
        const double scale = std::ldexp(1.0, 2 * own[static_cast<size_t>(r)]);
        const auto weight = [&](Eigen::Index k) {
          return static_cast<float>(scale * (p.hessian(k, k) + 1e-12));
        };
        for (Eigen::Index k = 0; k < wanted.cols(); ++k) {
          if (choice_.alphabet == AlphabetKind::kCustom) {
            points.push_back({wanted(r, k), weight(k)});
            continue;
          }
          const bool second = (k % p.in_per_group) + 1 < p.in_per_group;
          pairs.push_back({wanted(r, k), second ? wanted(r, k + 1) : 0.0F, weight(k),
                           second ? weight(k + 1) : 0.0F});
          if (second) ++k;
        }
      }
      at += rows;
    }
    if (choice_.alphabet == AlphabetKind::kCustom)
      return FitCustom(points, choice_.bits, recipe_.max_fitted_level);
    const auto fit = recipe_.symmetric_pairs ? FitSymmetricPairs : FitPairs;
    return fit(pairs, choice_.bits, recipe_.max_fitted_level);
  }

  // `around`: exponents to stay near (fitted alphabets); empty: from the largest weight.
  std::vector<RoundedRow> Round(const Alphabet& alphabet, int max_level,
                                const std::vector<int32_t>& around) {
    std::vector<std::vector<std::vector<int32_t>>> candidates(groups_.size());
    size_t at = 0;
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (Eigen::Index r = 0; r < groups_[g].problem.target.rows(); ++r, ++at) {
        auto list = Candidates(Largest(g, r), max_level, BiasOf(g, r), scales_, choice_.alphabet,
                               choice_.bits);
        if (!around.empty() && std::find(list.begin(), list.end(), around[at]) == list.end()) {
          list.push_back(around[at]);
        }
        candidates[g].push_back(std::move(list));
      }
    }
    if (choice_.per_channel) return RoundAll(alphabet, candidates);

    // One exponent for the layer: the one with the least loss of all.
    int32_t top = INT32_MIN;
    for (const auto& group : candidates) {
      for (const auto& list : group) top = std::max(top, list[0]);
    }
    std::vector<RoundedRow> best;
    for (int32_t e = top; e > top - 4; --e) {
      for (auto& group : candidates) {
        for (auto& list : group) list = {e};
      }
      std::vector<RoundedRow> rows = RoundAll(alphabet, candidates);
      if (best.empty() || Loss(rows) < Loss(best)) best = std::move(rows);
    }
    return best;
  }
  std::vector<RoundedRow> RoundAll(
      const Alphabet& alphabet,
      const std::vector<std::vector<std::vector<int32_t>>>& candidates) const {
    std::vector<RoundedRow> rows;
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (RoundedRow& row : RoundGroup(groups_[g].problem, alphabet, candidates[g], options_)) {
        rows.push_back(std::move(row));
      }
    }
    return rows;
  }

  const WeightChoice& choice_;
  const Recipe& recipe_;
  const std::vector<Group>& groups_;
  std::vector<double> bias_;
  const Lowering::ConvScales& scales_;
  RoundingOptions options_;
};

}  // namespace

Expected<QuantisedLayer> QuantiseLayer(const graph::Conv& conv, const PlanNode& node,
                                       const Lowering::ConvScales& scales, const Moments& moments,
                                       const Recipe& recipe, int threads) {
  const auto rows = static_cast<Eigen::Index>(conv.out_channels / conv.groups);
  const auto in_per_group = static_cast<int32_t>(scales.input_factor.size()) / conv.groups;
  const Eigen::Index columns =
      Eigen::Index{conv.window.kernel_h} * conv.window.kernel_w * in_per_group;

  std::vector<Group> groups;
  std::vector<double> float_bias;
  for (int32_t g = 0; g < conv.groups; ++g) {
    Group group;
    group.moments = moments.Centred(g);
    RowMatrix plain(rows, columns);
    for (Eigen::Index r = 0; r < rows; ++r) {
      const auto o = static_cast<size_t>(g * rows + r);
      for (Eigen::Index k = 0; k < columns; ++k) {
        const auto c = static_cast<size_t>(g * in_per_group + k % in_per_group);
        plain(r, k) = static_cast<float>(
            conv.weights[o * static_cast<size_t>(columns) + static_cast<size_t>(k)] *
            scales.input_factor[c] / scales.output_factor[o]);
      }
      float_bias.push_back((conv.bias.empty() ? 0.0 : conv.bias[o]) / scales.output_factor[o]);
    }
    group.problem.in_per_group = in_per_group;
    group.problem.hessian = group.moments.xx;
    group.problem.target =
        recipe.error_feedback ? Target(plain, group.moments, moments.samples()) : std::move(plain);
    groups.push_back(std::move(group));
  }

  QuantisedLayer layer;
  LayerQuantiser quantiser(node.weights, recipe, groups, float_bias, scales, threads);
  POTLUT_ASSIGN_OR_RETURN(layer.alphabet, quantiser.Run(layer.rows));

  // The bias takes up what the means of inputs and weights left.
  for (int32_t g = 0; g < conv.groups; ++g) {
    for (Eigen::Index r = 0; r < rows; ++r) {
      const auto o = static_cast<size_t>(g * rows + r);
      if (!recipe.bias_correction) {
        layer.bias.push_back(float_bias[o]);
        continue;
      }
      ConvOp one;
      one.alphabet = layer.alphabet;
      one.codes = layer.rows[o].codes;
      const std::vector<int8_t> levels = ExpandWeights(one, in_per_group);
      double sum = 0;
      for (Eigen::Index k = 0; k < columns; ++k) {
        sum += levels[static_cast<size_t>(k)] * groups[static_cast<size_t>(g)].moments.x[k];
      }
      const double mean =
          groups[static_cast<size_t>(g)].moments.y[r] - std::ldexp(sum, layer.rows[o].exponent);
      layer.bias.push_back(std::ldexp(mean, scales.input_exponent));
    }
  }
  return layer;
}

}  // namespace potlut::quant
