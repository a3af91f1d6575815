// How the weights of an alphabet become addresses of product tables: one pass over the inputs for
// each digit, level = sum of digit * 2^scale.
//
// A table holds 16 products, or 64 sums of two products. Alphabets that fit (16 levels; 64 pairs; 8
// levels twice) take one pass. Others are cut: 8-bit weights into two digits of 4 bits, or three of
// 3 bits where tables hold pairs.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "accel/geometry.h"
#include "program/program.h"

namespace potlut::accel {

struct Digit {
  int32_t scale = 0;  // weighs 2^scale
  // What kLevels holds: `level_bytes` bytes an entry, table_entries() of them. Pairs stand in the
  // order of a short tour (pair_tour.h).
  std::vector<int8_t> list;
  int32_t fill_cycles = 0;  // that the generators take for it
};

class Digits {
 public:
  // Every entry fits the arrays of rtl/pe (docs/accelerator.md) whatever the input's values:
  // levels that do not are cut into digits. Errors: kUnsupported for pairs on single tables, for
  // more than 64 pairs, and for pairs whose sums of products are too large.
  static Expected<Digits> Of(const Alphabet& alphabet, const Geometry& geometry, TensorType input);

  const std::vector<Digit>& digits() const { return digits_; }
  bool pairs() const { return pairs_; }  // the program's codes are pairs
  // The address of a weight's level in digit `d`, in tables of single products.
  uint8_t Single(size_t d, int8_t level) const {
    return index_[d][static_cast<size_t>(level + 128)];
  }
  // Of two weights' levels, in tables of pairs.
  uint8_t Pair(size_t d, int8_t first, int8_t second) const {
    return place_[d][static_cast<size_t>(Single(d, first) + 8 * Single(d, second))];
  }
  // Of a code of the program, where they are pairs.
  uint8_t PairCode(uint8_t code) const { return place_[0][code]; }
  uint8_t zero() const { return zero_; }  // of the pair (0, 0), where they are pairs

 private:
  void SetPairs(Digit& digit, const std::vector<int8_t>& levels);

  bool pairs_ = false;
  uint8_t zero_ = 0;
  std::vector<Digit> digits_;
  std::vector<std::array<uint8_t, 256>> index_;
  std::vector<std::array<uint8_t, 64>> place_;  // of pairs in their tour
};

}  // namespace potlut::accel
