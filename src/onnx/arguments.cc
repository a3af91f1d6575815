// Axes, reshape targets, slices and splits from attributes or inputs.
#include "onnx/arguments.h"

#include <algorithm>

#include "base/checked.h"

namespace potlut::onnx {

Expected<AxesArgument> ReadAxes(const NodeView& node, int since, size_t input, size_t rank) {
  AxesArgument out;
  std::vector<int64_t> values;
  if (node.Has("axes")) {
    if (node.opset() >= since) {
      return node.Bad("attribute 'axes' became an input with opset ", since);
    }
    out.given = true;
    values = node.Ints("axes");
  } else if (node.HasInput(input)) {
    if (node.opset() < since) {
      return node.Bad("axes are an attribute before opset ", since, ", not an input");
    }
    out.given = true;
    POTLUT_ASSIGN_OR_RETURN(values, node.IntsInput(input, "axes"));
  }
  if (values.size() > rank) return node.Bad("names ", values.size(), " axes of ", rank);
  for (const int64_t value : values) {
    POTLUT_ASSIGN_OR_RETURN(const size_t axis, CheckedAxis(node, value, rank));
    out.axes.push_back(axis);
  }
  std::sort(out.axes.begin(), out.axes.end());
  if (std::adjacent_find(out.axes.begin(), out.axes.end()) != out.axes.end()) {
    return node.Bad("names an axis twice");
  }
  return out;
}

Expected<std::vector<int64_t>> ReshapeTarget(const NodeView& node,
                                             const std::vector<int64_t>& dims) {
  POTLUT_ASSIGN_OR_RETURN(const int64_t total, ElementCount(dims));
  if (node.op() == "Flatten") {
    const int64_t rank = static_cast<int64_t>(dims.size());
    int64_t axis = node.Int("axis", 1);
    if (axis < -rank || axis > rank) return node.Bad("axis ", axis, " is outside the tensor");
    if (axis < 0) axis += rank;
    POTLUT_ASSIGN_OR_RETURN(const int64_t outer, ElementCount({dims.begin(), dims.begin() + axis}));
    POTLUT_ASSIGN_OR_RETURN(const int64_t inner, ElementCount({dims.begin() + axis, dims.end()}));
    return std::vector<int64_t>{outer, inner};
  }
  POTLUT_ASSIGN_OR_RETURN(std::vector<int64_t> target, node.IntsInput(1, "shape"));
  if (target.size() > 16) return node.Bad("asks for ", target.size(), " dimensions");
  const bool keep_zero = node.Int("allowzero", 0) != 0;
  int64_t known = 1;
  size_t open = target.size();
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] == 0 && !keep_zero) {
      if (i >= dims.size()) return node.Bad("copies dimension ", i, ", which is not there");
      target[i] = dims[i];
    }
    if (target[i] == -1 && open == target.size()) {
      open = i;
      continue;
    }
    const auto product = CheckedMul(known, target[i]);
    if (target[i] < 0 || !product) {
      return node.Bad("asks for the shape ", DimsText(target), ", which cannot be");
    }
    known = *product;
  }
  if (open < target.size()) {
    if (known == 0 || total % known != 0) {
      return node.Bad("cannot reshape ", DimsText(dims), " to ", DimsText(target));
    }
    target[open] = total / known;
    known = total;
  }
  if (known != total) {
    return node.Bad("cannot reshape ", DimsText(dims), " to ", DimsText(target));
  }
  return target;
}

Expected<std::vector<int64_t>> Permutation(const NodeView& node, size_t rank) {
  std::vector<int64_t> perm = node.Ints("perm");
  if (!node.Has("perm")) {
    for (size_t i = rank; i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  }
  std::vector<int64_t> sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  bool good = perm.size() == rank;
  for (size_t i = 0; good && i < rank; ++i) good = sorted[i] == static_cast<int64_t>(i);
  if (!good) {
    return node.Bad("attribute 'perm' ", DimsText(perm), " is no permutation of ", rank, " axes");
  }
  return perm;
}

Expected<std::vector<Range>> SliceRanges(const NodeView& node, const std::vector<int64_t>& dims) {
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;
  std::vector<int64_t> axes;
  std::vector<int64_t> steps;
  if (node.opset() < 10) {
    if (node.input_count() != 1) return node.Bad("takes attributes, not inputs, before opset 10");
    starts = node.Ints("starts");
    ends = node.Ints("ends");
    axes = node.Ints("axes");
  } else {
    POTLUT_ASSIGN_OR_RETURN(starts, node.IntsInput(1, "starts"));
    POTLUT_ASSIGN_OR_RETURN(ends, node.IntsInput(2, "ends"));
    if (node.HasInput(3)) {
      POTLUT_ASSIGN_OR_RETURN(axes, node.IntsInput(3, "axes"));
    }
    if (node.HasInput(4)) {
      POTLUT_ASSIGN_OR_RETURN(steps, node.IntsInput(4, "steps"));
    }
  }
  if (axes.empty()) {
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    return node.Bad("starts, ends, axes and steps differ in length");
  }
  std::vector<Range> ranges;
  for (const int64_t dim : dims) ranges.push_back({0, 1, dim});
  std::vector<bool> seen(dims.size(), false);
  for (size_t i = 0; i < starts.size(); ++i) {
    POTLUT_ASSIGN_OR_RETURN(const size_t axis, CheckedAxis(node, axes[i], dims.size()));
    if (seen[axis]) return node.Bad("slices axis ", axis, " twice");
    seen[axis] = true;
    if (steps[i] < 1) {
      return node.Refuse("step ", steps[i], " on axis ", axis,
                         "; only steps of at least 1 are supported");
    }
    const int64_t size = dims[axis];
    const auto clamped = [&](int64_t at) {
      if (at < -size) return int64_t{0};
      return std::min(at < 0 ? at + size : at, size);
    };
    const int64_t start = clamped(starts[i]);
    const int64_t end = clamped(ends[i]);
    const int64_t length = std::max<int64_t>(0, end - start);
    ranges[axis] = {start, steps[i], length / steps[i] + (length % steps[i] != 0 ? 1 : 0)};
  }
  return ranges;
}

Expected<std::vector<int64_t>> SplitSizes(const NodeView& node, int64_t size) {
  std::vector<int64_t> sizes;
  if (node.opset() < 13) {
    if (node.HasInput(1)) return node.Bad("sizes are an attribute before opset 13");
    sizes = node.Ints("split");
  } else {
    if (node.Has("split")) return node.Bad("attribute 'split' became an input with opset 13");
    if (node.HasInput(1)) {
      POTLUT_ASSIGN_OR_RETURN(sizes, node.IntsInput(1, "split"));
    }
  }
  const auto outputs = static_cast<int64_t>(node.output_count());
  if (sizes.empty()) {
    if (node.Int("num_outputs", outputs) != outputs) {
      return node.Bad("num_outputs is ", node.Int("num_outputs", 0), ", it has ", outputs,
                      " outputs");
    }
    const int64_t chunk = size / outputs + (size % outputs != 0 ? 1 : 0);
    if (size % outputs != 0 && !node.Has("num_outputs")) {
      return node.Bad("cannot split ", size, " into ", outputs, " equal parts");
    }
    for (int64_t left = size, i = 0; i < outputs; ++i) {
      sizes.push_back(std::min(left, chunk));
      left -= sizes.back();
    }
  }
  int64_t left = size;
  for (const int64_t part : sizes) {
    if (part < 0 || part > left) return node.Bad("its sizes do not add up to ", size);
    left -= part;
  }
  if (left != 0 || static_cast<int64_t>(sizes.size()) != outputs) {
    return node.Bad("splits ", size, " into ", sizes.size(), " parts for ", outputs,
                    " outputs; they do not add up");
  }
  return sizes;
}

ConstantPtr ShapePart(const NodeView& node, const std::vector<int64_t>& dims) {
  const auto rank = static_cast<int64_t>(dims.size());
  const auto clamped = [&](int64_t at) {
    if (at < -rank) return int64_t{0};
    return std::min(at < 0 ? at + rank : at, rank);
  };
  const int64_t start = clamped(node.Int("start", 0));
  const int64_t end = std::max(start, clamped(node.Int("end", rank)));
  return MakeInts({end - start}, {dims.begin() + start, dims.begin() + end});
}

Expected<double> Scalar(const NodeView& node, const Constant& constant, std::string_view role) {
  if (constant.count() != 1) {
    return node.Bad("its ", role, " must be one number, not of shape ", DimsText(constant.dims));
  }
  return constant.At(0);
}

}  // namespace potlut::onnx
