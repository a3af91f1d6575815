// Fitted pairs whose negatives are in the list too: k-means over points and entries up to sign.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "quant/fit_levels.h"

namespace potlut::quant {
namespace {

using Entry = std::pair<int, int>;

Entry Upper(Entry e) { return e >= Entry(0, 0) ? e : Entry(-e.first, -e.second); }

double Cost(const PairPoint& p, Entry e, double sign) {
  const double a = sign * p.first - e.first, b = sign * p.second - e.second;
  return p.first_weight * a * a + p.second_weight * b * b;
}

}  // namespace

Alphabet FitSymmetricPairs(const std::vector<PairPoint>& all, int bits, int max_level) {
  constexpr size_t kMost = 60000;
  constexpr int kRounds = 12;
  // Folded into one half of the plane, the points want half of the list. What lies at the fold may
  // be nearer to a negative; the rounds after this see both.
  std::vector<PairPoint> points;
  const size_t step = std::max<size_t>(1, all.size() / kMost);
  for (size_t i = 0; i < all.size(); i += step) {
    PairPoint p = all[i];
    if (std::make_pair(p.first, p.second) < std::make_pair(0.0F, 0.0F)) {
      p.first = -p.first;
      p.second = -p.second;
    }
    points.push_back(p);
  }
  const Alphabet folded = FitPairs(points, bits - 1, max_level);
  std::set<Entry> distinct;
  for (size_t i = 0; i + 1 < folded.levels.size(); i += 2)
    distinct.insert(Upper({folded.levels[i], folded.levels[i + 1]}));
  std::vector<Entry> entries(distinct.begin(), distinct.end());  // (0, 0) is the first

  const auto clip = [&](double v) {
    return static_cast<int>(std::clamp(std::floor(v + 0.5), -double(max_level), double(max_level)));
  };
  struct Sum {
    double wa = 0, wb = 0, a = 0, b = 0;
  };
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Sum> sums(entries.size());
    for (const PairPoint& p : points) {
      double least = INFINITY, sign = 1;
      size_t nearest = 0;
      for (size_t k = 0; k < entries.size(); ++k) {
        for (const double s : {1.0, -1.0}) {
          const double c = Cost(p, entries[k], s);
          if (c < least) {
            least = c;
            nearest = k;
            sign = s;
          }
        }
      }
      Sum& s = sums[nearest];
      s.wa += p.first_weight;
      s.wb += p.second_weight;
      s.a += sign * p.first_weight * p.first;
      s.b += sign * p.second_weight * p.second;
    }
    bool moved = false;
    for (size_t k = 1; k < entries.size(); ++k) {
      if (sums[k].wa <= 0 || sums[k].wb <= 0) continue;
      const Entry to = Upper({clip(sums[k].a / sums[k].wa), clip(sums[k].b / sums[k].wb)});
      if (to == entries[k] || distinct.count(to) > 0) continue;
      distinct.erase(entries[k]);
      distinct.insert(to);
      entries[k] = to;
      moved = true;
    }
    if (!moved) break;
  }
  std::set<Entry> both;
  for (const auto& [a, b] : entries) {
    both.insert({a, b});
    both.insert({-a, -b});
  }
  Alphabet alphabet{AlphabetKind::kPair, bits, {}};
  for (const auto& [a, b] : both) {
    alphabet.levels.push_back(static_cast<int8_t>(a));
    alphabet.levels.push_back(static_cast<int8_t>(b));
  }
  return alphabet;
}

}  // namespace potlut::quant
