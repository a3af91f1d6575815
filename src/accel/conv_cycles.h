// How many cycles a convolution's command takes, in closed form (docs/accelerator.md).
#pragma once

#include <span>

#include "accel/array.h"
#include "accel/command.h"

namespace potlut::accel {

struct ConvCycles {
  int64_t fills = 0;                     // sets of tables
  int64_t fill = 0, use = 0, drain = 0;  // that each alone would take
  int64_t all = 0;                       // overlapped set by set, with overheads
};
// `fills`: of each pass' list of levels (ListFillCycles).
ConvCycles CountCycles(const Conv& conv, int32_t columns, std::span<const Pass> passes,
                       std::span<const int32_t> fills, const ArraySpec& array);

// Kernel rows of a command that land on an output row from local input row `r`.
int32_t Landing(const Conv& conv, int32_t r);

}  // namespace potlut::accel
