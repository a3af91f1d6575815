// Cuts levels into digits of few values each.
#include "accel/digits.h"

#include <algorithm>
#include <optional>

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

bool Fits(const std::vector<int32_t>& values, size_t most) {
  return Distinct(values) <= most && std::all_of(values.begin(), values.end(), [](int32_t v) {
           return v >= INT8_MIN && v <= INT8_MAX;
         });
}

// v = low + rest * 2^scale with low in (top - 2^scale, top].
std::pair<int32_t, int32_t> Split(int32_t v, int32_t scale, int32_t top) {
  const int32_t size = 1 << scale;
  int32_t low = v & (size - 1);
  if (low > top) low -= size;
  return {low, (v - low) / size};
}

// Levels as two digits, where some weight of the second and some range of the first does it.
std::optional<std::vector<Cut>> InTwo(const std::vector<int32_t>& levels, size_t most) {
  for (int32_t scale = 1; scale <= 7; ++scale) {
    for (const int32_t top : {1 << (scale - 1), (1 << (scale - 1)) - 1, (1 << scale) - 1}) {
      Cut low{{}, 0}, high{{}, scale};
      for (const int32_t level : levels) {
        const auto [digit, rest] = Split(level, scale, top);
        low.values.push_back(digit);
        high.values.push_back(rest);
      }
      if (Fits(low.values, most) && Fits(high.values, most)) return std::vector<Cut>{low, high};
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

Expected<Digits> Digits::Of(const Alphabet& alphabet, const Geometry& geometry) {
  Digits digits;
  const bool pair_tables = geometry.table == TableKind::kPair;
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
    Digit digit{0, alphabet.levels};
    digit.list.resize(static_cast<size_t>(geometry.table_entries()) * 2);
    for (int code = 0; code < alphabet.codes(); ++code) {
      const auto at = static_cast<size_t>(code) * 2;
      if (alphabet.levels[at] == 0 && alphabet.levels[at + 1] == 0)
        digits.zero_ = static_cast<uint8_t>(code);
    }
    digits.digits_.push_back(std::move(digit));
    return digits;
  }

  const std::vector<int32_t> levels(alphabet.levels.begin(), alphabet.levels.end());
  const auto most = static_cast<size_t>(geometry.digit_levels());
  std::vector<Cut> cuts;
  if (Fits(levels, most)) {
    cuts.push_back({levels, 0});
  } else if (auto two = InTwo(levels, most)) {
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
    values.resize(most);
    Digit digit{cut.scale, {}};
    if (!pair_tables) {
      digit.list = values;
    } else {
      for (const int8_t second : values) {
        for (const int8_t first : values) {
          digit.list.push_back(first);
          digit.list.push_back(second);
        }
      }
    }
    digits.digits_.push_back(std::move(digit));
    digits.index_.push_back(index);
  }
  return digits;
}

}  // namespace potlut::accel
