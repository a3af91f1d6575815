// Windows and means: MaxPool, AveragePool, the global pools and reductions over space.
#include <algorithm>

#include "onnx/arguments.h"
#include "onnx/ops.h"
#include "onnx/window.h"

namespace potlut::onnx {
namespace {

struct Pool {
  Tensor x;
  WindowArgument window;
};

Expected<Pool> ReadPool(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(x, builder.AsMap(node, x));
  if (!node.Has("kernel_shape")) return node.Bad("attribute 'kernel_shape' is missing");
  POTLUT_ASSIGN_OR_RETURN(WindowArgument window,
                          ReadWindow(node, builder.ShapeOf(x), node.Ints("kernel_shape")));
  return Pool{std::move(x), window};
}

Values Finish(GraphBuilder& builder, const NodeView& node, Tensor x, graph::Op op) {
  POTLUT_ASSIGN_OR_RETURN(x.node, builder.Emit(node, std::move(op), {x.node}));
  x.layout = MapLayout(builder.ShapeOf(x), builder.batch());
  return std::vector<Value>{x};
}

// Which of h and w a reduction over these axes covers. Errors: kUnsupported for anything else.
struct Reduced {
  bool h = false, w = false;
};
Expected<Reduced> ReducedSpace(const NodeView& node, const Tensor& x, const graph::Shape& shape,
                               const std::vector<size_t>& axes) {
  Reduced out;
  for (const size_t i : axes) {
    for (const Atom& atom : x.layout.axes[i]) {
      const bool space = atom.dim == Dim::kH || atom.dim == Dim::kW;
      if (!space || atom.size != DimSize(shape, atom.dim)) {
        return node.Refuse("reduces axis ", i, " of ", x.layout.Text(),
                           "; only reductions over height and width are supported");
      }
      (atom.dim == Dim::kH ? out.h : out.w) = true;
    }
  }
  return out;
}

}  // namespace

Values ImportMaxPool(GraphBuilder& builder, const NodeView& node) {
  if (node.OutputUsed(1)) {
    return node.Refuse("its output 'Indices' is used; only the maxima are supported");
  }
  if (node.Int("storage_order", 0) != 0) {
    return node.Refuse("attribute 'storage_order' is column major; export with the default");
  }
  POTLUT_ASSIGN_OR_RETURN(Pool pool, ReadPool(builder, node));
  return Finish(builder, node, std::move(pool.x), graph::MaxPool{pool.window.window});
}

Values ImportAveragePool(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Pool pool, ReadPool(builder, node));
  const graph::Window& window = pool.window.window;
  const bool include_pad = node.Int("count_include_pad", 0) != 0;
  if (window.dilation_h != 1 || window.dilation_w != 1) {
    return node.Refuse("attribute 'dilations' is not 1; a dilated average pool is not supported");
  }
  if (pool.window.overhangs && include_pad) {
    return node.Refuse(
        "attribute 'ceil_mode' adds windows over the border whose divisor "
        "'count_include_pad' leaves open; export with ceil_mode 0");
  }
  return Finish(builder, node, std::move(pool.x), graph::AvgPool{window, include_pad});
}

Values ImportGlobalPool(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(x, builder.AsMap(node, x));
  graph::Window window;
  window.kernel_h = builder.ShapeOf(x).h;
  window.kernel_w = builder.ShapeOf(x).w;
  if (node.op() == "GlobalMaxPool") {
    return Finish(builder, node, std::move(x), graph::MaxPool{window});
  }
  return Finish(builder, node, std::move(x), graph::AvgPool{window});
}

Values ImportReduce(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(Tensor x, node.Activation(0, "input"));
  const int since = node.op() == "ReduceSum" ? 13 : 18;
  POTLUT_ASSIGN_OR_RETURN(AxesArgument axes, ReadAxes(node, since, 1, x.layout.rank()));
  if (axes.axes.empty()) {
    if (node.Int("noop_with_empty_axes", 0) != 0) return std::vector<Value>{x};
    for (size_t i = 0; i < x.layout.rank(); ++i) axes.axes.push_back(i);
  }
  const graph::Shape shape = builder.ShapeOf(x);
  POTLUT_ASSIGN_OR_RETURN(const Reduced reduced, ReducedSpace(node, x, shape, axes.axes));
  graph::Window window;
  if (reduced.h) window.kernel_h = shape.h;
  if (reduced.w) window.kernel_w = shape.w;
  if (reduced.h || reduced.w) {
    graph::Op op = graph::AvgPool{window};
    if (node.op() == "ReduceMax") op = graph::MaxPool{window};
    POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, std::move(op), x));
    if (node.op() == "ReduceSum") {
      const float count = static_cast<float>(int64_t{window.kernel_h} * window.kernel_w);
      POTLUT_ASSIGN_OR_RETURN(x, builder.EmitOn(node, graph::Affine{{count}, {0}}, x, "sum"));
    }
  }
  const bool keep = node.Int("keepdims", 1) != 0;
  for (size_t i = axes.axes.size(); i-- > 0;) {
    const auto at = x.layout.axes.begin() + static_cast<std::ptrdiff_t>(axes.axes[i]);
    if (keep) {
      at->clear();
    } else {
      x.layout.axes.erase(at);
    }
  }
  return std::vector<Value>{x};
}

}  // namespace potlut::onnx
