// Kernel, strides, dilations and pads of a convolution or pool, from any of ONNX's ways to write
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "onnx/node_view.h"

namespace potlut::onnx {

struct WindowArgument {
  graph::Window window;
  // ceil_mode added a position that hangs over the declared pads; the window's end pads include it.
  bool overhangs = false;
};

// Reads the attributes of `node` on an input of shape `in`; `kernel` is {h, w}. Errors: kBadInput
// where the numbers cannot be, kUnsupported for negative pads and for pads or windows of other than
// two dimensions.
Expected<WindowArgument> ReadWindow(const NodeView& node, const graph::Shape& in,
                                    const std::vector<int64_t>& kernel);

}  // namespace potlut::onnx
