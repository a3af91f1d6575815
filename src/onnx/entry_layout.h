// Tells whether a network's image comes as [N, H, W, C].
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "onnx/proto.h"

namespace potlut::onnx {

// What the question needs to know of the graph.
struct EntryQuery {
  std::string input;
  std::vector<int64_t> dims;  // four
  // The nodes that read a value, and the integers of a constant (none where it is no constant).
  std::function<std::vector<const pb::NodeProto*>(const std::string&)> readers;
  std::function<std::vector<int64_t>(const std::string&)> integers;
};

// True where everything that reads the input (through Identity, Cast and elementwise operators) is
// a transpose to channels first, as exporters of TensorFlow networks write it; with one channel it
// may be a reshape to [N, 1, H, W].
bool IsChannelsLast(const EntryQuery& query);

}  // namespace potlut::onnx
