// Shapes: what each operator gives on inputs of given shapes, and all that an operator's fields
// must obey.
#include <cmath>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "graph/graph.h"

namespace potlut::graph {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 28;  // of one value, one sample
constexpr int32_t kMaxWindowField = 1 << 20;        // strides, dilations, pads

std::string Text(const Shape& shape) {
  return Cat("(", shape.c, ", ", shape.h, ", ", shape.w, ")");
}

// A shape whose sides came from 64-bit arithmetic.
Expected<Shape> Checked(int64_t c, int64_t h, int64_t w) {
  if (c < 1 || h < 1 || w < 1) {
    return BadInput("its value would be empty: (", c, ", ", h, ", ", w, ")");
  }
  const auto count = CheckedProduct(c, h, w);
  if (!count || *count > kMaxElements) {
    return ResourceLimit("its value (", c, ", ", h, ", ", w, ") has more than ", kMaxElements,
                         " elements");
  }
  return Shape{static_cast<int32_t>(c), static_cast<int32_t>(h), static_cast<int32_t>(w)};
}

// One direction of a window; `what` is "height" or "width".
struct Extent {
  int32_t in, kernel, stride, dilation, before, after;
  const char* what;
};

Expected<int64_t> WindowOutput(const Extent& e) {
  if (e.kernel < 1 || e.stride < 1 || e.dilation < 1 || e.before < 0 || e.after < 0) {
    return BadInput("its window's ", e.what, " has kernel ", e.kernel, ", stride ", e.stride,
                    ", dilation ", e.dilation, ", pads ", e.before, " and ", e.after,
                    "; the first three must be at least 1, pads at least 0");
  }
  if (e.kernel > kMaxElements || e.stride > kMaxWindowField || e.dilation > kMaxWindowField ||
      e.before > kMaxWindowField || e.after > kMaxWindowField) {
    return ResourceLimit("its window's ", e.what, " has a stride, dilation or pad above ",
                         kMaxWindowField);
  }
  const int64_t reach = int64_t{e.dilation} * (e.kernel - 1) + 1;
  const int64_t padded = int64_t{e.in} + e.before + e.after;
  if (reach > padded) {
    return BadInput("its window's ", e.what, " covers ", reach,
                    " cells, its padded input has only ", padded);
  }
  return (padded - reach) / e.stride + 1;
}

// Whether every position of a pool's window meets a real cell; elsewhere the result would have no
// meaning.
bool AlwaysMeetsInput(const Extent& e, int64_t out) {
  for (int64_t o = 0; o < out; ++o) {
    const int64_t begin = o * e.stride - e.before;
    const int64_t tap = begin >= 0 ? 0 : (-begin + e.dilation - 1) / e.dilation;
    if (tap >= e.kernel || begin + tap * e.dilation >= e.in) return false;
  }
  return true;
}

Expected<Shape> WindowShape(const Window& window, const Shape& in, int32_t out_channels,
                            bool pool) {
  const Extent h{in.h,           window.kernel_h,   window.stride_h, window.dilation_h,
                 window.pad_top, window.pad_bottom, "height"};
  const Extent w{in.w,
                 window.kernel_w,
                 window.stride_w,
                 window.dilation_w,
                 window.pad_left,
                 window.pad_right,
                 "width"};
  POTLUT_ASSIGN_OR_RETURN(const int64_t out_h, WindowOutput(h));
  POTLUT_ASSIGN_OR_RETURN(const int64_t out_w, WindowOutput(w));
  POTLUT_ASSIGN_OR_RETURN(const Shape shape, Checked(out_channels, out_h, out_w));
  if (pool && (!AlwaysMeetsInput(h, out_h) || !AlwaysMeetsInput(w, out_w))) {
    return BadInput(
        "its window lies wholly in the padding at some position; make the pads smaller");
  }
  return shape;
}

Status CheckArity(size_t have, size_t want) {
  if (have == want) return {};
  return BadInput("it has ", have, " inputs where it needs ", want);
}

Status CheckConstant(const std::vector<float>& values, const char* what, int32_t channels) {
  if (values.size() == 1 || values.size() == static_cast<size_t>(channels)) return {};
  return BadInput("its ", what, " has ", values.size(), " values; it needs 1 or ", channels,
                  " (one a channel)");
}

// Add and Mul: equal shapes, or the second spread over the first's map.
Expected<Shape> InferElementwise(const std::vector<Shape>& in) {
  POTLUT_RETURN_IF_ERROR(CheckArity(in.size(), 2));
  const bool spread = in[1].c == in[0].c && in[1].h == 1 && in[1].w == 1;
  if (in[0] == in[1] || spread) return in[0];
  return BadInput("its inputs ", Text(in[0]), " and ", Text(in[1]),
                  " do not fit: they must be equal, or the second (c, 1, 1)");
}

// The shape for each operator of one input (all but Input, Add, Mul, Concat).
struct InferUnary {
  const Shape& in;
  const Shape& wanted;

  Expected<Shape> operator()(const Conv& op) const {
    if (op.groups < 1 || op.out_channels < 1 || in.c % op.groups != 0 ||
        op.out_channels % op.groups != 0) {
      return BadInput("its ", op.groups, " groups do not divide ", in.c, " input and ",
                      op.out_channels, " output channels");
    }
    POTLUT_ASSIGN_OR_RETURN(const Shape shape, WindowShape(op.window, in, op.out_channels, false));
    const auto weights = CheckedProduct(int64_t{op.out_channels}, int64_t{op.window.kernel_h},
                                        int64_t{op.window.kernel_w}, int64_t{in.c / op.groups});
    if (!weights || op.weights.size() != static_cast<uint64_t>(*weights)) {
      return BadInput("it has ", op.weights.size(), " weights; ", op.out_channels, " x ",
                      op.window.kernel_h, " x ", op.window.kernel_w, " x ", in.c / op.groups,
                      " are needed");
    }
    if (!op.bias.empty() && op.bias.size() != static_cast<size_t>(op.out_channels)) {
      return BadInput("its bias has ", op.bias.size(), " values; it needs none or ",
                      op.out_channels);
    }
    return shape;
  }
  Expected<Shape> operator()(const Affine& op) const {
    POTLUT_RETURN_IF_ERROR(CheckConstant(op.scale, "scale", in.c));
    POTLUT_RETURN_IF_ERROR(CheckConstant(op.shift, "shift", in.c));
    return in;
  }
  Expected<Shape> operator()(const Activation& op) const {
    if (op.function == Function::kPRelu) {
      POTLUT_RETURN_IF_ERROR(CheckConstant(op.slope, "slope", in.c));
    }
    if (op.function == Function::kClip && !(op.a <= op.b)) {
      return BadInput("it clips to [", op.a, ", ", op.b,
                      "]; the low end must not pass the high end");
    }
    return in;
  }
  Expected<Shape> operator()(const MaxPool& op) const {
    return WindowShape(op.window, in, in.c, true);
  }
  Expected<Shape> operator()(const AvgPool& op) const {
    if (op.window.dilation_h != 1 || op.window.dilation_w != 1) {
      return BadInput("an average pool cannot be dilated");
    }
    return WindowShape(op.window, in, in.c, true);
  }
  Expected<Shape> operator()(const Flatten&) const { return Checked(in.count(), 1, 1); }
  Expected<Shape> operator()(const Pad& op) const {
    for (int i = 0; i < 3; ++i) {
      if (op.before[i] < 0 || op.after[i] < 0) return BadInput("its pads must be at least 0");
    }
    const auto side = [&](int64_t n, int i) { return n + op.before[i] + op.after[i]; };
    return Checked(side(in.c, 0), side(in.h, 1), side(in.w, 2));
  }
  Expected<Shape> operator()(const Slice& op) const {
    const int32_t have[3] = {in.c, in.h, in.w};
    const int32_t want[3] = {wanted.c, wanted.h, wanted.w};
    for (int i = 0; i < 3; ++i) {
      const int64_t last = op.start[i] + (int64_t{want[i]} - 1) * op.step[i];
      if (op.start[i] < 0 || op.step[i] < 1 || want[i] < 1 || last >= have[i]) {
        return BadInput("it takes ", want[i], " from ", op.start[i], " in steps of ", op.step[i],
                        " on axis ", "chw"[i], ", where its input has ", have[i]);
      }
    }
    return wanted;
  }
  Expected<Shape> operator()(const Shuffle& op) const {
    if (op.groups >= 1 && in.c % op.groups == 0) return in;
    return BadInput("its ", op.groups, " groups do not divide ", in.c, " channels");
  }
  Expected<Shape> operator()(const Resize& op) const {
    if (op.scale_h < 1 || op.scale_w < 1) return BadInput("its scales must be at least 1");
    return Checked(in.c, int64_t{in.h} * op.scale_h, int64_t{in.w} * op.scale_w);
  }
  Expected<Shape> operator()(const Lrn& op) const {
    if (op.size < 1) return BadInput("its size is ", op.size, "; it must be at least 1");
    return in;
  }
  Expected<Shape> operator()(const Softmax&) const { return in; }
  Expected<Shape> operator()(const ArgMax&) const { return Shape{1, in.h, in.w}; }

  template <typename T>
  Expected<Shape> operator()(const T&) const {
    return Failed("it is no operator of one input");
  }
};

}  // namespace

Expected<Shape> InferShape(const Op& op, const std::vector<Shape>& inputs,
                           const Shape& node_shape) {
  if (std::holds_alternative<Input>(op)) {
    POTLUT_RETURN_IF_ERROR(CheckArity(inputs.size(), 0));
    return Checked(node_shape.c, node_shape.h, node_shape.w);
  }
  if (std::holds_alternative<Add>(op) || std::holds_alternative<Mul>(op)) {
    return InferElementwise(inputs);
  }
  if (std::holds_alternative<Concat>(op)) {
    if (inputs.empty()) return BadInput("it joins nothing");
    int64_t channels = 0;
    for (const Shape& in : inputs) {
      if (in.h != inputs[0].h || in.w != inputs[0].w) {
        return BadInput("its inputs ", Text(inputs[0]), " and ", Text(in), " differ in their maps");
      }
      channels += in.c;
    }
    return Checked(channels, inputs[0].h, inputs[0].w);
  }
  POTLUT_RETURN_IF_ERROR(CheckArity(inputs.size(), 1));
  return std::visit(InferUnary{inputs[0], node_shape}, op);
}

}  // namespace potlut::graph
