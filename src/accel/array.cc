// Ranges of an array's rates.
#include "accel/array.h"

#include <algorithm>

#include "base/text.h"

namespace potlut::accel {

int64_t FillCycles(const ArraySpec& array, int32_t lanes) {
  const int64_t groups = (int64_t{lanes} + array.group - 1) / array.group;
  return groups * std::max(array.group + 2, array.fill_cycles);
}

Status CheckArray(const ArraySpec& array) {
  POTLUT_RETURN_IF_ERROR(CheckGeometry(array));
  const auto check = [](const char* name, int64_t value, int64_t lo, int64_t hi) -> Status {
    if (value >= lo && value <= hi) return {};
    return UsageError("array: ", name, " is ", value, "; from ", lo, " to ", hi, " is possible");
  };
  POTLUT_RETURN_IF_ERROR(check("group", array.group, 1, array.lanes));
  POTLUT_RETURN_IF_ERROR(check("passes", array.passes, 1, 65535));
  POTLUT_RETURN_IF_ERROR(check("fill_cycles", array.fill_cycles, 1, 1024));
  POTLUT_RETURN_IF_ERROR(check("product_bits", array.product_bits, 2, 32));
  POTLUT_RETURN_IF_ERROR(check("accumulator_bits", array.accumulator_bits, 8, 32));
  POTLUT_RETURN_IF_ERROR(check("drain", array.drain, 1, 4096));
  POTLUT_RETURN_IF_ERROR(check("dram_bytes", array.dram_bytes, 1, 1024));
  POTLUT_RETURN_IF_ERROR(check("step_overhead", array.step_overhead, 0, 1 << 20));
  return check("layer_overhead", array.layer_overhead, 0, 1 << 20);
}

}  // namespace potlut::accel
