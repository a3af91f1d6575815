// Counts sets of tables, the cycles to fill them, to use them and to drain the sums.
#include "accel/conv_cycles.h"

#include <algorithm>

namespace potlut::accel {

int32_t Landing(const Conv& conv, int32_t r) {
  int32_t lands = 0;
  for (int32_t ky = 0; ky < conv.kernel_h; ++ky) {
    const int32_t to = r + conv.pad_top - ky;
    lands += to >= 0 && to % conv.stride_h == 0 && to / conv.stride_h < conv.out_rows;
  }
  return lands;
}

ConvCycles CountCycles(const Conv& conv, int32_t columns, std::span<const Pass> passes,
                       std::span<const int32_t> fills, const ArraySpec& array) {
  ConvCycles cycles;
  const int32_t lanes = conv.strips * conv.strip_lanes;
  for (int32_t r = conv.row_first; r <= conv.row_last; ++r) {
    const int64_t lands = Landing(conv, r);
    if (lands == 0) continue;
    for (size_t i = 0; i < passes.size(); ++i) {
      const int64_t use = conv.outputs * lands * passes[i].taps;
      const int64_t fill = FillCycles(array, lanes, fills[i]);
      cycles.fills += 1;
      cycles.fill += fill;
      cycles.use += use;
      cycles.all += std::max(fill, use) + array.step_overhead;
    }
  }
  const int64_t words = (int64_t{conv.strips} * columns + array.drain - 1) / array.drain;
  const int64_t row = words * conv.outputs;
  cycles.drain = row * conv.out_rows;
  // The first tables are waited for, and so is the last row's drain.
  cycles.all = std::max(cycles.all, cycles.drain) + FillCycles(array, lanes, fills[0]) + row +
               array.layer_overhead;
  return cycles;
}

}  // namespace potlut::accel
