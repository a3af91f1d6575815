// Fuzz target: the ONNX importer. Any bytes give a valid graph or an error in words, in bounded
// memory.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "graph/graph.h"
#include "onnx/import.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  potlut::onnx::ImportOptions options;
  options.max_file_bytes = size_t{1} << 20;
  options.max_elements = int64_t{1} << 18;
  const auto graph = potlut::onnx::Import({data, size}, "", options);
  if (graph.ok()) {
    if (!potlut::graph::Validate(*graph).ok()) std::abort();
  } else if (graph.error().message.empty() || graph.error().code == potlut::ErrorCode::kFailed) {
    std::abort();
  }
  return 0;
}
