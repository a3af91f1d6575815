// Ranges of an accelerator's sizes, and names of its tables.
#include "accel/geometry.h"

#include "base/text.h"

namespace potlut::accel {

Status CheckGeometry(const Geometry& g) {
  const auto check = [](const char* name, int64_t value, int64_t lo, int64_t hi) -> Status {
    if (value >= lo && value <= hi) return {};
    return UsageError("accelerator: ", name, " is ", value, "; from ", lo, " to ", hi,
                      " is possible");
  };
  POTLUT_RETURN_IF_ERROR(check("table kind", static_cast<int64_t>(g.table), 0, 1));
  POTLUT_RETURN_IF_ERROR(check("lanes", g.lanes, 1, 1024));
  POTLUT_RETURN_IF_ERROR(check("activation_words", g.activation_words, 16, 1 << 24));
  POTLUT_RETURN_IF_ERROR(check("weight_words", g.weight_words, 16, 1 << 24));
  POTLUT_RETURN_IF_ERROR(check("channel_words", g.channel_words, 16, 65536));
  return check("sum_words", g.sum_words, 16, 1 << 20);
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
