// ONNX in: opsets 7 to 21, as a float graph. The only room that sees protobuf; export.h writes
// graphs back.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace potlut::onnx {

struct ImportOptions {
  size_t max_file_bytes = size_t{2} << 30;
  int64_t max_elements = int64_t{1} << 30;  // of all constants together
};

// Reads a model file (external data only from beside it: no "..", no absolute path, no link out of
// the folder). Errors name the node, its operator, the attribute and a remedy: kBadInput for what
// is malformed, kUnsupported for what is outside potlut, kResourceLimit past the limits.
Expected<graph::Graph> ImportFile(const std::string& path, const ImportOptions& options = {});

// The same from memory; `folder` is where external data may lie (empty: none allowed).
Expected<graph::Graph> Import(std::span<const uint8_t> bytes, const std::string& folder,
                              const ImportOptions& options = {});

// One row of `potlut ops`.
struct OperatorInfo {
  std::string_view name;
  int min_opset, max_opset;
  std::string_view quantised;  // "yes", "float only", "folded", "last only"
  std::string_view limits;     // what is refused or assumed, in words
};
// Every operator the importer reads, from the same table that it dispatches on, by name.
std::span<const OperatorInfo> SupportedOperators();

}  // namespace potlut::onnx
