// Alphabets: the ordered list of int8 levels that a layer's weight codes index (numerics.md,
// section 2).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace potlut {

enum class AlphabetKind : uint8_t {
  kPot = 0,      // 0 and signed powers of two; 2, 3 or 4 bits
  kApot = 1,     // sums of two powers of two; 3, 4 or 5 bits
  kUniform = 2,  // consecutive integers, symmetric; 2 to 5 or 8 bits
  kCustom = 3,   // fitted levels; 2 to 5 bits
  kPair = 4,     // fitted pairs of levels, one index for two weights; 5 to 8 bits a pair
};

struct Alphabet {
  AlphabetKind kind = AlphabetKind::kPot;
  int bits = 4;  // of one code
  // Single alphabets: up to 2^bits distinct levels, ascending; 0 is among them.
  // kPair: entry i is (levels[2i], levels[2i+1]), up to 2^bits distinct pairs, ascending
  // lexicographically; (0, 0) is among them.
  std::vector<int8_t> levels;

  int codes() const {  // number of valid codes
    return static_cast<int>(levels.size()) / (kind == AlphabetKind::kPair ? 2 : 1);
  }
  bool is_pair() const { return kind == AlphabetKind::kPair; }
  int max_abs() const;  // the largest |level|
  bool operator==(const Alphabet&) const = default;
};

// The fixed alphabets. Errors: kUnsupported for a kind that must be fitted or bits it does not
// have.
Expected<Alphabet> MakeAlphabet(AlphabetKind kind, int bits);

// Checks every rule above; the message says which was broken.
Status ValidateAlphabet(const Alphabet& alphabet);

std::string_view AlphabetName(AlphabetKind kind);  // "pot", "apot", ...
Expected<AlphabetKind> ParseAlphabetKind(std::string_view name);

}  // namespace potlut
