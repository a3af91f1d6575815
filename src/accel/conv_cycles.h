// How many cycles a convolution takes on the array, in closed form (docs/accelerator.md).
//
// Activations stay, codes stream: for each input row of a strip, column phase, column segment,
// chunk of channels and digit of the weights, the product tables of all lanes are filled while
// those before are used; a use reads one vector of codes a cycle, for each output channel and each
// tap that lands on an output row.
#pragma once

#include "accel/array.h"
#include "program/program.h"

namespace potlut::accel {

// How weights of an alphabet become table addresses.
struct Digits {
  int32_t count = 1;    // passes over the inputs: weights of more levels than a table are cut
  int32_t entries = 1;  // of a table that are filled
};
// On pair tables any alphabet of up to 8 levels runs as 64 sums; more levels are cut into digits of
// 3 bits (singles) there, of 4 bits on single tables. Errors: kUnsupported for pairs on single
// tables and for more than 64 pairs.
Expected<Digits> DigitsOf(const Alphabet& alphabet, TableKind table);

struct ConvCycles {
  int32_t strips = 1;    // of rows, side by side on the lanes
  int32_t columns = 1;   // lanes of a strip
  int32_t segments = 1;  // of a strip's row
  int32_t chunks = 1;    // of a group's channels
  int32_t digits = 1;
  int64_t fills = 0;          // sets of tables
  int64_t table_entries = 0;  // filled, over all lanes
  int64_t fill_cycles = 0;    // that filling alone would take
  int64_t use_cycles = 0;     // that streaming alone would take
  int64_t drain_cycles = 0;   // that requantising alone would take
  int64_t cycles = 0;         // of all, overlapped set by set, with overheads
  int64_t sum_words = 0;      // partial sums that a lane holds
};
// The strips are those with the fewest cycles. Errors: of DigitsOf; kUnsupported where no choice of
// strips holds the partial sums.
Expected<ConvCycles> CyclesOf(const ConvOp& conv, const Tensor& in, const Tensor& out,
                              const ArraySpec& array);

}  // namespace potlut::accel
