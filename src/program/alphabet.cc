// The fixed alphabets, and the rules that fitted ones must keep.
#include "program/alphabet.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"

namespace potlut {
namespace {

struct KindInfo {
  AlphabetKind kind;
  std::string_view name;
  std::string_view bits;  // for messages
};
constexpr std::array<KindInfo, 5> kKinds{{
    {AlphabetKind::kPot, "pot", "2, 3 or 4"},
    {AlphabetKind::kApot, "apot", "3, 4 or 5"},
    {AlphabetKind::kUniform, "uniform", "2, 3, 4, 5 or 8"},
    {AlphabetKind::kCustom, "custom", "2, 3, 4 or 5"},
    {AlphabetKind::kPair, "pair", "5, 6, 7 or 8"},
}};

const KindInfo* Find(AlphabetKind kind) {
  for (const KindInfo& info : kKinds) {
    if (info.kind == kind) return &info;
  }
  return nullptr;
}

bool BitsAllowed(AlphabetKind kind, int bits) {
  switch (kind) {
    case AlphabetKind::kPot:
      return bits >= 2 && bits <= 4;
    case AlphabetKind::kApot:
      return bits >= 3 && bits <= 5;
    case AlphabetKind::kUniform:
      return (bits >= 2 && bits <= 5) || bits == 8;
    case AlphabetKind::kCustom:
      return bits >= 2 && bits <= 5;
    case AlphabetKind::kPair:
      return bits >= 5 && bits <= 8;
  }
  return false;
}

// Positive levels; the alphabet is these, their negatives and zero.
std::vector<int> Magnitudes(AlphabetKind kind, int bits) {
  std::vector<int> positive;
  if (kind == AlphabetKind::kPot) {
    for (int e = 0; e <= (1 << (bits - 1)) - 2; ++e) positive.push_back(1 << e);
  } else if (kind == AlphabetKind::kUniform) {
    for (int v = 1; v <= (1 << (bits - 1)) - 1; ++v) positive.push_back(v);
  } else if (bits == 3) {  // apot: sums of two powers of two, spaced for bell-shaped weights
    positive = {3, 6, 10};
  } else if (bits == 4) {
    positive = {1, 2, 3, 4, 6, 8, 10};
  } else {
    positive = {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 16, 18, 20, 24, 32};
  }
  return positive;
}

Error BadBits(AlphabetKind kind, int bits) {
  return Unsupported("alphabet ", Find(kind)->name, " has no ", bits, " bits; choose ",
                     Find(kind)->bits);
}

bool IsPowerOfTwo(int v) { return v > 0 && (v & (v - 1)) == 0; }

}  // namespace

int Alphabet::max_abs() const {
  int largest = 0;
  for (const int level : levels) largest = std::max(largest, std::abs(level));
  return largest;
}

Expected<Alphabet> MakeAlphabet(AlphabetKind kind, int bits) {
  if (Find(kind) == nullptr) return UsageError("no such alphabet kind");
  if (!BitsAllowed(kind, bits)) return BadBits(kind, bits);
  if (kind == AlphabetKind::kCustom || kind == AlphabetKind::kPair) {
    return Unsupported("alphabet ", AlphabetName(kind), " is fitted to a layer, not fixed");
  }
  Alphabet alphabet{kind, bits, {0}};
  for (const int v : Magnitudes(kind, bits)) {
    alphabet.levels.push_back(static_cast<int8_t>(v));
    alphabet.levels.push_back(static_cast<int8_t>(-v));
  }
  std::sort(alphabet.levels.begin(), alphabet.levels.end());
  return alphabet;
}

Status ValidateAlphabet(const Alphabet& alphabet) {
  if (Find(alphabet.kind) == nullptr) {
    return BadInput("unknown alphabet kind ", static_cast<int>(alphabet.kind));
  }
  const std::string_view name = AlphabetName(alphabet.kind);
  if (!BitsAllowed(alphabet.kind, alphabet.bits)) {
    return BadInput(BadBits(alphabet.kind, alphabet.bits).message);
  }
  const std::vector<int8_t>& levels = alphabet.levels;
  if (alphabet.is_pair() && levels.size() % 2 != 0) {
    return BadInput("alphabet pair holds half a pair");
  }
  if (levels.empty() || alphabet.codes() > (1 << alphabet.bits)) {
    return BadInput("alphabet ", name, " of ", alphabet.bits, " bits holds ", alphabet.codes(),
                    " entries");
  }
  if (alphabet.is_pair()) {
    bool zero = false;
    for (size_t i = 0; i < levels.size(); i += 2) {
      zero = zero || (levels[i] == 0 && levels[i + 1] == 0);
      if (i > 0 && std::pair(levels[i - 2], levels[i - 1]) >= std::pair(levels[i], levels[i + 1])) {
        return BadInput("alphabet pair is not in strictly ascending order");
      }
    }
    if (!zero) return BadInput("alphabet pair lacks (0, 0)");
  } else {
    for (size_t i = 1; i < levels.size(); ++i) {
      if (levels[i - 1] >= levels[i]) {
        return BadInput("alphabet ", name, " is not in strictly ascending order");
      }
    }
    if (!std::binary_search(levels.begin(), levels.end(), int8_t{0})) {
      return BadInput("alphabet ", name, " lacks level 0");
    }
  }
  for (const int level : levels) {
    if (level == -128) return BadInput("alphabet ", name, " holds -128; levels are within +-127");
    if (alphabet.kind == AlphabetKind::kPot && level != 0 && !IsPowerOfTwo(std::abs(level))) {
      return BadInput("alphabet pot holds ", level, ", which is no power of two");
    }
  }
  return {};
}

std::string_view AlphabetName(AlphabetKind kind) {
  const KindInfo* info = Find(kind);
  return info != nullptr ? info->name : "unknown";
}

Expected<AlphabetKind> ParseAlphabetKind(std::string_view name) {
  for (const KindInfo& info : kKinds) {
    if (info.name == name) return info.kind;
  }
  return UsageError("unknown alphabet '", name, "'; choose pot, apot, uniform, custom or pair");
}

}  // namespace potlut
