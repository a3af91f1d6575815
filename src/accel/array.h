// The array that the models of cycles and memory speak of: lanes, tables, generators, memories
// (docs/accelerator.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace potlut::accel {

// What a product table holds: the products of one input with up to 16 levels, or the sums of the
// products of two inputs for up to 64 pairs of levels.
enum class TableKind { kSingle, kPair };

struct ArraySpec {
  TableKind table = TableKind::kPair;
  int32_t lanes = 64;             // neighbouring columns, in one or more strips of rows
  int32_t inputs = 16;            // input channels that a lane reads at once
  int32_t generators = 4;         // table entries that a lane writes in a cycle
  int32_t product_bits = 14;      // of a table entry
  int32_t accumulator_bits = 32;  // of a partial sum
  int32_t drain = 16;             // outputs requantised a cycle
  int32_t vector = 16;            // bytes that the vector unit writes a cycle
  int32_t dram_bytes = 16;        // bytes a cycle to and from DRAM: 128 bits at the array's clock
  int32_t step_overhead = 4;      // cycles from the last use of a set of tables to the next one's
  int32_t layer_overhead = 64;    // cycles to fill and empty the pipelines once a layer
  int64_t code_bits = int64_t{12} << 20;        // on-chip weight codes
  int64_t activation_bytes = int64_t{1} << 20;  // on-chip activations
  int64_t sum_words = 4096;                     // partial sums a lane

  int32_t table_entries() const { return table == TableKind::kPair ? 64 : 16; }
  int32_t tables() const { return table == TableKind::kPair ? inputs / 2 : inputs; }  // a lane
  int32_t code_width() const { return table == TableKind::kPair ? 6 : 4; }  // bits of an address
  int32_t macs_per_cycle() const { return lanes * inputs; }
};

// Sizes for which the models hold. Errors: kUsage naming the field.
Status CheckArray(const ArraySpec& array);

// "pair" or "single". Errors: kUsage for another name.
Expected<TableKind> ParseTableKind(std::string_view name);
std::string_view TableKindName(TableKind kind);

}  // namespace potlut::accel
