// Axes moved, joined, split, added and removed: bookkeeping, but for Expand no graph node is made.
#include <algorithm>

#include "onnx/arguments.h"
#include "onnx/ops.h"

namespace potlut::onnx {

Values ImportReshape(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> target, ReshapeTarget(node, x.layout.Dims()));
  const std::optional<Layout> layout = Regrouped(x.layout, target);
  if (!layout) {
    return node.Refuse("reshapes ", x.layout.Text(), " to ", DimsText(target),
                       ": this mixes the batch or parts of several axes; axis 0 must stay the "
                       "batch, others may be joined and split whole");
  }
  x.layout = *layout;
  return std::vector<Value>{x};
}

Values ImportFlatten(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(0, "input"));
  const int64_t axis = node.Int("axis", 1);
  if (axis == 0 || axis == -static_cast<int64_t>(x.layout.rank())) {
    return node.Refuse("attribute 'axis' joins the batch with the rest; flatten from axis 1 on");
  }
  return ImportReshape(builder, node);
}

Values ImportTranspose(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> perm, Permutation(node, x.layout.rank()));
  x.layout = Transposed(x.layout, perm);
  return std::vector<Value>{x};
}

Values ImportSqueeze(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const AxesArgument axes, ReadAxes(node, 13, 1, x.layout.rank()));
  Layout out;
  for (size_t i = 0; i < x.layout.rank(); ++i) {
    const Axis& axis = x.layout.axes[i];
    const bool named = std::binary_search(axes.axes.begin(), axes.axes.end(), i);
    if (named && IsBatch(axis)) {
      return node.Refuse("removes axis ", i, ", the batch; squeeze the other axes only");
    }
    if (named && !axis.empty()) {
      return node.Bad("removes axis ", i, " of ", x.layout.Text(), ", whose size is not 1");
    }
    // Without axes all of size 1 go; the batch stays, whatever its size here.
    if (named || (!axes.given && axis.empty())) continue;
    out.axes.push_back(axis);
  }
  x.layout = std::move(out);
  return std::vector<Value>{x};
}

Values ImportUnsqueeze(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  const size_t added = node.opset() < 13 ? node.Ints("axes").size() : 0;
  size_t count = added;
  if (node.opset() >= 13) {
    POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> list, node.IntsInput(1, "axes"));
    count = list.size();
  }
  if (count > 16 || x.layout.rank() + count > 16) return node.Bad("adds ", count, " axes");
  POTLUT_ASSIGN_OR_RETURN(const AxesArgument axes, ReadAxes(node, 13, 1, x.layout.rank() + count));
  for (const size_t axis : axes.axes) {
    x.layout.axes.insert(x.layout.axes.begin() + static_cast<std::ptrdiff_t>(axis), Axis{});
  }
  return std::vector<Value>{x};
}

Values ImportExpand(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, node.IntsInput(1, "shape"));
  const std::vector<int64_t> dims = x.layout.Dims();
  if (shape.size() > dims.size()) {
    return node.Refuse("adds axes to ", x.layout.Text(), "; unsqueeze it instead");
  }
  const size_t lead = dims.size() - shape.size();
  const auto grows = [&](size_t i) {
    return i >= lead && shape[i - lead] != 1 && shape[i - lead] != dims[i];
  };
  bool changes = false;
  for (size_t i = 0; i < dims.size(); ++i) changes = changes || grows(i);
  if (!changes) return std::vector<Value>{x};
  // One number spread over a map is that number enlarged (gates are often written so).
  POTLUT_ASSIGN_OR_RETURN(x, builder.Arranged(node, x));
  const auto roles = Roles(x.layout, builder.ShapeOf(x));
  graph::Resize resize;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (!grows(i)) continue;
    const int64_t size = shape[i - lead];
    const bool space = roles[i] == Dim::kH || roles[i] == Dim::kW;
    if (dims[i] != 1 || !space || size < 1 || size > (1 << 24)) {
      return node.Refuse("repeats ", x.layout.Text(), " to ", DimsText(shape),
                         "; only height and width of size 1 can be repeated");
    }
    (roles[i] == Dim::kH ? resize.scale_h : resize.scale_w) = static_cast<int32_t>(size);
    x.layout.axes[i] = WholeAxis(*roles[i], size);
  }
  POTLUT_ASSIGN_OR_RETURN(x.node, builder.Emit(node, resize, {x.node}));
  return std::vector<Value>{x};
}

Values ImportShape(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(0, "input"));
  const std::vector<int64_t> dims = x.layout.Dims();
  if (node.op() == "Size") {
    POTLUT_ASSIGN_OR_RETURN(const int64_t count, ElementCount(dims));
    return std::vector<Value>{MakeInts({}, {count})};
  }
  return std::vector<Value>{ShapePart(node, dims)};
}

}  // namespace potlut::onnx
