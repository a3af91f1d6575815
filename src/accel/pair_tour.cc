// Nearest neighbours and 2-opt.
#include "accel/pair_tour.h"

#include <algorithm>
#include <cstdlib>

namespace potlut::accel {
namespace {

int Steps(LevelPair a, LevelPair b) {
  return (std::abs(a.first - b.first) + 1) / 2 + (std::abs(a.second - b.second) + 1) / 2;
}

}  // namespace

int PairFillCycles(const std::vector<LevelPair>& pairs) {
  int cycles = 2;
  LevelPair at{0, 0};
  for (const LevelPair& pair : pairs) {
    cycles += std::max(1, Steps(at, pair));
    at = pair;
  }
  return cycles;
}

std::vector<int> PairTour(const std::vector<LevelPair>& pairs) {
  const auto pair = [&](int i) { return pairs[static_cast<size_t>(i)]; };
  std::vector<int> left(pairs.size()), tour;
  for (size_t i = 0; i < left.size(); ++i) left[i] = static_cast<int>(i);
  LevelPair at{0, 0};
  while (!left.empty()) {
    const auto next = std::min_element(left.begin(), left.end(), [&](int a, int b) {
      return Steps(at, pair(a)) < Steps(at, pair(b));
    });
    at = pair(*next);
    tour.push_back(*next);
    left.erase(next);
  }
  // The tour's place i, (0, 0) before the first; after the last everything is near.
  const auto stands = [&](size_t i) { return i == 0 ? LevelPair{0, 0} : pair(tour[i - 1]); };
  const auto from_to = [&](size_t a, size_t b) {
    return b > tour.size() ? 0 : Steps(stands(a), stands(b));
  };
  for (bool better = true; better;) {
    better = false;
    for (size_t i = 1; i <= tour.size(); ++i) {
      for (size_t j = i + 1; j <= tour.size(); ++j) {
        const int before = from_to(i - 1, i) + from_to(j, j + 1);
        const int after = from_to(i - 1, j) + from_to(i, j + 1);
        if (after >= before) continue;
        std::reverse(tour.begin() + static_cast<std::ptrdiff_t>(i - 1),
                     tour.begin() + static_cast<std::ptrdiff_t>(j));
        better = true;
      }
    }
  }
  return tour;
}

}  // namespace potlut::accel
