// What a compiled image must know of an accelerator: its size, as its registers say it.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace potlut::accel {

// What a product table holds: the products of one input with 16 levels, or the sums of the products
// of two inputs for 64 pairs of levels.
enum class TableKind : uint8_t { kSingle = 0, kPair = 1 };

constexpr int32_t kLaneInputs = 16;  // channels that a lane reads at once

// a / b rounded up, a >= 0 and b > 0.
template <typename A, typename B>
constexpr std::common_type_t<A, B> CeilDiv(A a, B b) {
  return (a + b - 1) / b;
}

struct Geometry {
  TableKind table = TableKind::kPair;
  int32_t lanes = 64;                // neighbouring columns, in one or more strips of rows
  int32_t activation_words = 65536;  // of 16 bytes
  int32_t weight_words = 131072;     // of 16 codes
  int32_t channel_words = 2048;      // output channels: bias and shift
  int32_t sum_words = 2048;          // partial sums of a lane

  int32_t table_entries() const { return table == TableKind::kPair ? 64 : 16; }
  int32_t tables() const {
    return table == TableKind::kPair ? kLaneInputs / 2 : kLaneInputs;
  }                                                                            // a lane
  int32_t weight_bytes() const { return table == TableKind::kPair ? 6 : 8; }   // of a weight word
  int32_t level_bytes() const { return table == TableKind::kPair ? 2 : 1; }    // of an entry
  int32_t digit_levels() const { return table == TableKind::kPair ? 8 : 16; }  // of single weights
  int32_t macs_per_cycle() const { return lanes * kLaneInputs; }
  bool operator==(const Geometry&) const = default;
};

// Sizes for which the accelerator is defined. Errors: kUsage naming the field.
Status CheckGeometry(const Geometry& geometry);

// "pair" or "single". Errors: kUsage for another name.
Expected<TableKind> ParseTableKind(std::string_view name);
std::string_view TableKindName(TableKind kind);

}  // namespace potlut::accel
