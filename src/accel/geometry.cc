// Ranges of an array's sizes, and names of its tables.
#include "accel/array.h"

#include "base/text.h"

namespace potlut::accel {

Status CheckArray(const ArraySpec& array) {
  const auto check = [](const char* name, int64_t value, int64_t lo, int64_t hi) -> Status {
    if (value >= lo && value <= hi) return {};
    return UsageError("array: ", name, " is ", value, "; from ", lo, " to ", hi, " is possible");
  };
  POTLUT_RETURN_IF_ERROR(check("lanes", array.lanes, 1, 4096));
  POTLUT_RETURN_IF_ERROR(check("inputs", array.inputs, 2, 1024));
  if (array.inputs % 2 != 0) return UsageError("array: inputs is ", array.inputs, "; it is even");
  POTLUT_RETURN_IF_ERROR(check("generators", array.generators, 1, 1024));
  POTLUT_RETURN_IF_ERROR(check("product_bits", array.product_bits, 2, 32));
  POTLUT_RETURN_IF_ERROR(check("accumulator_bits", array.accumulator_bits, 8, 32));
  POTLUT_RETURN_IF_ERROR(check("drain", array.drain, 1, 4096));
  POTLUT_RETURN_IF_ERROR(check("vector", array.vector, 1, 4096));
  POTLUT_RETURN_IF_ERROR(check("dram_bytes", array.dram_bytes, 1, 1024));
  POTLUT_RETURN_IF_ERROR(check("step_overhead", array.step_overhead, 0, 1 << 20));
  POTLUT_RETURN_IF_ERROR(check("layer_overhead", array.layer_overhead, 0, 1 << 20));
  POTLUT_RETURN_IF_ERROR(check("code_bits", array.code_bits, 1, int64_t{1} << 40));
  POTLUT_RETURN_IF_ERROR(check("activation_bytes", array.activation_bytes, 1, int64_t{1} << 40));
  return check("sum_words", array.sum_words, 1, int64_t{1} << 30);
}

Expected<TableKind> ParseTableKind(std::string_view name) {
  if (name == "pair") return TableKind::kPair;
  if (name == "single") return TableKind::kSingle;
  return UsageError("tables of kind ", name, " are not known; there are pair and single");
}

std::string_view TableKindName(TableKind kind) {
  return kind == TableKind::kPair ? "pair" : "single";
}

}  // namespace potlut::accel
