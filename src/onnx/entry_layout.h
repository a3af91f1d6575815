// Tells whether a network's image comes as [N, H, W, C].
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "onnx/proto.h"

namespace potlut::onnx {

// True where everything that reads `input` (through Identity, Cast and elementwise operators) is a
// transpose to channels first, as exporters of TensorFlow networks write it; with one channel it
// may be a reshape. `readers` gives the nodes that read a value, `dims` the input's four
// dimensions.
bool IsChannelsLast(
    const std::string& input, const std::vector<int64_t>& dims,
    const std::function<std::vector<const pb::NodeProto*>(const std::string&)>& readers);

}  // namespace potlut::onnx
