// Ranges of an array's rates.
#include "accel/array.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "accel/pair_tour.h"
#include "base/text.h"

namespace potlut::accel {

int32_t ListFillCycles(std::span<const int8_t> list, TableKind table) {
  if (table == TableKind::kPair) {
    std::vector<LevelPair> pairs;
    for (size_t i = 0; i + 1 < list.size(); i += 2) pairs.emplace_back(list[i], list[i + 1]);
    return PairFillCycles(pairs);
  }
  // Up from the first level that is not negative, then down from the last that is.
  const auto from = static_cast<size_t>(
      std::count_if(list.begin(), list.end(), [](int8_t level) { return level < 0; }));
  int32_t cycles = 2;
  const auto walk = [&](auto begin, auto end) {
    int32_t at = 0;
    bool first = true;
    for (; begin != end; ++begin) {
      const int32_t target = std::abs(int32_t{*begin});
      do {
        ++cycles;
        if (first || at > target) {
          at = 0;
        } else if (at != target) {
          at = at != 0 && 2 * at <= target ? 2 * at : at + 1;
        }
        first = false;
      } while (at != target);
    }
  };
  walk(list.begin() + static_cast<std::ptrdiff_t>(from), list.end());
  const std::vector<int8_t> down(list.rend() - static_cast<std::ptrdiff_t>(from), list.rend());
  walk(down.begin(), down.end());
  return cycles;
}

int64_t FillCycles(const ArraySpec& array, int32_t lanes, int32_t list_cycles) {
  const int32_t fill = array.fill_cycles > 0 ? array.fill_cycles : list_cycles;
  return CeilDiv(int64_t{lanes}, array.group) * std::max(array.group + 2, fill);
}

Status CheckArray(const ArraySpec& array) {
  POTLUT_RETURN_IF_ERROR(CheckGeometry(array));
  const auto check = [](const char* name, int64_t value, int64_t lo, int64_t hi) -> Status {
    if (value >= lo && value <= hi) return {};
    return UsageError("array: ", name, " is ", value, "; from ", lo, " to ", hi, " is possible");
  };
  POTLUT_RETURN_IF_ERROR(check("group", array.group, 1, array.lanes));
  POTLUT_RETURN_IF_ERROR(check("passes", array.passes, 1, 65535));
  POTLUT_RETURN_IF_ERROR(check("fill_cycles", array.fill_cycles, 0, 1 << 20));
  POTLUT_RETURN_IF_ERROR(check("product_bits", array.product_bits, 2, 32));
  POTLUT_RETURN_IF_ERROR(check("accumulator_bits", array.accumulator_bits, 8, 32));
  POTLUT_RETURN_IF_ERROR(check("drain", array.drain, 1, 4096));
  POTLUT_RETURN_IF_ERROR(check("dram_bytes", array.dram_bytes, 1, 1024));
  POTLUT_RETURN_IF_ERROR(check("step_overhead", array.step_overhead, 0, 1 << 20));
  return check("layer_overhead", array.layer_overhead, 0, 1 << 20);
}

}  // namespace potlut::accel
