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
#include "program/alphabet.h"

namespace potlut::accel {

struct Digit {
  int32_t scale = 0;  // weighs 2^scale
  // What kLevels holds: `level_bytes` bytes an entry, table_entries() of them, unused ones 0.
  std::vector<int8_t> list;
};

class Digits {
 public:
  // Errors: kUnsupported for pairs on single tables and for more than 64 pairs.
  static Expected<Digits> Of(const Alphabet& alphabet, const Geometry& geometry);

  const std::vector<Digit>& digits() const { return digits_; }
  bool pairs() const { return pairs_; }  // a code of the program addresses a table as it is
  // The address of a weight's level in digit `d`: of a single product, or half of a pair's address.
  uint8_t Index(size_t d, int8_t level) const {
    return index_[d][static_cast<size_t>(level + 128)];
  }
  // The address that stands for no weight at all: a table entry of 0.
  uint8_t zero() const { return zero_; }

 private:
  bool pairs_ = false;
  uint8_t zero_ = 0;
  std::vector<Digit> digits_;
  std::vector<std::array<uint8_t, 256>> index_;
};

}  // namespace potlut::accel
