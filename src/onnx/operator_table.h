// The table of operators: what `potlut ops` prints is what the importer dispatches on.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "onnx/graph_builder.h"
#include "onnx/import.h"

namespace potlut::onnx {

// Computes a node's outputs. Inputs' number and attributes' names and types were checked.
using Handler = Expected<std::vector<Value>> (*)(GraphBuilder& builder, const NodeView& node);

struct OperatorRow {
  OperatorInfo info;
  int min_inputs, max_inputs;   // declared ones; -1: any number
  int max_outputs;              // -1: any number
  std::string_view attributes;  // as NodeView::CheckAttributes wants them
  Handler on_values;            // null: only on constants
  Handler on_constants;         // all inputs are constants; null: not folded
  bool moves_integers = false;  // may read integers (ArgMax's, or an integer image's)
};

// Sorted by name.
std::span<const OperatorRow> OperatorTable();

// The row of an operator, or null.
const OperatorRow* FindOperator(std::string_view name);

// What to do about an operator that has no row.
std::string_view RemedyFor(std::string_view op);

}  // namespace potlut::onnx
