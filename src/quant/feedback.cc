// Error feedback over a Cholesky factor of the Hessian, column block by column block. With H = R
// R^T the loss of errors e is |e R|^2, one term a column: no inverse is needed.
#include "quant/feedback.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "quant/descent.h"

namespace potlut::quant {
namespace {

constexpr Eigen::Index kBlock = 64;

// Finds codes: the nearest level for single alphabets.
class Nearest {
 public:
  explicit Nearest(const Alphabet& a) : levels_(a.levels) {
    consecutive_ = a.kind == AlphabetKind::kUniform;
    for (size_t i = 1; i < levels_.size(); ++i) {
      middles_.push_back(0.5F *
                         (static_cast<float>(levels_[i - 1]) + static_cast<float>(levels_[i])));
    }
  }
  uint8_t Code(float v) const {
    if (consecutive_) {
      const float top = static_cast<float>(levels_.back());
      return static_cast<uint8_t>(std::clamp(std::floor(v + 0.5F), -top, top) + top);
    }
    size_t code = 0;
    for (const float middle : middles_) code += v > middle ? 1 : 0;
    return static_cast<uint8_t>(code);
  }
  float Level(uint8_t code) const { return static_cast<float>(levels_[code]); }

 private:
  const std::vector<int8_t>& levels_;
  std::vector<float> middles_;
  bool consecutive_ = false;
};

// Columns in the order in which they are rounded, and the factor that feeds errors forward. Pairs
// keep their two columns together; the missing second of an odd channel count is a column of its
// own that weighs almost nothing.
struct Prepared {
  std::vector<int32_t>
      column;                 // position in rounding order -> problem column, -1: padding of a pair
  std::vector<int32_t> code;  // position -> index of its code in the row
  // With H = R R^T, R upper triangular, in rounding order: above the diagonal R(j, k) / R(k, k),
  // the share of column j's error that column k makes good; on it R(k, k), the root of what an
  // error in k costs then.
  RowMatrix factor;
};

Prepared Prepare(const RoundingProblem& problem, bool pairs, const RoundingOptions& options) {
  const auto columns = static_cast<int32_t>(problem.target.cols());
  const auto& h = problem.hessian;
  const double mean = std::max(h.diagonal().mean(), 1e-30);
  // Units that stay together: single columns, or the two of a pair.
  struct Unit {
    int32_t first, second;
    double weight;
  };
  std::vector<Unit> units;
  if (pairs) {
    for (int32_t tap = 0; tap < columns; tap += problem.in_per_group) {
      for (int32_t i = 0; i < problem.in_per_group; i += 2) {
        const int32_t a = tap + i, b = i + 1 < problem.in_per_group ? a + 1 : -1;
        units.push_back({a, b, h(a, a) + (b < 0 ? 0.0 : h(b, b))});
      }
    }
  } else {
    for (int32_t i = 0; i < columns; ++i) units.push_back({i, -1, h(i, i)});
  }
  std::vector<int32_t> order(units.size());
  std::iota(order.begin(), order.end(), 0);
  if (options.error_feedback) {
    // What matters most is rounded first, while most is left to make it good.
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return units[static_cast<size_t>(a)].weight > units[static_cast<size_t>(b)].weight;
    });
  }
  Prepared p;
  for (const int32_t u : order) {
    const Unit& unit = units[static_cast<size_t>(u)];
    p.column.push_back(unit.first);
    p.code.push_back(u);
    if (pairs) {
      p.column.push_back(unit.second);
      p.code.push_back(u);
    }
  }
  const auto n = static_cast<Eigen::Index>(p.column.size());
  // Built in reverse order: the Cholesky factor of the reversed matrix, turned round, is R.
  Eigen::MatrixXd reversed(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      const int32_t a = p.column[static_cast<size_t>(n - 1 - i)];
      const int32_t b = p.column[static_cast<size_t>(n - 1 - j)];
      double v = a < 0 || b < 0 ? 0.0 : h(a, b);
      if (!options.error_feedback && i != j) v = 0;
      if (i == j) v += a < 0 ? 1e-9 * mean : options.damping * mean;
      reversed(i, j) = v;
    }
  }
  Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> llt(reversed);  // in place
  Eigen::MatrixXd r = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) r(n - 1 - i, n - 1 - j) = reversed(i, j);
  }
  reversed.resize(0, 0);
  for (Eigen::Index k = 0; k < n; ++k) r.col(k).head(k) /= r(k, k);
  p.factor = r.cast<float>();
  return p;
}

// Rounds rows [begin, end) of `work` ([row][position], level units, changed by feedback). Calls
// emit(row, position, code) for each code. Loss in level units.
class RowRounder {
 public:
  RowRounder(const Alphabet& alphabet, const RowMatrix& factor)
      : alphabet_(alphabet), nearest_(alphabet), r_(factor) {}

  template <typename Emit>
  void Round(RowMatrix& work, Eigen::Index begin, Eigen::Index end, std::vector<double>& loss,
             Emit emit) const {
    const Eigen::Index n = work.cols();
    const RowMatrix original = work.middleRows(begin, end - begin);
    RowMatrix errors(end - begin, kBlock);
    for (Eigen::Index at = 0; at < n; at += kBlock) {
      const Eigen::Index width = std::min(kBlock, n - at);
      for (Eigen::Index row = begin; row < end; ++row) {
        float* w = &work(row, 0);
        const float* wanted = &original(row - begin, 0);
        float* e = &errors(row - begin, 0);
        double& row_loss = loss[static_cast<size_t>(row)];
        for (Eigen::Index i = at; i < at + width;) {
          if (alphabet_.is_pair()) {
            const uint8_t code = NearestPair(w[i], w[i + 1], wanted[i], i);
            row_loss += Cost(w, i, PairLevel(code, 0));
            Feed(w, wanted, e, at, width, i, PairLevel(code, 0));
            row_loss += Cost(w, i + 1, PairLevel(code, 1));
            Feed(w, wanted, e, at, width, i + 1, PairLevel(code, 1));
            emit(row, i, code);
            i += 2;
          } else {
            const uint8_t code = nearest_.Code(w[i]);
            row_loss += Cost(w, i, nearest_.Level(code));
            Feed(w, wanted, e, at, width, i, nearest_.Level(code));
            emit(row, i, code);
            ++i;
          }
        }
      }
      const Eigen::Index rest = n - at - width;
      if (rest > 0) {
        work.block(begin, at + width, end - begin, rest).noalias() +=
            errors.leftCols(width) * r_.block(at, at + width, width, rest);
      }
    }
  }

 private:
  float PairLevel(uint8_t code, size_t member) const {
    return static_cast<float>(alphabet_.levels[size_t{code} * 2 + member]);
  }
  // The entry with the least cost of both members, the second seen after the first's feedback.
  uint8_t NearestPair(float a, float b, float wanted_a, Eigen::Index i) const {
    const float ra = r_(i, i), rb = r_(i + 1, i + 1), share = r_(i, i + 1);
    float least = INFINITY;
    uint8_t best = 0;
    const int codes = alphabet_.codes();
    for (int c = 0; c < codes; ++c) {
      const auto code = static_cast<uint8_t>(c);
      const float level = PairLevel(code, 0);
      const float ea = (a - level) * ra;
      const float eb = (b + (wanted_a - level) * share - PairLevel(code, 1)) * rb;
      const float cost = ea * ea + eb * eb;
      if (cost < least) {
        least = cost;
        best = code;
      }
    }
    return best;
  }
  double Cost(const float* w, Eigen::Index i, float level) const {
    const double error = double{w[i] - level} * r_(i, i);
    return error * error;
  }
  // Hands the error of column i, against what was wanted before any feedback, to the block's later
  // columns; `e` keeps it for those after the block.
  void Feed(float* w, const float* wanted, float* e, Eigen::Index at, Eigen::Index width,
            Eigen::Index i, float level) const {
    const float error = wanted[i] - level;
    e[i - at] = error;
    const float* share = &r_(i, 0);
    for (Eigen::Index j = i + 1; j < at + width; ++j) w[j] += error * share[j];
  }

  const Alphabet& alphabet_;
  Nearest nearest_;
  const RowMatrix& r_;
};

void Permute(const RoundingProblem& problem, const Prepared& p, Eigen::Index row, int32_t exponent,
             float* out) {
  const auto scale = static_cast<float>(std::ldexp(1.0, -exponent));
  for (size_t i = 0; i < p.column.size(); ++i) {
    out[i] = p.column[i] < 0 ? 0.0F : problem.target(row, p.column[i]) * scale;
  }
}

}  // namespace

std::vector<RoundedRow> RoundGroup(const RoundingProblem& problem, const Alphabet& alphabet,
                                   const std::vector<std::vector<int32_t>>& exponents,
                                   const RoundingOptions& options) {
  const Prepared p = Prepare(problem, alphabet.is_pair(), options);
  const size_t rows = exponents.size();
  const size_t codes = p.column.size() / (alphabet.is_pair() ? 2 : 1);

  // One work row a candidate.
  struct Candidate {
    size_t row;
    int32_t exponent;
  };
  std::vector<Candidate> candidates;
  for (size_t row = 0; row < rows; ++row) {
    for (const int32_t e : exponents[row]) candidates.push_back({row, e});
  }
  const size_t count = candidates.size();
  RowMatrix work(static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(p.column.size()));
  std::vector<double> loss(count, 0.0);
  std::vector<std::vector<uint8_t>> rounded(count, std::vector<uint8_t>(codes));
  const RowRounder rounder(alphabet, p.factor);
  // A depthwise layer has a thousand tiny groups: not worth a thread each.
  const int threads = work.size() * work.cols() < (1 << 20) ? 1 : options.threads;
  ParallelChunks(static_cast<int64_t>(count), threads, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const Candidate& c = candidates[static_cast<size_t>(i)];
      Permute(problem, p, static_cast<Eigen::Index>(c.row), c.exponent, &work(i, 0));
    }
    rounder.Round(work, begin, end, loss,
                  [&](Eigen::Index row, Eigen::Index position, uint8_t code) {
                    rounded[static_cast<size_t>(row)]
                           [static_cast<size_t>(p.code[static_cast<size_t>(position)])] = code;
                  });
  });

  std::vector<RoundedRow> result(rows);
  std::vector<bool> taken(rows, false);
  // The best exponent's runner-up rarely wins after descent: only the best descends.
  for (size_t i = 0; i < count; ++i) {
    RoundedRow& best = result[candidates[i].row];
    const double real_loss = loss[i] * std::ldexp(1.0, 2 * candidates[i].exponent);
    if (taken[candidates[i].row] && real_loss >= best.loss) continue;
    taken[candidates[i].row] = true;
    best = {candidates[i].exponent, real_loss, std::move(rounded[i])};
  }
  if (options.sweeps > 0) {
    ParallelFor(static_cast<int64_t>(rows), threads, [&](int64_t r) {
      Descend(problem, alphabet, options.damping, options.sweeps, r,
              result[static_cast<size_t>(r)]);
    });
  }
  return result;
}

RowMatrix RoundingTargets(const RoundingProblem& problem, const Alphabet& alphabet,
                          const std::vector<int32_t>& exponents, const RoundingOptions& options) {
  const Prepared p = Prepare(problem, alphabet.is_pair(), options);
  const Eigen::Index rows = problem.target.rows();
  RowMatrix work(rows, static_cast<Eigen::Index>(p.column.size()));
  std::vector<double> loss(static_cast<size_t>(rows), 0.0);
  const RowRounder rounder(alphabet, p.factor);
  ParallelChunks(rows, options.threads, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      Permute(problem, p, i, exponents[static_cast<size_t>(i)], &work(i, 0));
    }
    // Feedback never changes a column after it was rounded, so `work` ends up holding what was
    // wanted.
    rounder.Round(work, begin, end, loss, [](Eigen::Index, Eigen::Index, uint8_t) {});
  });
  RowMatrix targets(rows, problem.target.cols());
  for (size_t i = 0; i < p.column.size(); ++i) {
    if (p.column[i] >= 0) targets.col(p.column[i]) = work.col(static_cast<Eigen::Index>(i));
  }
  return targets;
}

}  // namespace potlut::quant
