// Fitted levels: dynamic programming for single levels, k-means on the integer grid for pairs.
#include "quant/fit_levels.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace potlut::quant {
namespace {

// Weighted moments of points in cells of 1/kFine level, so that the cost of a stretch is a few
// additions.
class Moments {
 public:
  static constexpr int kFine = 32;

  Moments(const std::vector<Point>& points, int max_level) : reach_(2 * max_level + 2) {
    const size_t cells = static_cast<size_t>(2 * reach_ * kFine + 2);
    w_.assign(cells, 0);
    wx_.assign(cells, 0);
    wxx_.assign(cells, 0);
    for (const Point& p : points) {
      const double x = std::clamp<double>(p.value, -reach_ + 0.01, reach_ - 0.01);
      const size_t cell = Cell(x) + 1;
      w_[cell] += p.weight;
      wx_[cell] += double{p.weight} * x;
      wxx_[cell] += double{p.weight} * x * x;
    }
    for (size_t i = 1; i < cells; ++i) {
      w_[i] += w_[i - 1];
      wx_[i] += wx_[i - 1];
      wxx_[i] += wxx_[i - 1];
    }
  }
  // Sum of weight * (x - level)^2 over x in [from, to).
  double Cost(double from, double to, double level) const {
    const size_t a = Cell(from), b = Cell(to);
    const double w = w_[b] - w_[a], wx = wx_[b] - wx_[a], wxx = wxx_[b] - wxx_[a];
    return wxx - 2 * level * wx + level * level * w;
  }
  double reach() const { return reach_; }

 private:
  size_t Cell(double x) const { return static_cast<size_t>((x + reach_) * kFine); }
  int reach_;
  std::vector<double> w_, wx_, wxx_;
};

}  // namespace

Alphabet FitCustom(const std::vector<Point>& points, int bits, int max_level) {
  const Moments moments(points, max_level);
  const int candidates = 2 * max_level + 1;  // candidate i is level i - max_level
  const int wanted = std::min(1 << bits, candidates);
  const auto level = [&](int i) { return static_cast<double>(i - max_level); };
  // best[k][i]: least cost of everything left of candidate i, with i the k-th level chosen.
  const auto n = static_cast<size_t>(candidates);
  std::vector<std::vector<double>> best(static_cast<size_t>(wanted),
                                        std::vector<double>(n, INFINITY));
  std::vector<std::vector<int>> from(static_cast<size_t>(wanted), std::vector<int>(n, -1));
  for (int i = 0; i <= max_level; ++i) {  // the first level is not above 0
    best[0][static_cast<size_t>(i)] = moments.Cost(-moments.reach(), level(i), level(i));
  }
  for (int k = 1; k < wanted; ++k) {
    for (int i = k; i < candidates; ++i) {
      // 0 must not be jumped over.
      const int first = i > max_level ? std::max(k - 1, max_level) : k - 1;
      for (int j = first; j < i; ++j) {
        const double before = best[static_cast<size_t>(k) - 1][static_cast<size_t>(j)];
        if (before == INFINITY) continue;
        const double middle = (level(i) + level(j)) / 2;
        const double cost = before + moments.Cost(level(j), middle, level(j)) +
                            moments.Cost(middle, level(i), level(i));
        if (cost < best[static_cast<size_t>(k)][static_cast<size_t>(i)]) {
          best[static_cast<size_t>(k)][static_cast<size_t>(i)] = cost;
          from[static_cast<size_t>(k)][static_cast<size_t>(i)] = j;
        }
      }
    }
  }
  int last = -1;
  double least = INFINITY;
  for (int i = max_level; i < candidates; ++i) {
    const double cost = best[static_cast<size_t>(wanted) - 1][static_cast<size_t>(i)] +
                        moments.Cost(level(i), moments.reach(), level(i));
    if (cost < least) {
      least = cost;
      last = i;
    }
  }
  Alphabet alphabet{AlphabetKind::kCustom, bits, {}};
  for (int k = wanted - 1, i = last; k >= 0 && i >= 0;
       i = from[static_cast<size_t>(k)][static_cast<size_t>(i)], --k) {
    alphabet.levels.push_back(static_cast<int8_t>(i - max_level));
  }
  std::reverse(alphabet.levels.begin(), alphabet.levels.end());
  return alphabet;
}

namespace {

using Entry = std::pair<int, int>;

double Cost(const PairPoint& p, double a, double b) {
  const double ea = p.first - a, eb = p.second - b;
  return p.first_weight * ea * ea + p.second_weight * eb * eb;
}

}  // namespace

Alphabet FitPairs(const std::vector<PairPoint>& all, int bits, int max_level) {
  constexpr size_t kMost = 60000;
  constexpr int kRounds = 30;
  std::vector<PairPoint> points;
  const size_t step = std::max<size_t>(1, all.size() / kMost);
  for (size_t i = 0; i < all.size(); i += step) points.push_back(all[i]);

  const auto wanted = size_t{1} << bits;
  const auto clip = [&](double v) {
    return static_cast<int>(std::clamp(std::floor(v + 0.5), -double(max_level), double(max_level)));
  };
  // Where most cost is, a new entry goes: start from (0, 0) and split greedily on a coarse sample.
  std::vector<Entry> entries{{0, 0}};
  std::vector<double> cost(points.size());
  for (size_t i = 0; i < points.size(); ++i) cost[i] = Cost(points[i], 0, 0);
  while (entries.size() < wanted) {
    // The grid point that gathers the most cost among points nearest to it.
    const int side = 2 * max_level + 1;
    std::vector<double> gathered(static_cast<size_t>(side * side), 0.0);
    for (size_t i = 0; i < points.size(); ++i) {
      const int a = clip(points[i].first) + max_level, b = clip(points[i].second) + max_level;
      gathered[static_cast<size_t>(a * side + b)] += cost[i];
    }
    const auto most =
        static_cast<int>(std::max_element(gathered.begin(), gathered.end()) - gathered.begin());
    Entry entry{most / side - max_level, most % side - max_level};
    if (std::find(entries.begin(), entries.end(), entry) != entries.end()) {
      // Nothing is left to gain: any free grid point near the middle will do.
      for (int a = 0; a < side * side; ++a) {
        entry = {a / side - max_level, a % side - max_level};
        if (std::find(entries.begin(), entries.end(), entry) == entries.end()) break;
      }
    }
    entries.push_back(entry);
    for (size_t i = 0; i < points.size(); ++i) {
      cost[i] = std::min(cost[i], Cost(points[i], entry.first, entry.second));
    }
  }

  // Lloyd's iterations with real means; rounded at the end of each third, which settles on the
  // grid.
  std::vector<std::pair<double, double>> means(entries.begin(), entries.end());
  std::vector<size_t> nearest(points.size());
  for (int round = 0; round < kRounds; ++round) {
    struct Sum {
      double wa = 0, wb = 0, a = 0, b = 0, cost = 0;
    };
    std::vector<Sum> sums(means.size());
    for (size_t i = 0; i < points.size(); ++i) {
      double least = INFINITY;
      for (size_t k = 0; k < means.size(); ++k) {
        const double c = Cost(points[i], means[k].first, means[k].second);
        if (c < least) {
          least = c;
          nearest[i] = k;
        }
      }
      Sum& s = sums[nearest[i]];
      s.wa += points[i].first_weight;
      s.wb += points[i].second_weight;
      s.a += double{points[i].first_weight} * points[i].first;
      s.b += double{points[i].second_weight} * points[i].second;
      s.cost += least;
    }
    const bool to_grid = round >= kRounds / 2;
    for (size_t k = 1; k < means.size(); ++k) {  // entry 0 stays (0, 0)
      if (sums[k].wa <= 0 || sums[k].wb <= 0) continue;
      means[k] = {sums[k].a / sums[k].wa, sums[k].b / sums[k].wb};
      if (to_grid) means[k] = {clip(means[k].first), clip(means[k].second)};
    }
    if (!to_grid) continue;
    // Entries that met on one grid point: the later one moves to where it helps most.
    std::set<std::pair<double, double>> seen;
    for (size_t k = 0; k < means.size(); ++k) {
      if (seen.insert(means[k]).second) continue;
      const auto worst = static_cast<size_t>(
          std::max_element(sums.begin(), sums.end(),
                           [](const Sum& x, const Sum& y) { return x.cost < y.cost; }) -
          sums.begin());
      const auto [a, b] = means[worst];
      double least = INFINITY;
      std::pair<double, double> choice{1000, 1000};
      for (int da = -1; da <= 1; ++da) {
        for (int db = -1; db <= 1; ++db) {
          const std::pair<double, double> near{clip(a + da), clip(b + db)};
          if (seen.count(near) > 0 || std::find(means.begin(), means.end(), near) != means.end()) {
            continue;
          }
          double c = 0;
          for (size_t i = 0; i < points.size(); i += 4) {
            if (nearest[i] == worst) {
              c += std::min(Cost(points[i], a, b), Cost(points[i], near.first, near.second));
            }
          }
          if (c < least) {
            least = c;
            choice = near;
          }
        }
      }
      sums[worst].cost *= 0.5;
      if (choice.first < 999) {
        means[k] = choice;
        seen.insert(choice);
      }
    }
  }
  std::set<Entry> distinct;
  for (const auto& [a, b] : means) distinct.insert({clip(a), clip(b)});
  distinct.insert({0, 0});
  Alphabet alphabet{AlphabetKind::kPair, bits, {}};
  for (const auto& [a, b] : distinct) {
    alphabet.levels.push_back(static_cast<int8_t>(a));
    alphabet.levels.push_back(static_cast<int8_t>(b));
  }
  return alphabet;
}

}  // namespace potlut::quant
