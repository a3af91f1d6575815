// Frequency tables of coder kAns2: square roots of frequencies, few of them for wide alphabets.
//
// A count is known to about its square root, so square roots are stored, as coarse as the layer's
// size allows: a step of s loses as much in each of them, rare or frequent. Codes of wide
// alphabets are bell-shaped: roots stand at every 2^spacing_log2-th code, those between are
// interpolated, and one code (the zero of dead weights) may stick out. docs/format.md has the
// bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/bits.h"

namespace potlut {

inline constexpr uint32_t kAns2MaxRoot = 2047;
inline constexpr int kAns2MaxSpacingLog2 = 5;
inline constexpr int kAns2NarrowCodes = 32;  // from `first` to `last`; more may be interpolated

// What is stored.
struct Ans2Table {
  int first = 0, last = 0;    // the codes that have a frequency
  int probability_bits = 12;  // frequencies sum to 2^this: 12, or 14 for wide alphabets
  int spacing_log2 = 0;
  int peak = -1;  // a code less `first` with a root of its own; -1: none
  uint32_t peak_root = 0;
  int mode = 0;  // how roots follow from each other: 1 differences, 2 mirrored, 3 both
  int rice = 0;
  std::vector<uint32_t> roots;  // one each 2^spacing_log2 codes from `first` on, up to `last`

  int codes() const { return last - first + 1; }
  bool wide() const { return codes() > kAns2NarrowCodes; }
};

// Frequencies of all `codes` codes of the alphabet, each below 2^16; they sum to
// 2^probability_bits. Empty where all roots are 0.
std::vector<uint32_t> Ans2Frequencies(const Ans2Table& table, int codes);

struct Ans2Cost {
  uint64_t bits = 0;          // of the table and all codes
  uint64_t entropy_bits = 0;  // of the codes, at best
};
// The table with which `counts` (total at least 1, below 2^32) take the fewest bits, table
// included. Integer arithmetic only: every machine chooses the same.
Ans2Table ChooseAns2Table(std::span<const uint64_t> counts, Ans2Cost* cost);

void WriteAns2Table(BitWriter& writer, const Ans2Table& table, int codes);
// Errors (kBadInput, text without place): ranges, roots past their limit, no root at all, stream
// ended.
Expected<Ans2Table> ReadAns2Table(BitReader& reader, int codes);

}  // namespace potlut
