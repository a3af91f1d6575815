// Alphabets fitted to a layer: the levels, or pairs of levels, that lie closest to where its
// weights want to be.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "program/alphabet.h"

namespace potlut::quant {

// A weight in level units (real weight / 2^exponent of its channel) and how much its error matters.
struct Point {
  float value = 0;
  float weight = 1;
};

// The 2^bits integers within +-max_level, 0 among them, with the least weighted squared error:
// exact, by dynamic programming over the candidates.
Alphabet FitCustom(const std::vector<Point>& points, int bits, int max_level);

// Two neighbouring weights.
struct PairPoint {
  float first = 0, second = 0;
  float first_weight = 1, second_weight = 1;
};

// 2^bits pairs of integers within +-max_level, (0, 0) among them: weighted k-means with the means
// rounded to integers. Deterministic; of many points an even sample is used.
Alphabet FitPairs(const std::vector<PairPoint>& points, int bits, int max_level);

// The same for a list that holds the negative of each of its pairs: (0, 0) and up to 2^(bits-1) - 1
// pairs with their negatives. A circuit that looks sums up can then keep half a table.
Alphabet FitSymmetricPairs(const std::vector<PairPoint>& points, int bits, int max_level);

}  // namespace potlut::quant
