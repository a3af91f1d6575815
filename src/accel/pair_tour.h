// The order in which the entries of a pair table are numbered. The generators of rtl/pe walk from
// entry to entry, one or two levels of one weight a cycle: a short tour is a short fill, and one in
// which little toggles.
#pragma once

#include <utility>
#include <vector>

namespace potlut::accel {

using LevelPair = std::pair<int, int>;

// A short tour from (0, 0) through all pairs: result[i] is the pair that gets number i. The nearest
// neighbour each time, then stretches reversed while one helps (2-opt).
std::vector<int> PairTour(const std::vector<LevelPair>& pairs);

// Cycles that a fill takes in the order given.
int PairFillCycles(const std::vector<LevelPair>& pairs);

}  // namespace potlut::accel
