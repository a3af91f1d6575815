// Cuts levels into digits of few values each.
#include "accel/digits.h"

#include <algorithm>
#include <optional>

#include "accel/array.h"
#include "accel/pair_tour.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

// The values of one digit for each level (by position), and how much it weighs.
struct Cut {
  std::vector<int32_t> values;
  int32_t scale = 0;
};

size_t Distinct(std::vector<int32_t> values) {
  values.push_back(0);  // every list holds 0: borders and padding use it
  std::sort(values.begin(), values.end());
  return static_cast<size_t>(std::unique(values.begin(), values.end()) - values.begin());
}

// What the entries of a table may be: a product of 14 bits beside its sign, or of 14 bits with it
// where inputs are signed; a sum of two of 14 bits with their sign.
constexpr int32_t kLargestProduct = (1 << 14) - 1, kLargestSigned = (1 << 13) - 1;
constexpr int32_t kLargestPairLevel = 31;  // either sign, of a weight of a pair

struct Limits {
  size_t most = 16;  // entries
  bool pair = false;
  TensorType input;

  int32_t Largest(int32_t level) const {  // product
    return std::max(level * input.lo(), level * input.hi());
  }
  bool Holds(int32_t level) const {
    if (pair) {  // beside another like it
      return std::abs(level) <= kLargestPairLevel && 2 * Largest(level) <= kLargestSigned &&
             2 * Largest(-level) <= kLargestSigned;
    }
    if (input.is_signed)
      return Largest(level) <= kLargestSigned && Largest(-level) <= kLargestSigned + 1;
    return std::abs(level) * input.hi() <= kLargestProduct && std::abs(level) <= 64;
  }
  bool HoldsPair(int32_t first, int32_t second) const {
    return std::abs(first) <= kLargestPairLevel && std::abs(second) <= kLargestPairLevel &&
           Largest(first) + Largest(second) <= kLargestSigned &&
           Largest(-first) + Largest(-second) <= kLargestSigned + 1;
  }
};

bool Fits(const std::vector<int32_t>& values, const Limits& limits) {
  return Distinct(values) <= limits.most &&
         std::all_of(values.begin(), values.end(), [&](int32_t v) { return limits.Holds(v); });
}

// v = low + rest * 2^scale with low in (top - 2^scale, top].
std::pair<int32_t, int32_t> Split(int32_t v, int32_t scale, int32_t top) {
  const int32_t size = 1 << scale;
  int32_t low = v & (size - 1);
  if (low > top) low -= size;
  return {low, (v - low) / size};
}

// Levels as two digits, where some weight of the second and some range of the first does it.
std::optional<std::vector<Cut>> InTwo(const std::vector<int32_t>& levels, const Limits& limits) {
  for (int32_t scale = 1; scale <= 7; ++scale) {
    for (const int32_t top : {1 << (scale - 1), (1 << (scale - 1)) - 1, (1 << scale) - 1}) {
      Cut low{{}, 0}, high{{}, scale};
      for (const int32_t level : levels) {
        const auto [digit, rest] = Split(level, scale, top);
        low.values.push_back(digit);
        high.values.push_back(rest);
      }
      if (Fits(low.values, limits) && Fits(high.values, limits)) return std::vector<Cut>{low, high};
    }
  }
  return std::nullopt;
}

// Three digits of 3 bits hold every int8: the rest of the second is -2 to 2.
std::vector<Cut> InThree(const std::vector<int32_t>& levels) {
  std::vector<Cut> cuts{{{}, 0}, {{}, 3}, {{}, 6}};
  for (const int32_t level : levels) {
    const auto [first, rest] = Split(level, 3, 4);
    const auto [second, third] = Split(rest, 3, 4);
    cuts[0].values.push_back(first);
    cuts[1].values.push_back(second);
    cuts[2].values.push_back(third);
  }
  return cuts;
}

}  // namespace

// Numbers the pairs (at most 64) along a tour; entries past the last repeat it, which takes least.
void Digits::SetPairs(Digit& digit, const std::vector<int8_t>& levels) {
  std::vector<LevelPair> pairs;
  for (size_t i = 0; i + 1 < levels.size(); i += 2) pairs.emplace_back(levels[i], levels[i + 1]);
  std::array<uint8_t, 64> place{};
  for (const int i : PairTour(pairs)) {
    place[static_cast<size_t>(i)] = static_cast<uint8_t>(digit.list.size() / 2);
    digit.list.push_back(levels[static_cast<size_t>(i) * 2]);
    digit.list.push_back(levels[static_cast<size_t>(i) * 2 + 1]);
  }
  while (digit.list.size() < 128) digit.list.push_back(digit.list[digit.list.size() - 2]);
  place_.push_back(place);
}

Expected<Digits> Digits::Of(const Alphabet& alphabet, const Geometry& geometry, TensorType input) {
  Digits digits;
  const bool pair_tables = geometry.table == TableKind::kPair;
  const Limits limits{static_cast<size_t>(geometry.digit_levels()), pair_tables, input};
  if (alphabet.is_pair()) {
    if (!pair_tables) {
      return Unsupported(
          "alphabet pair needs tables of pairs, and this accelerator's hold single products; "
          "quantise with pot, apot, uniform or custom");
    }
    if (alphabet.codes() > geometry.table_entries()) {
      return Unsupported("an alphabet of ", alphabet.codes(),
                         " pairs, and the tables hold 64; quantise with --weight-bits 6");
    }
    digits.pairs_ = true;
    for (int code = 0; code < alphabet.codes(); ++code) {
      const int8_t first = alphabet.levels[static_cast<size_t>(code) * 2];
      const int8_t second = alphabet.levels[static_cast<size_t>(code) * 2 + 1];
      if (limits.HoldsPair(first, second)) continue;
      return Unsupported("the pair of levels ", int32_t{first}, ", ", int32_t{second},
                         ", whose products with inputs of ", int32_t{input.bits},
                         " bits are past the tables' 14 bits; quantise with --max-fitted-level 14");
    }
    Digit digit{0, {}};
    digits.SetPairs(digit, alphabet.levels);
    for (size_t i = 0; i < digit.list.size(); i += 2)
      if (digit.list[i] == 0 && digit.list[i + 1] == 0) digits.zero_ = static_cast<uint8_t>(i / 2);
    digit.fill_cycles = ListFillCycles(digit.list, geometry.table);
    digits.digits_.push_back(std::move(digit));
    return digits;
  }

  const std::vector<int32_t> levels(alphabet.levels.begin(), alphabet.levels.end());
  std::vector<Cut> cuts;
  if (Fits(levels, limits)) {
    cuts.push_back({levels, 0});
  } else if (auto two = InTwo(levels, limits)) {
    cuts = std::move(*two);
  } else {
    cuts = InThree(levels);
  }
  for (const Cut& cut : cuts) {
    // Ascending: the tables' generators want the negative levels first.
    std::vector<int8_t> values{0};
    for (const int32_t value : cut.values) values.push_back(static_cast<int8_t>(value));
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    std::array<uint8_t, 256> index{};
    for (size_t i = 0; i < levels.size(); ++i) {
      const auto value = static_cast<int8_t>(cut.values[i]);
      const auto at = std::find(values.begin(), values.end(), value);
      index[static_cast<size_t>(levels[i] + 128)] = static_cast<uint8_t>(at - values.begin());
    }
    Digit digit{cut.scale, {}};
    if (!pair_tables) {
      digit.list = values;
      digit.list.resize(limits.most, 0);
    } else {
      values.resize(limits.most, values.back());
      std::vector<int8_t> grid;
      for (const int8_t second : values) {
        for (const int8_t first : values) {
          grid.push_back(first);
          grid.push_back(second);
        }
      }
      digits.SetPairs(digit, grid);
    }
    digit.fill_cycles = ListFillCycles(digit.list, geometry.table);
    digits.digits_.push_back(std::move(digit));
    digits.index_.push_back(index);
  }
  return digits;
}

}  // namespace potlut::accel
