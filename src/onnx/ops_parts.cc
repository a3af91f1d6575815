// Parts of values taken apart, put together, padded.
#include <algorithm>
#include <limits>

#include "onnx/arguments.h"
#include "onnx/ops.h"

namespace potlut::onnx {
namespace {

// A value whose axes are in order, with what each axis is.
struct Parts {
  Tensor x;
  std::vector<std::optional<Dim>> roles;
};

Expected<Parts> InOrder(GraphBuilder& builder, const NodeView& node, const Tensor& tensor) {
  Parts out;
  const bool vector = tensor.layout.rank() == 2 && tensor.layout.axes[1].size() > 1;
  POTLUT_ASSIGN_OR_RETURN(out.x,
                          vector ? builder.AsVector(node, tensor) : builder.Arranged(node, tensor));
  out.roles = Roles(out.x.layout, builder.ShapeOf(out.x));
  return out;
}

// c, h or w of an axis as 0, 1, 2. Errors: kUnsupported for the batch and for axes that are no
// single dimension.
Expected<size_t> PlaceOf(const NodeView& node, const Parts& parts, size_t axis,
                         std::string_view does) {
  const std::optional<Dim> role = parts.roles[axis];
  if (!role || *role == Dim::kBatch) {
    return node.Refuse(does, " axis ", axis, " of ", parts.x.layout.Text(),
                       "; only channels, height and width are supported");
  }
  return static_cast<size_t>(*role) - 1;
}

// The part of `x` that `ranges`, one for each axis, take; `x` itself where that is all.
Expected<Tensor> Sliced(GraphBuilder& builder, const NodeView& node, const Tensor& tensor,
                        const std::vector<Range>& ranges, std::string_view part) {
  const std::vector<int64_t> dims = tensor.layout.Dims();
  const auto whole = [&](size_t i) { return ranges[i].count == dims[i] && ranges[i].step == 1; };
  bool all = true;
  for (size_t i = 0; i < dims.size(); ++i) all = all && whole(i);
  if (all) return tensor;
  POTLUT_ASSIGN_OR_RETURN(Parts parts, InOrder(builder, node, tensor));
  graph::Slice slice;
  graph::Shape shape = builder.ShapeOf(parts.x);
  int32_t* const sizes[3] = {&shape.c, &shape.h, &shape.w};
  for (size_t i = 0; i < dims.size(); ++i) {
    if (whole(i)) continue;
    if (ranges[i].count < 1) return node.Bad("takes nothing of axis ", i);
    POTLUT_ASSIGN_OR_RETURN(const size_t place, PlaceOf(node, parts, i, "takes a part of"));
    slice.start[place] = static_cast<int32_t>(ranges[i].start);
    // With one element left the step does not matter, and may be anything.
    slice.step[place] = ranges[i].count == 1 ? 1 : static_cast<int32_t>(ranges[i].step);
    *sizes[place] = static_cast<int32_t>(ranges[i].count);
    parts.x.layout.axes[i] = WholeAxis(*parts.roles[i], ranges[i].count);
  }
  POTLUT_ASSIGN_OR_RETURN(parts.x.node, builder.Emit(node, slice, {parts.x.node}, part, shape));
  return parts.x;
}

// Pads one axis with one number.
Expected<Tensor> Padded(GraphBuilder& builder, const NodeView& node, Parts parts,
                        const std::vector<std::array<int64_t, 2>>& pads, float value,
                        std::string_view part) {
  graph::Pad pad;
  pad.value = value;
  for (size_t i = 0; i < pads.size(); ++i) {
    const auto [before, after] = pads[i];
    if (before == 0 && after == 0) continue;
    constexpr int64_t kMost = int64_t{1} << 28;
    if (before < 0 || after < 0) {
      return node.Refuse("attribute 'pads' is negative on axis ", i, "; crop by a Slice instead");
    }
    if (before > kMost || after > kMost) return node.Bad("pads axis ", i, " beyond all bounds");
    POTLUT_ASSIGN_OR_RETURN(const size_t place, PlaceOf(node, parts, i, "pads"));
    pad.before[place] = static_cast<int32_t>(before);
    pad.after[place] = static_cast<int32_t>(after);
    const int64_t size = AxisSize(parts.x.layout.axes[i]) + before + after;
    parts.x.layout.axes[i] = WholeAxis(*parts.roles[i], size);
  }
  POTLUT_ASSIGN_OR_RETURN(parts.x.node, builder.Emit(node, pad, {parts.x.node}, part));
  return parts.x;
}

// A constant between values is padding where it is one number all over; returns that number.
Expected<float> Filling(const NodeView& node, const Constant& constant, const Tensor& beside,
                        size_t axis) {
  const std::vector<int64_t> dims = beside.layout.Dims();
  bool good = constant.is_float() && constant.dims.size() == dims.size() && constant.count() > 0;
  for (size_t i = 0; good && i < dims.size(); ++i) good = i == axis || constant.dims[i] == dims[i];
  if (!good) {
    return node.Bad("its constant '", constant.source, "' of shape ", DimsText(constant.dims),
                    " does not fit beside ", beside.layout.Text());
  }
  for (const float v : constant.floats) {
    if (v != constant.floats[0]) {
      return node.Refuse(
          "joins a constant that is not the same number all over; add it as a "
          "bias or an operator instead");
    }
  }
  return constant.floats[0];
}

}  // namespace

Values ImportConcat(GraphBuilder& builder, const NodeView& node) {
  if (!node.Has("axis")) return node.Bad("attribute 'axis' is missing");
  std::vector<Tensor> tensors;
  std::optional<size_t> axis;
  ConstantPtr leading;
  for (size_t i = 0; i < node.input_count(); ++i) {
    const std::string part = Cat("pad", i);
    if (node.IsConstant(i)) {
      POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, node.ConstantInput(i, "part"));
      if (tensors.empty()) {
        if (leading != nullptr) {
          return node.Refuse("begins with two constants; join them before");
        }
        leading = constant;
        continue;
      }
      POTLUT_ASSIGN_OR_RETURN(const float value, Filling(node, *constant, tensors.back(), *axis));
      POTLUT_ASSIGN_OR_RETURN(Parts parts, InOrder(builder, node, tensors.back()));
      std::vector<std::array<int64_t, 2>> pads(parts.roles.size());
      pads[*axis] = {0, constant->dims[*axis]};
      POTLUT_ASSIGN_OR_RETURN(tensors.back(),
                              Padded(builder, node, std::move(parts), pads, value, part));
      continue;
    }
    POTLUT_ASSIGN_OR_RETURN(const Tensor given, node.Activation(i, "part"));
    POTLUT_ASSIGN_OR_RETURN(const size_t at,
                            CheckedAxis(node, node.Int("axis", 0), given.layout.rank()));
    if (axis && (*axis != at || given.layout.rank() != tensors[0].layout.rank())) {
      return node.Bad("its inputs differ in rank");
    }
    axis = at;
    POTLUT_ASSIGN_OR_RETURN(Parts parts, InOrder(builder, node, given));
    if (leading != nullptr) {
      POTLUT_ASSIGN_OR_RETURN(const float value, Filling(node, *leading, parts.x, at));
      std::vector<std::array<int64_t, 2>> pads(parts.roles.size());
      pads[at] = {leading->dims[at], 0};
      POTLUT_ASSIGN_OR_RETURN(parts.x, Padded(builder, node, parts, pads, value, part));
      leading = nullptr;
    }
    tensors.push_back(std::move(parts.x));
  }
  if (tensors.size() == 1) return std::vector<Value>{tensors[0]};
  std::vector<int32_t> inputs;
  int64_t channels = 0;
  Layout rest;
  for (Tensor& tensor : tensors) {
    // A vector among vectors, or a map among maps, joined on channels.
    if (tensor.layout.rank() == 2 && *axis == 1) {
      POTLUT_ASSIGN_OR_RETURN(tensor, builder.AsVector(node, tensor));
    }
    const Parts parts{tensor, Roles(tensor.layout, builder.ShapeOf(tensor))};
    POTLUT_ASSIGN_OR_RETURN(const size_t place, PlaceOf(node, parts, *axis, "joins along"));
    if (place != 0) {
      return node.Refuse("attribute 'axis' joins along axis ", *axis, " of ", tensor.layout.Text(),
                         "; only channels are supported");
    }
    Layout others = tensor.layout;
    others.axes[*axis].clear();
    if (inputs.empty()) rest = others;
    if (others != rest) {
      return node.Bad("its inputs ", tensors[0].layout.Text(), " and ", tensor.layout.Text(),
                      " do not fit together");
    }
    inputs.push_back(tensor.node);
    channels += builder.ShapeOf(tensor).c;
  }
  Tensor out = tensors[0];
  out.integral =
      std::any_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return t.integral; });
  POTLUT_ASSIGN_OR_RETURN(out.node, builder.Emit(node, graph::Concat{}, std::move(inputs)));
  out.layout.axes[*axis] = WholeAxis(Dim::kC, channels);
  return std::vector<Value>{out};
}

Values ImportSlice(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<Range> ranges, SliceRanges(node, x.layout.Dims()));
  POTLUT_ASSIGN_OR_RETURN(Tensor y, Sliced(builder, node, x, ranges, {}));
  return std::vector<Value>{y};
}

Values ImportSplit(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(0, "input"));
  const std::vector<int64_t> dims = x.layout.Dims();
  POTLUT_ASSIGN_OR_RETURN(const size_t axis, CheckedAxis(node, node.Int("axis", 0), dims.size()));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> sizes, SplitSizes(node, dims[axis]));
  std::vector<Value> out;
  int64_t start = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    out.emplace_back(ConstantPtr());
    if (node.OutputUsed(i)) {
      std::vector<Range> ranges;
      for (const int64_t dim : dims) ranges.push_back({0, 1, dim});
      ranges[axis] = {start, 1, sizes[i]};
      POTLUT_ASSIGN_OR_RETURN(out.back(), Sliced(builder, node, x, ranges, Cat(i)));
    }
    start += sizes[i];
  }
  return out;
}

Values ImportGather(GraphBuilder& builder, const NodeView& node) {
  if (node.IsConstant(0)) {
    return node.Refuse(
        "looks up a constant at computed places; only constant indices are "
        "supported");
  }
  POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(0, "input"));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr indices, node.ConstantInput(1, "indices"));
  const std::vector<int64_t> dims = x.layout.Dims();
  POTLUT_ASSIGN_OR_RETURN(const size_t axis, CheckedAxis(node, node.Int("axis", 0), dims.size()));
  if (indices->is_float() || indices->dims.size() > 1 || indices->count() == 0) {
    return node.Refuse("its indices are ", TypeName(indices->type), " ", DimsText(indices->dims),
                       "; one integer or a list of them is supported");
  }
  std::vector<int64_t> places;
  for (const int64_t index : indices->ints) {
    if (index < -dims[axis] || index >= dims[axis]) {
      return node.Bad("index ", index, " is outside axis ", axis, " of ", dims[axis]);
    }
    places.push_back(index < 0 ? index + dims[axis] : index);
  }
  const int64_t step = places.size() > 1 ? places[1] - places[0] : 1;
  for (size_t i = 1; i < places.size(); ++i) {
    if (step < 1 || places[i] - places[i - 1] != step) {
      return node.Refuse(
          "its indices do not rise in equal steps; only what a Slice can do is "
          "supported");
    }
  }
  if (IsBatch(x.layout.axes[axis])) {
    return node.Refuse("takes samples of the batch (axis ", axis, ")");
  }
  std::vector<Range> ranges;
  for (const int64_t dim : dims) ranges.push_back({0, 1, dim});
  ranges[axis] = {places[0], step, static_cast<int64_t>(places.size())};
  POTLUT_ASSIGN_OR_RETURN(Tensor y, Sliced(builder, node, x, ranges, {}));
  if (indices->dims.empty()) {
    y.layout.axes.erase(y.layout.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return std::vector<Value>{y};
}

Values ImportPad(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const Tensor x, node.Activation(0, "input"));
  const std::string mode = node.String("mode", "constant");
  if (mode != "constant") {
    return node.Refuse("attribute 'mode' is '", Printable(mode),
                       "'; only constant padding is supported");
  }
  const bool inputs = node.opset() >= 11;
  if (inputs && (node.Has("pads") || node.Has("value"))) {
    return node.Bad("attributes 'pads' and 'value' became inputs with opset 11");
  }
  if (!inputs && node.input_count() != 1) {
    return node.Bad("pads are an attribute before opset 11");
  }
  std::vector<int64_t> pads = node.Ints("pads");
  double value = node.Float("value", 0);
  const size_t rank = x.layout.rank();
  std::vector<int64_t> axes;
  if (inputs) {
    POTLUT_ASSIGN_OR_RETURN(pads, node.IntsInput(1, "pads"));
    POTLUT_ASSIGN_OR_RETURN(const ConstantPtr number, node.OptionalConstant(2, "constant_value"));
    if (number != nullptr && number->count() != 0) {
      POTLUT_ASSIGN_OR_RETURN(value, Scalar(node, *number, "constant_value"));
    }
    if (node.HasInput(3)) {
      if (node.opset() < 18) return node.Bad("input 'axes' exists from opset 18 on");
      POTLUT_ASSIGN_OR_RETURN(axes, node.IntsInput(3, "axes"));
    }
  }
  if (axes.empty()) {
    for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (pads.size() != 2 * axes.size()) {
    return node.Bad("has ", pads.size(), " pads for ", axes.size(), " axes");
  }
  std::vector<std::array<int64_t, 2>> each(rank, {0, 0});
  std::vector<bool> seen(rank, false);
  for (size_t i = 0; i < axes.size(); ++i) {
    POTLUT_ASSIGN_OR_RETURN(const size_t axis, CheckedAxis(node, axes[i], rank));
    if (seen[axis]) return node.Bad("pads axis ", axis, " twice");
    seen[axis] = true;
    each[axis] = {pads[i], pads[i + axes.size()]};
  }
  if (std::all_of(pads.begin(), pads.end(), [](int64_t p) { return p == 0; })) {
    return std::vector<Value>{x};
  }
  POTLUT_ASSIGN_OR_RETURN(Parts parts, InOrder(builder, node, x));
  POTLUT_ASSIGN_OR_RETURN(
      Tensor y, Padded(builder, node, std::move(parts), each, static_cast<float>(value), {}));
  return std::vector<Value>{y};
}

}  // namespace potlut::onnx
