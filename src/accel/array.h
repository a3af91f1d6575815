// What the models of cycles and memory know beyond an accelerator's size: how fast its parts are
// (docs/accelerator.md).
#pragma once

#include <span>

#include "accel/geometry.h"

namespace potlut::accel {

struct ArraySpec : Geometry {
  int32_t passes = 255;           // of one convolution; the hardware holds 255
  int32_t group = 8;              // lanes whose tables are filled together
  int32_t fill_cycles = 0;        // that filling those takes; 0: what rtl/pe takes for the list
  int32_t product_bits = 14;      // of a table entry
  int32_t accumulator_bits = 32;  // of a partial sum
  int32_t drain = 8;              // outputs requantised a cycle
  int32_t dram_bytes = 16;        // bytes a cycle to or from DRAM: 128 bits at the array's clock
  int32_t step_overhead = 4;      // cycles from the last use of a set of tables to the next one's
  int32_t layer_overhead = 64;    // cycles to fill and empty the pipelines once a command
};

// Cycles that the generators of rtl/pe take for a list of levels as kLevels holds it (of single
// levels one step or doubling each, of pairs one or two levels of one of them).
int32_t ListFillCycles(std::span<const int8_t> list, TableKind table);

// Cycles to fill the tables of `lanes` lanes with a list that takes `list_cycles`: activations come
// a lane a cycle, group by group.
int64_t FillCycles(const ArraySpec& array, int32_t lanes, int32_t list_cycles);

// Rates for which the models hold. Errors: kUsage naming the field.
Status CheckArray(const ArraySpec& array);

}  // namespace potlut::accel
