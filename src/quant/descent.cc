// One row at a time, with the gradient of its loss kept up to date.
#include "quant/descent.h"

#include <algorithm>
#include <cmath>

namespace potlut::quant {
namespace {

class RowDescent {
 public:
  RowDescent(const RoundingProblem& problem, const Alphabet& alphabet, double damping,
             Eigen::Index r, RoundedRow& row)
      : h_(problem.hessian), alphabet_(alphabet), row_(row) {
    ridge_ = damping * std::max(h_.diagonal().mean(), 1e-30);
    const double scale = std::ldexp(1.0, -row.exponent);
    const Eigen::Index n = problem.target.cols();
    // Columns of each code, and the error that it leaves, in level units.
    const Eigen::Index per_tap = problem.in_per_group;
    error_.resize(n);
    for (Eigen::Index k = 0, code = 0; k < n; ++code) {
      const bool two = alphabet.is_pair() && k % per_tap + 1 < per_tap;
      first_.push_back(k);
      for (Eigen::Index member = 0; member < (two ? 2 : 1); ++member, ++k) {
        error_[k] =
            problem.target(r, k) * scale - Level(row.codes[static_cast<size_t>(code)], member);
      }
    }
    first_.push_back(n);
    gradient_ = h_ * error_ + ridge_ * error_;
  }

  // Returns whether anything moved.
  bool Sweep() {
    bool moved = false;
    for (size_t i = 0; i + 1 < first_.size(); ++i) {
      const bool two = first_[i + 1] - first_[i] == 2;
      moved = (two ? MovePair(i) : MoveSingle(i)) || moved;
    }
    return moved;
  }
  double Loss() const { return error_.dot(gradient_); }

 private:
  double Level(uint8_t code, Eigen::Index member) const {
    const size_t entry =
        alphabet_.is_pair() ? size_t{code} * 2 + static_cast<size_t>(member) : code;
    return alphabet_.levels[entry];
  }
  // Moving column k up by `step` lowers its error by as much.
  void Step(Eigen::Index k, double step) {
    error_[k] -= step;
    gradient_ -= step * h_.col(k);
    gradient_[k] -= step * ridge_;
  }
  // What a step in column k costs (negative: gains).
  double Cost(Eigen::Index k, double step) const {
    return step * (step * (h_(k, k) + ridge_) - 2 * gradient_[k]);
  }
  bool Take(size_t i, int best, double gain) {
    // Ties and rounding noise must not keep a sweep going.
    if (best < 0 || gain > -1e-7 * (h_(first_[i], first_[i]) + ridge_)) return false;
    const auto code = static_cast<uint8_t>(best);
    for (Eigen::Index k = first_[i]; k < first_[i + 1]; ++k) {
      const double step = Level(code, k - first_[i]) - Level(row_.codes[i], k - first_[i]);
      if (step != 0) Step(k, step);
    }
    row_.codes[i] = code;
    return true;
  }
  bool MoveSingle(size_t i) {
    const Eigen::Index k = first_[i];
    const double now = Level(row_.codes[i], 0);
    double least = 0;
    int best = -1;
    const auto consider = [&](int code) {
      const double cost = Cost(k, Level(static_cast<uint8_t>(code), 0) - now);
      if (cost < least) {
        least = cost;
        best = code;
      }
    };
    if (alphabet_.is_pair()) {  // the last of an odd channel count: only the first member counts
      for (int code = 0; code < alphabet_.codes(); ++code) consider(code);
    } else {
      // The loss is a parabola in one weight: the levels on both sides of its bottom are all to
      // look at.
      const double bottom = now + gradient_[k] / (h_(k, k) + ridge_);
      const auto& levels = alphabet_.levels;
      const auto above =
          static_cast<int>(std::lower_bound(levels.begin(), levels.end(), bottom) - levels.begin());
      for (int code = std::max(above - 1, 0); code < alphabet_.codes() && code <= above; ++code)
        consider(code);
    }
    return Take(i, best, least);
  }
  bool MovePair(size_t i) {
    const Eigen::Index k = first_[i];
    const double a = Level(row_.codes[i], 0), b = Level(row_.codes[i], 1);
    double least = 0;
    int best = -1;
    for (int code = 0; code < alphabet_.codes(); ++code) {
      const double da = Level(static_cast<uint8_t>(code), 0) - a;
      const double db = Level(static_cast<uint8_t>(code), 1) - b;
      const double cost = Cost(k, da) + Cost(k + 1, db) + 2 * da * db * h_(k, k + 1);
      if (cost < least) {
        least = cost;
        best = code;
      }
    }
    return Take(i, best, least);
  }

  const Eigen::MatrixXd& h_;
  const Alphabet& alphabet_;
  RoundedRow& row_;
  double ridge_ = 0;
  std::vector<Eigen::Index> first_;
  Eigen::VectorXd error_, gradient_;
};

}  // namespace

void Descend(const RoundingProblem& problem, const Alphabet& alphabet, double damping, int sweeps,
             Eigen::Index r, RoundedRow& row) {
  RowDescent descent(problem, alphabet, damping, r, row);
  for (int sweep = 0; sweep < sweeps && descent.Sweep(); ++sweep) {
  }
  row.loss = descent.Loss() * std::ldexp(1.0, 2 * row.exponent);
}

}  // namespace potlut::quant
