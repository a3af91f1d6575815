// Constants made, rearranged and measured.
#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "onnx/arguments.h"
#include "onnx/ops.h"

namespace potlut::onnx {
namespace {

std::vector<Value> One(ConstantPtr constant) { return {Value(std::move(constant))}; }

// A walk through a constant: element (i, j, ...) of the result is at base + i * strides[0] + j *
// strides[1] ...
struct Walk {
  int64_t base = 0;
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;
};

std::vector<int64_t> Strides(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(dims[i], 1);
  }
  return strides;
}

Expected<ConstantPtr> Walked(GraphBuilder& builder, const NodeView& node, const Constant& in,
                             const Walk& walk) {
  const Expected<int64_t> count = ElementCount(walk.dims);
  if (!count.ok()) return node.At(count.error());
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, *count));
  auto out = std::make_shared<Constant>();
  out->type = in.type;
  out->dims = walk.dims;
  out->source = in.source;
  std::vector<int64_t> index(walk.dims.size(), 0);
  int64_t at = walk.base;
  for (int64_t i = 0; i < *count; ++i) {
    if (out->is_float()) {
      out->floats.push_back(in.floats[static_cast<size_t>(at)]);
    } else {
      out->ints.push_back(in.ints[static_cast<size_t>(at)]);
    }
    for (size_t axis = index.size(); axis-- > 0;) {
      at += walk.strides[axis];
      if (++index[axis] < walk.dims[axis]) break;
      at -= walk.strides[axis] * walk.dims[axis];
      index[axis] = 0;
    }
  }
  return ConstantPtr(out);
}

// The same values under another shape of as many elements.
Values Reshaped(GraphBuilder& builder, const NodeView& node, const Constant& in,
                std::vector<int64_t> dims) {
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, in.count()));
  auto out = std::make_shared<Constant>(in);
  out->dims = std::move(dims);
  return One(std::move(out));
}

Expected<ConstantPtr> Operand(const NodeView& node) { return node.ConstantInput(0, "operand"); }

}  // namespace

Values FoldConstant(GraphBuilder& builder, const NodeView& node) {
  int given = 0;
  for (const char* name : {"value", "value_int", "value_ints", "value_float", "value_floats",
                           "value_string", "value_strings", "sparse_value"}) {
    given += node.Has(name) ? 1 : 0;
  }
  if (given != 1) return node.Bad("needs exactly one value attribute, has ", given);
  if (node.Has("value")) {
    Expected<ConstantPtr> stored =
        builder.ReadStored(node.TensorAttribute("value"), "attribute 'value'");
    if (!stored.ok()) return node.At(stored.error());
    return One(std::move(*stored));
  }
  if (node.Has("value_int")) return One(MakeInts({}, {node.Int("value_int", 0)}));
  if (node.Has("value_float")) return One(MakeFloats({}, {node.Float("value_float", 0)}));
  if (node.Has("value_ints")) {
    std::vector<int64_t> values = node.Ints("value_ints");
    const auto count = static_cast<int64_t>(values.size());
    return One(MakeInts({count}, std::move(values)));
  }
  if (node.Has("value_floats")) {
    std::vector<float> values = node.Floats("value_floats");
    const auto count = static_cast<int64_t>(values.size());
    return One(MakeFloats({count}, std::move(values)));
  }
  return node.Refuse(
      "holds a string or sparse tensor (attributes 'value_string', "
      "'sparse_value'); only dense numbers are supported");
}

Values FoldConstantOfShape(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, node.IntsInput(0, "shape"));
  if (dims.size() > 16) return node.Bad("asks for ", dims.size(), " dimensions");
  const Expected<int64_t> count = ElementCount(dims);
  if (!count.ok()) return node.At(count.error());
  ConstantPtr value = MakeFloats({1}, {0});
  if (node.Has("value")) {
    Expected<ConstantPtr> stored =
        builder.ReadStored(node.TensorAttribute("value"), "attribute 'value'");
    if (!stored.ok()) return node.At(stored.error());
    value = std::move(*stored);
    if (value->count() != 1) return node.Bad("attribute 'value' must hold one number");
  }
  // Stride 0 everywhere: the one number again and again.
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr out, Walked(builder, node, *value,
                                                  {0, dims, std::vector<int64_t>(dims.size(), 0)}));
  return One(std::move(out));
}

Values FoldRange(GraphBuilder& builder, const NodeView& node) {
  double ends[3];
  bool floats = false;
  for (size_t i = 0; i < 3; ++i) {
    POTLUT_ASSIGN_OR_RETURN(const ConstantPtr constant, node.ConstantInput(i, "limit"));
    POTLUT_ASSIGN_OR_RETURN(ends[i], Scalar(node, *constant, "limit"));
    floats = floats || constant->is_float();
  }
  if (ends[2] == 0) return node.Bad("its step is 0");
  const double count = std::max(0.0, std::ceil((ends[1] - ends[0]) / ends[2]));
  if (!(count < 1e9)) return node.Bad("its limits give no countable range");
  const auto length = static_cast<int64_t>(count);
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, length));
  std::vector<float> reals;
  std::vector<int64_t> integers;
  for (int64_t i = 0; i < length; ++i) {
    const double value = ends[0] + static_cast<double>(i) * ends[2];
    if (floats) {
      reals.push_back(static_cast<float>(value));
    } else {
      integers.push_back(static_cast<int64_t>(value));
    }
  }
  return One(floats ? MakeFloats({length}, std::move(reals))
                    : MakeInts({length}, std::move(integers)));
}

Values FoldIdentity(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr in, Operand(node));
  return One(std::move(in));
}

Values FoldReshape(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  POTLUT_ASSIGN_OR_RETURN(std::vector<int64_t> dims, ReshapeTarget(node, in->dims));
  return Reshaped(builder, node, *in, std::move(dims));
}

Values FoldTranspose(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> perm, Permutation(node, in->dims.size()));
  const std::vector<int64_t> strides = Strides(in->dims);
  Walk walk;
  for (const int64_t axis : perm) {
    walk.dims.push_back(in->dims[static_cast<size_t>(axis)]);
    walk.strides.push_back(strides[static_cast<size_t>(axis)]);
  }
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr out, Walked(builder, node, *in, walk));
  return One(std::move(out));
}

Values FoldSqueeze(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  POTLUT_ASSIGN_OR_RETURN(const AxesArgument axes, ReadAxes(node, 13, 1, in->dims.size()));
  std::vector<int64_t> dims;
  for (size_t i = 0; i < in->dims.size(); ++i) {
    const bool named = std::binary_search(axes.axes.begin(), axes.axes.end(), i);
    if (named && in->dims[i] != 1) return node.Bad("removes axis ", i, ", whose size is not 1");
    if (!named && (axes.given || in->dims[i] != 1)) dims.push_back(in->dims[i]);
  }
  return Reshaped(builder, node, *in, std::move(dims));
}

Values FoldUnsqueeze(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  size_t count = node.Ints("axes").size();
  if (node.HasInput(1)) {
    POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> list, node.IntsInput(1, "axes"));
    count = list.size();
  }
  if (count + in->dims.size() > 16) return node.Bad("adds ", count, " axes");
  POTLUT_ASSIGN_OR_RETURN(const AxesArgument axes, ReadAxes(node, 13, 1, in->dims.size() + count));
  std::vector<int64_t> dims = in->dims;
  for (const size_t axis : axes.axes) {
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  }
  return Reshaped(builder, node, *in, std::move(dims));
}

Values FoldExpand(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, node.IntsInput(1, "shape"));
  const size_t rank = std::max(shape.size(), in->dims.size());
  if (rank > 16) return node.Bad("asks for ", rank, " dimensions");
  const std::vector<int64_t> strides = Strides(in->dims);
  Walk walk;
  for (size_t i = 0; i < rank; ++i) {
    const size_t lead_in = rank - in->dims.size();
    const size_t lead_shape = rank - shape.size();
    const int64_t have = i < lead_in ? 1 : in->dims[i - lead_in];
    const int64_t want = i < lead_shape ? 1 : shape[i - lead_shape];
    if (have != 1 && want != 1 && have != want) {
      return node.Bad("cannot expand ", DimsText(in->dims), " to ", DimsText(shape));
    }
    walk.dims.push_back(have == 1 ? want : have);
    walk.strides.push_back(have == 1 ? 0 : strides[i - lead_in]);
  }
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr out, Walked(builder, node, *in, walk));
  return One(std::move(out));
}

Values FoldConcat(GraphBuilder& builder, const NodeView& node) {
  std::vector<ConstantPtr> parts;
  std::vector<int64_t> dims;
  size_t axis = 0;
  for (size_t i = 0; i < node.input_count(); ++i) {
    POTLUT_ASSIGN_OR_RETURN(const ConstantPtr part, node.ConstantInput(i, "part"));
    if (i == 0) {
      dims = part->dims;
      POTLUT_ASSIGN_OR_RETURN(axis, CheckedAxis(node, node.Int("axis", 0), dims.size()));
      dims[axis] = 0;
    }
    bool fits = part->dims.size() == dims.size();
    for (size_t k = 0; fits && k < dims.size(); ++k) fits = k == axis || part->dims[k] == dims[k];
    const auto sum = fits ? CheckedAdd(dims[axis], part->dims[axis]) : std::nullopt;
    if (!sum || part->is_float() != (i == 0 ? part : parts[0])->is_float()) {
      return node.Bad("its constants do not fit together");
    }
    dims[axis] = *sum;
    parts.push_back(part);
  }
  const Expected<int64_t> count = ElementCount(dims);
  if (!count.ok()) return node.At(count.error());
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, *count));
  auto out = std::make_shared<Constant>();
  out->type = parts[0]->type;
  int64_t outer = 1;
  for (size_t k = 0; k < axis; ++k) outer *= dims[k];
  for (int64_t o = 0; *count > 0 && o < outer; ++o) {
    for (const ConstantPtr& part : parts) {
      const int64_t run = part->count() / outer;
      const auto copy = [&](const auto& from, auto& to) {
        to.insert(to.end(), from.begin() + o * run, from.begin() + (o + 1) * run);
      };
      if (out->is_float()) {
        copy(part->floats, out->floats);
      } else {
        copy(part->ints, out->ints);
      }
    }
  }
  out->dims = std::move(dims);
  return One(std::move(out));
}

namespace {

// The part of `in` that the ranges take.
Values Taken(GraphBuilder& builder, const NodeView& node, const Constant& in,
             const std::vector<Range>& ranges) {
  const std::vector<int64_t> strides = Strides(in.dims);
  Walk walk;
  for (size_t i = 0; i < ranges.size(); ++i) {
    walk.dims.push_back(ranges[i].count);
    // A step counts only where a second element is taken, and is then no larger than the axis.
    walk.strides.push_back(ranges[i].count > 1 ? strides[i] * ranges[i].step : 0);
    walk.base += strides[i] * ranges[i].start;
  }
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr out, Walked(builder, node, in, walk));
  return One(std::move(out));
}

}  // namespace

Values FoldSlice(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<Range> ranges, SliceRanges(node, in->dims));
  return Taken(builder, node, *in, ranges);
}

Values FoldSplit(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  POTLUT_ASSIGN_OR_RETURN(const size_t axis,
                          CheckedAxis(node, node.Int("axis", 0), in->dims.size()));
  POTLUT_ASSIGN_OR_RETURN(const std::vector<int64_t> sizes, SplitSizes(node, in->dims[axis]));
  std::vector<Value> out;
  int64_t start = 0;
  for (const int64_t size : sizes) {
    std::vector<Range> ranges;
    for (const int64_t dim : in->dims) ranges.push_back({0, 1, dim});
    ranges[axis] = {start, 1, size};
    POTLUT_ASSIGN_OR_RETURN(std::vector<Value> part, Taken(builder, node, *in, ranges));
    out.push_back(std::move(part[0]));
    start += size;
  }
  return out;
}

Values FoldGather(GraphBuilder& builder, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr indices, node.ConstantInput(1, "indices"));
  POTLUT_ASSIGN_OR_RETURN(const size_t axis,
                          CheckedAxis(node, node.Int("axis", 0), in->dims.size()));
  if (indices->is_float()) return node.Bad("its indices are no integers");
  std::vector<int64_t> dims(in->dims.begin(), in->dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), indices->dims.begin(), indices->dims.end());
  dims.insert(dims.end(), in->dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, in->dims.end());
  if (dims.size() > 16) return node.Bad("makes ", dims.size(), " dimensions");
  const Expected<int64_t> count = ElementCount(dims);
  if (!count.ok()) return node.At(count.error());
  POTLUT_RETURN_IF_ERROR(builder.TakeDerived(node, *count));
  const int64_t size = in->dims[axis];
  const int64_t inner = Strides(in->dims)[axis];
  auto out = std::make_shared<Constant>();
  out->type = in->type;
  const int64_t outer = in->count() == 0 ? 0 : in->count() / (size * inner);
  for (int64_t o = 0; *count > 0 && o < outer; ++o) {
    for (const int64_t index : indices->ints) {
      if (index < -size || index >= size) {
        return node.Bad("index ", index, " is outside axis ", axis, " of ", size);
      }
      const int64_t from = (o * size + (index < 0 ? index + size : index)) * inner;
      const auto copy = [&](const auto& source, auto& to) {
        to.insert(to.end(), source.begin() + from, source.begin() + from + inner);
      };
      if (out->is_float()) {
        copy(in->floats, out->floats);
      } else {
        copy(in->ints, out->ints);
      }
    }
  }
  // An index into nothing is as wrong as one past the end.
  if (out->count() != *count) return node.Bad("looks up an empty constant");
  out->dims = std::move(dims);
  return One(std::move(out));
}

Values FoldShape(GraphBuilder&, const NodeView& node) {
  POTLUT_ASSIGN_OR_RETURN(const ConstantPtr in, Operand(node));
  if (node.op() == "Size") return One(MakeInts({}, {in->count()}));
  return One(ShapePart(node, in->dims));
}

}  // namespace potlut::onnx
