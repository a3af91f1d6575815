// What operators read from a node in more than one form: axes, reshape targets, slices, splits.
// Used on values and on constants alike.
#pragma once

#include <cstdint>
#include <vector>

#include "onnx/node_view.h"

namespace potlut::onnx {

// Axes from the attribute "axes" before opset `since`, from input `input` later; `given` is false
// where neither is there. Sorted, unique, counted from 0 for tensors of `rank` dimensions.
struct AxesArgument {
  bool given = false;
  std::vector<size_t> axes;
};
Expected<AxesArgument> ReadAxes(const NodeView& node, int since, size_t input, size_t rank);

// The dimensions that Reshape or Flatten asks for, with 0 and -1 resolved.
Expected<std::vector<int64_t>> ReshapeTarget(const NodeView& node,
                                             const std::vector<int64_t>& dims);

// The permutation of Transpose, checked.
Expected<std::vector<int64_t>> Permutation(const NodeView& node, size_t rank);

// start, step and count for each axis (Slice, both forms).
struct Range {
  int64_t start = 0;
  int64_t step = 1;
  int64_t count = 0;
};
Expected<std::vector<Range>> SliceRanges(const NodeView& node, const std::vector<int64_t>& dims);

// The sizes that Split gives to its outputs along `axis`.
Expected<std::vector<int64_t>> SplitSizes(const NodeView& node, int64_t size);

// What Shape gives for these dimensions, as its attributes start and end ask.
ConstantPtr ShapePart(const NodeView& node, const std::vector<int64_t>& dims);

// The one number of a constant. Errors: kBadInput where it has several.
Expected<double> Scalar(const NodeView& node, const Constant& constant, std::string_view role);

}  // namespace potlut::onnx
