// Emitting nodes and arranging axes.
#include "onnx/graph_builder.h"

#include <algorithm>

#include "onnx/tensor_reader.h"

namespace potlut::onnx {

Expected<ConstantPtr> GraphBuilder::ReadStored(const pb::TensorProto& tensor,
                                               const std::string& what) {
  POTLUT_ASSIGN_OR_RETURN(ConstantPtr constant, ReadTensor(tensor, what, folder_, stored_));
  derived_.Give(16 * constant->count());
  return constant;
}

Status GraphBuilder::TakeDerived(const NodeView& node, int64_t elements) {
  return derived_.Take(elements, Cat("node '", node.name(), "' (", Printable(node.op()), ")"));
}

std::string GraphBuilder::UniqueName(const std::string& name) {
  std::string unique = Printable(name.empty() ? "node" : name);
  if (names_.insert(unique).second) return unique;
  int64_t& number = next_number_[unique];
  std::string numbered;
  do {
    numbered = Cat(unique, "_", ++number + 1);
  } while (!names_.insert(numbered).second);
  return numbered;
}

Expected<int32_t> GraphBuilder::Emit(const NodeView& node, graph::Op op,
                                     std::vector<int32_t> inputs, std::string_view part,
                                     const graph::Shape& wanted) {
  graph::Node made;
  // The ONNX node's own name was made unique before; parts are derived from it.
  made.name = part.empty() ? node.name() : UniqueName(Cat(node.name(), "/", part));
  made.op = std::move(op);
  made.inputs = std::move(inputs);
  made.shape = wanted;
  return graph::Append(graph_, std::move(made));
}

Expected<Tensor> GraphBuilder::EmitOn(const NodeView& node, graph::Op op, const Tensor& input,
                                      std::string_view part) {
  Tensor out = input;
  POTLUT_ASSIGN_OR_RETURN(out.node, Emit(node, std::move(op), {input.node}, part));
  return out;
}

namespace {

// CHW or HWC where the atoms are whole dimensions in that order.
std::optional<graph::Flatten::Order> FlattenOrder(const Axis& axis, const graph::Shape& shape) {
  const auto follows = [&](std::initializer_list<Dim> order) {
    auto at = order.begin();
    for (const Atom& atom : axis) {
      if (atom.size != DimSize(shape, atom.dim)) return false;
      at = std::find(at, order.end(), atom.dim);
      if (at == order.end()) return false;
      ++at;
    }
    return true;
  };
  if (follows({Dim::kC, Dim::kH, Dim::kW})) return graph::Flatten::Order::kChw;
  if (follows({Dim::kH, Dim::kW, Dim::kC})) return graph::Flatten::Order::kHwc;
  return std::nullopt;
}

}  // namespace

Expected<Tensor> GraphBuilder::Flattened(const NodeView& node, const Tensor& tensor, size_t axis) {
  const graph::Shape& shape = ShapeOf(tensor);
  const auto order = FlattenOrder(tensor.layout.axes[axis], shape);
  if (!order) {
    return node.Refuse("reads a value whose axes are ", tensor.layout.Text(),
                       "; a map can be flattened in the order C, H, W or H, W, C only");
  }
  Tensor out = tensor;
  const auto count = shape.count();
  const std::pair key{tensor.node, static_cast<int32_t>(*order)};
  if (const auto known = flattens_.find(key); known != flattens_.end()) {
    out.node = known->second;
  } else {
    POTLUT_ASSIGN_OR_RETURN(out.node, Emit(node, graph::Flatten{*order}, {tensor.node}, "flatten"));
    flattens_[key] = out.node;
  }
  out.layout.axes[axis] = WholeAxis(Dim::kC, count);
  return out;
}

Expected<Tensor> GraphBuilder::Arranged(const NodeView& node, const Tensor& tensor) {
  Tensor out = tensor;
  const ChannelOrder order = ChannelOrderOf(out.layout);
  if (order.kind == ChannelOrder::Kind::kSplit) {
    return node.Refuse("reads a value whose channels are regrouped, axes ", out.layout.Text(),
                       "; of such regroupings only the channel shuffle (reshape, transpose, "
                       "reshape back) is supported");
  }
  if (order.kind == ChannelOrder::Kind::kShuffle) {
    const std::pair key{tensor.node, order.groups};
    if (const auto known = shuffles_.find(key); known != shuffles_.end()) {
      out.node = known->second;
    } else {
      POTLUT_ASSIGN_OR_RETURN(out.node,
                              Emit(node, graph::Shuffle{order.groups}, {tensor.node}, "shuffle"));
      shuffles_[key] = out.node;
    }
    out.layout = WithWholeChannels(out.layout, ShapeOf(out).c);
  }
  // One axis of several dimensions, with nothing left beside it, is a vector.
  int holders = 0;
  size_t mixed = 0;
  for (size_t i = 0; i < out.layout.rank(); ++i) {
    const Axis& axis = out.layout.axes[i];
    if (axis.empty() || IsBatch(axis)) continue;
    ++holders;
    if (axis.size() > 1) mixed = i;
  }
  if (holders == 1 && mixed != 0) return Flattened(node, out, mixed);
  return out;
}

Expected<Tensor> GraphBuilder::AsMap(const NodeView& node, const Tensor& tensor) {
  POTLUT_ASSIGN_OR_RETURN(Tensor out, Arranged(node, tensor));
  if (!IsMap(out.layout, ShapeOf(out))) {
    return node.Refuse("needs a value with the axes [N, C, H, W], but what it reads has ",
                       out.layout.Text(), " (", out.layout.rank(),
                       " axes); only 2-d images with channels first are supported there");
  }
  return out;
}

Expected<Tensor> GraphBuilder::AsVector(const NodeView& node, const Tensor& tensor) {
  POTLUT_ASSIGN_OR_RETURN(Tensor out, Arranged(node, tensor));
  if (out.layout.rank() == 2 && IsBatch(out.layout.axes[0])) {
    const graph::Shape& shape = ShapeOf(out);
    if (shape.h == 1 && shape.w == 1) return out;
    if (AxisSize(out.layout.axes[1]) == shape.count()) return Flattened(node, out, 1);
  }
  return node.Refuse("needs a value with the axes [N, features], but what it reads has ",
                     out.layout.Text(), "; flatten it before");
}

Expected<std::vector<float>> GraphBuilder::PerChannel(const NodeView& node, Tensor& tensor,
                                                      const Constant& constant) {
  Expected<std::vector<float>> values = Spread(node, tensor, constant);
  if (values.ok() || values.error().code != ErrorCode::kUnsupported) return values;
  const Expected<Tensor> arranged = Arranged(node, tensor);
  if (!arranged.ok() || arranged->node == tensor.node) return values;
  tensor = *arranged;
  return Spread(node, tensor, constant);
}

Expected<std::vector<float>> GraphBuilder::Spread(const NodeView& node, const Tensor& tensor,
                                                  const Constant& constant) {
  const auto value = [&](int64_t i) { return static_cast<float>(constant.At(i)); };
  const std::vector<int64_t> sizes = tensor.layout.Dims();
  if (constant.count() == 0) return node.Bad("its constant '", constant.source, "' is empty");
  if (constant.dims.size() > sizes.size() && constant.count() != 1) {
    return node.Bad("its constant has the shape ", DimsText(constant.dims),
                    ", more dimensions than the value it meets, ", tensor.layout.Text());
  }
  if (constant.count() == 1) {
    if (constant.dims.size() > sizes.size()) {
      return node.Refuse("its constant of shape ", DimsText(constant.dims),
                         " would add axes to the value it meets, ", tensor.layout.Text());
    }
    return std::vector<float>{value(0)};
  }
  // Strides of the constant along each axis of the tensor; 0 where it is spread.
  const size_t lead = sizes.size() - constant.dims.size();
  std::vector<int64_t> strides(sizes.size(), 0);
  int64_t stride = 1;
  for (size_t i = constant.dims.size(); i-- > 0;) {
    const int64_t dim = constant.dims[i];
    const Axis& axis = tensor.layout.axes[lead + i];
    if (dim != 1 && dim != sizes[lead + i]) {
      return sizes[lead + i] == 1
                 ? node.Refuse("its constant of shape ", DimsText(constant.dims),
                               " would make the value it meets larger, ", tensor.layout.Text())
                 : node.Bad("its constant of shape ", DimsText(constant.dims),
                            " does not fit the value it meets, ", tensor.layout.Text());
    }
    if (dim != 1 && IsBatch(axis)) {
      return node.Refuse("its constant of shape ", DimsText(constant.dims),
                         " differs from sample to sample");
    }
    strides[lead + i] = dim == 1 ? 0 : stride;
    stride *= dim;
  }
  // Each element's channel: element offset = sum over atoms of digit * (stride within the axis).
  struct Digit {
    int64_t size, channel_stride, offset;
  };
  std::vector<Digit> channel_digits;
  std::vector<Digit> other_digits;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (strides[i] == 0) continue;
    int64_t within = strides[i];
    for (auto atom = tensor.layout.axes[i].rbegin(); atom != tensor.layout.axes[i].rend(); ++atom) {
      const Digit digit{atom->size, atom->stride, within};
      (atom->dim == Dim::kC ? channel_digits : other_digits).push_back(digit);
      within *= atom->size;
    }
  }
  const int64_t channels = channel_digits.empty() ? 1 : ShapeOf(tensor).c;
  int64_t others = 1;
  for (const Digit& digit : other_digits) others *= digit.size;
  POTLUT_RETURN_IF_ERROR(TakeDerived(node, channels * others));
  std::vector<float> out(static_cast<size_t>(channels));
  for (int64_t c = 0; c < channels; ++c) {
    int64_t base = 0;
    for (const Digit& digit : channel_digits) {
      base += c / digit.channel_stride % digit.size * digit.offset;
    }
    out[static_cast<size_t>(c)] = value(base);
    // A constant may be written out over the map, as long as it is the same all over it.
    for (int64_t k = 1; k < others; ++k) {
      int64_t offset = base;
      int64_t rest = k;
      for (const Digit& digit : other_digits) {
        offset += rest % digit.size * digit.offset;
        rest /= digit.size;
      }
      const float other = value(offset);
      const float first = out[static_cast<size_t>(c)];
      if (other != first && !(other != other && first != first)) {
        return node.Refuse("its constant of shape ", DimsText(constant.dims),
                           " differs within a map (axes ", tensor.layout.Text(),
                           "); only one value, or one a channel, is supported");
      }
    }
  }
  return out;
}

}  // namespace potlut::onnx
