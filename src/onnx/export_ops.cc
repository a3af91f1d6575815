// What each operator becomes, and in which form (map or vector) it is read.
#include "onnx/export_ops.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace potlut::onnx {
namespace {

std::vector<int64_t> Sides(const graph::Shape& shape, int rank) {
  if (rank == 2) return {shape.c};
  return {shape.c, shape.h, shape.w};
}

bool IsVector(const graph::Shape& shape) { return shape.h == 1 && shape.w == 1; }

bool IsDense(const graph::Conv& conv, const graph::Shape& in) {
  const graph::Window& w = conv.window;
  return IsVector(in) && conv.groups == 1 && w.kernel_h == 1 && w.kernel_w == 1 && w.pad_top == 0 &&
         w.pad_left == 0 && w.pad_bottom == 0 && w.pad_right == 0;
}

std::vector<int64_t> Pads(const graph::Window& w) {
  return {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right};
}

// [out][h][w][in] to [out][in][h][w].
std::vector<float> ChannelsFirst(const graph::Conv& conv) {
  const auto taps =
      static_cast<size_t>(conv.window.kernel_h) * static_cast<size_t>(conv.window.kernel_w);
  const auto out = static_cast<size_t>(conv.out_channels);
  const size_t in = conv.weights.size() / (taps * out);
  std::vector<float> weights(conv.weights.size());
  for (size_t o = 0; o < out; ++o) {
    for (size_t t = 0; t < taps; ++t) {
      for (size_t i = 0; i < in; ++i) {
        weights[(o * in + i) * taps + t] = conv.weights[(o * taps + t) * in + i];
      }
    }
  }
  return weights;
}

std::vector<float> SpreadOver(const std::vector<float>& values, int32_t channels) {
  if (values.size() != 1) return values;
  return std::vector<float>(static_cast<size_t>(channels), values[0]);
}

bool AllEqual(const std::vector<float>& values, float value) {
  return std::all_of(values.begin(), values.end(), [&](float v) { return v == value; });
}

}  // namespace

OpExporter::OpExporter(const graph::Graph& graph, ModelWriter& writer)
    : graph_(graph), writer_(writer), values_(graph.nodes.size()) {}

void OpExporter::Run() {
  for (const graph::Node& node : graph_.nodes) writer_.Reserve(node.name);
  FindLive();
  FindDense();
  const graph::Node& input = graph_.nodes[0];
  value(0) = {input.name, 4, {}, {}};
  ModelWriter::Describe(*writer_.graph().add_input(), input.name, pb::TensorProto::FLOAT,
                        Sides(input.shape, 4));
  for (size_t i = 1; i < graph_.nodes.size(); ++i) {
    if (live_[i]) WriteNode(static_cast<int32_t>(i));
  }
  WriteOutputs();
}

void OpExporter::FindLive() {
  const size_t count = graph_.nodes.size();
  live_.assign(count, false);
  read_.assign(count, false);
  for (const int32_t output : graph_.outputs) live_[static_cast<size_t>(output)] = true;
  for (size_t i = count; i-- > 0;) {
    if (!live_[i]) continue;
    for (const int32_t input : graph_.nodes[i].inputs) {
      live_[static_cast<size_t>(input)] = read_[static_cast<size_t>(input)] = true;
    }
  }
}

void OpExporter::FindDense() {
  // From the end: whether all that reads a value can do with [N, C].
  const auto consumers = graph::Consumers(graph_);
  std::vector<bool> takes_vectors(graph_.nodes.size(), false);
  dense_.assign(graph_.nodes.size(), false);
  for (size_t i = graph_.nodes.size(); i-- > 1;) {
    const graph::Node& node = graph_.nodes[i];
    const bool free = std::all_of(consumers[i].begin(), consumers[i].end(), [&](int32_t consumer) {
      const auto c = static_cast<size_t>(consumer);
      return !live_[c] || takes_vectors[c];
    });
    if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
      dense_[i] = free && IsDense(*conv, graph_.nodes[static_cast<size_t>(node.inputs[0])].shape);
      takes_vectors[i] = dense_[i];
    } else if (std::holds_alternative<graph::Flatten>(node.op)) {
      takes_vectors[i] = true;
    } else {
      const bool either = std::holds_alternative<graph::Affine>(node.op) ||
                          std::holds_alternative<graph::Activation>(node.op) ||
                          std::holds_alternative<graph::Add>(node.op) ||
                          std::holds_alternative<graph::Mul>(node.op) ||
                          std::holds_alternative<graph::Concat>(node.op) ||
                          std::holds_alternative<graph::Softmax>(node.op) ||
                          std::holds_alternative<graph::ArgMax>(node.op);
      takes_vectors[i] = either && free && IsVector(node.shape);
    }
  }
}

void OpExporter::WriteNode(int32_t index) {
  at_ = index;
  value(index) = {name(), 4, {}, {}};
  std::visit([&](const auto& op) { Write(op); }, node().op);
}

void OpExporter::WriteOutputs() {
  std::set<std::string> written;
  for (const int32_t output : graph_.outputs) {
    at_ = output;
    const bool index = std::holds_alternative<graph::ArgMax>(node().op);
    // ArgMax's readers get floats; its own name stands for the integers.
    std::string shown = index ? name() : value(output).name;
    // An output can be neither the graph's input nor another output.
    if (output == 0 || !written.insert(shown).second)
      shown = PartNode("Identity", "output", {shown});
    const auto type = index ? pb::TensorProto::INT64 : pb::TensorProto::FLOAT;
    ModelWriter::Describe(*writer_.graph().add_output(), shown, type,
                          Sides(node().shape, value(output).rank));
  }
}

const std::string& OpExporter::AsMap(size_t i) {
  Exported& from = value(in(i));
  if (from.rank == 4) return from.name;
  if (from.as_map.empty()) {
    from.as_map = writer_.MakeName(from.name + "/map");
    writer_.Node("Unsqueeze", from.as_map,
                 {from.name, writer_.Integers(from.as_map + ".axes", {2, 3})});
  }
  return from.as_map;
}

const std::string& OpExporter::AsVector(size_t i) {
  Exported& from = value(in(i));
  if (from.rank == 2) return from.name;
  if (from.as_vector.empty()) {
    from.as_vector = writer_.MakeName(from.name + "/flatten");
    writer_.Node("Flatten", from.as_vector, {from.name}).Int("axis", 1);
  }
  return from.as_vector;
}

std::vector<std::string> OpExporter::Alike() {
  const auto& inputs = node().inputs;
  const bool vectors = std::all_of(inputs.begin(), inputs.end(),
                                   [&](int32_t input) { return value(input).rank == 2; });
  value(at_).rank = vectors ? 2 : 4;
  std::vector<std::string> names;
  for (size_t i = 0; i < inputs.size(); ++i) names.push_back(vectors ? Plain(i) : AsMap(i));
  return names;
}

std::string OpExporter::PartNode(std::string_view op, std::string_view part,
                                 const std::vector<std::string>& inputs) {
  std::string made = Part(part);
  writer_.Node(op, made, inputs);
  return made;
}

std::string OpExporter::Channelwise(std::string_view part, const std::vector<float>& values) {
  const std::string base = Cat(name(), ".", part);
  const auto count = static_cast<int64_t>(values.size());
  if (count == 1) return writer_.Floats(base, {1}, values);
  if (value(at_).rank == 2) return writer_.Floats(base, {count}, values);
  return writer_.Floats(base, {count, 1, 1}, values);
}

void OpExporter::WriteGemm(const graph::Conv& op) {
  value(at_).rank = 2;
  std::vector<std::string> inputs{
      AsVector(), writer_.Floats(name() + ".weight", {op.out_channels, shape_in().c}, op.weights)};
  if (!op.bias.empty()) {
    inputs.push_back(writer_.Floats(name() + ".bias", {op.out_channels}, op.bias));
  }
  writer_.Node("Gemm", name(), inputs).Int("transB", 1);
}

void OpExporter::Write(const graph::Conv& op) {
  if (dense(at_)) return WriteGemm(op);
  const graph::Window& w = op.window;
  std::vector<std::string> inputs{
      AsMap(), writer_.Floats(name() + ".weight",
                              {op.out_channels, shape_in().c / op.groups, w.kernel_h, w.kernel_w},
                              ChannelsFirst(op))};
  if (!op.bias.empty()) {
    inputs.push_back(writer_.Floats(name() + ".bias", {op.out_channels}, op.bias));
  }
  writer_.Node("Conv", name(), inputs)
      .Ints("dilations", {w.dilation_h, w.dilation_w})
      .Int("group", op.groups)
      .Ints("kernel_shape", {w.kernel_h, w.kernel_w})
      .Ints("pads", Pads(w))
      .Ints("strides", {w.stride_h, w.stride_w});
}

void OpExporter::Write(const graph::Affine& op) {
  const graph::Node& from = graph_.nodes[static_cast<size_t>(in())];
  if (std::holds_alternative<graph::Conv>(from.op) && value(in()).rank == 4) {
    const int32_t channels = node().shape.c;
    const auto list = [&](std::string_view part, const std::vector<float>& values) {
      return writer_.Floats(Cat(name(), ".", part), {channels}, SpreadOver(values, channels));
    };
    const std::vector<std::string> inputs{Plain(), list("weight", op.scale), list("bias", op.shift),
                                          list("running_mean", {0}), list("running_var", {1})};
    writer_.Node("BatchNormalization", name(), inputs).Float("epsilon", 0);
    return;
  }
  std::string x = Alike()[0];
  const bool adds = !AllEqual(op.shift, 0);
  if (!adds || !AllEqual(op.scale, 1)) {
    const std::string scale = Channelwise("scale", op.scale);
    if (!adds) {
      writer_.Node("Mul", name(), {x, scale});
      return;
    }
    x = PartNode("Mul", "mul", {x, scale});
  }
  writer_.Node("Add", name(), {x, Channelwise("shift", op.shift)});
}

void OpExporter::Write(const graph::Add& op) {
  writer_.Node(op.subtract ? "Sub" : "Add", name(), Alike());
}

void OpExporter::Write(const graph::Mul&) { writer_.Node("Mul", name(), Alike()); }

void OpExporter::Write(const graph::MaxPool& op) {
  const graph::Window& w = op.window;
  writer_.Node("MaxPool", name(), {AsMap()})
      .Ints("dilations", {w.dilation_h, w.dilation_w})
      .Ints("kernel_shape", {w.kernel_h, w.kernel_w})
      .Ints("pads", Pads(w))
      .Ints("strides", {w.stride_h, w.stride_w});
}

void OpExporter::Write(const graph::AvgPool& op) {
  const graph::Window& w = op.window;
  const std::vector<int64_t> pads = Pads(w);
  if (w.kernel_h == shape_in().h && w.kernel_w == shape_in().w && pads == std::vector<int64_t>(4)) {
    writer_.Node("GlobalAveragePool", name(), {AsMap()});
    return;
  }
  writer_.Node("AveragePool", name(), {AsMap()})
      .Int("count_include_pad", op.count_include_pad ? 1 : 0)
      .Ints("kernel_shape", {w.kernel_h, w.kernel_w})
      .Ints("pads", pads)
      .Ints("strides", {w.stride_h, w.stride_w});
}

void OpExporter::Write(const graph::Concat&) {
  writer_.Node("Concat", name(), Alike()).Int("axis", 1);
}

void OpExporter::Write(const graph::Flatten& op) {
  std::string x = Plain();
  if (op.order == graph::Flatten::Order::kHwc && !IsVector(shape_in())) {
    const std::string last = Part("hwc");
    writer_.Node("Transpose", last, {x}).Ints("perm", {0, 2, 3, 1});
    x = last;
  }
  value(at_).rank = 2;
  writer_.Node("Flatten", name(), {x}).Int("axis", 1);
}

void OpExporter::Write(const graph::Pad& op) {
  std::vector<int64_t> pads{0};
  pads.insert(pads.end(), std::begin(op.before), std::end(op.before));
  pads.push_back(0);
  pads.insert(pads.end(), std::begin(op.after), std::end(op.after));
  writer_.Node("Pad", name(),
               {AsMap(), writer_.Integers(name() + ".pads", pads),
                writer_.Scalar(name() + ".value", op.value)});
}

void OpExporter::Write(const graph::Slice& op) {
  const int32_t counts[3] = {node().shape.c, node().shape.h, node().shape.w};
  const int32_t sides[3] = {shape_in().c, shape_in().h, shape_in().w};
  std::vector<int64_t> starts, ends, axes, steps;
  for (size_t i = 0; i < 3; ++i) {
    if (op.start[i] == 0 && counts[i] == sides[i]) continue;
    starts.push_back(op.start[i]);
    ends.push_back(op.start[i] + int64_t{op.step[i]} * (counts[i] - 1) + 1);
    axes.push_back(static_cast<int64_t>(i) + 1);
    steps.push_back(op.step[i]);
  }
  if (axes.empty()) {
    writer_.Node("Identity", name(), {AsMap()});
    return;
  }
  writer_.Node("Slice", name(),
               {AsMap(), writer_.Integers(name() + ".starts", starts),
                writer_.Integers(name() + ".ends", ends), writer_.Integers(name() + ".axes", axes),
                writer_.Integers(name() + ".steps", steps)});
}

void OpExporter::Write(const graph::Shuffle& op) {
  const graph::Shape& s = node().shape;
  const std::string split = writer_.Integers(
      name() + ".split", {0, op.groups, s.c / op.groups, s.h, s.w});  // 0: as it was
  const std::string joined = writer_.Integers(name() + ".join", {0, s.c, s.h, s.w});
  const std::string grouped = PartNode("Reshape", "split", {AsMap(), split});
  const std::string swapped = Part("transpose");
  writer_.Node("Transpose", swapped, {grouped}).Ints("perm", {0, 2, 1, 3, 4});
  writer_.Node("Reshape", name(), {swapped, joined});
}

void OpExporter::Write(const graph::Resize& op) {
  const std::vector<float> scales{1, 1, static_cast<float>(op.scale_h),
                                  static_cast<float>(op.scale_w)};
  writer_.Node("Resize", name(), {AsMap(), "", writer_.Floats(name() + ".scales", {4}, scales)})
      .Text("coordinate_transformation_mode", "asymmetric")
      .Text("mode", "nearest")
      .Text("nearest_mode", "floor");
}

void OpExporter::Write(const graph::Lrn& op) {
  writer_.Node("LRN", name(), {AsMap()})
      .Float("alpha", op.alpha)
      .Float("beta", op.beta)
      .Float("bias", op.bias)
      .Int("size", op.size);
}

void OpExporter::Write(const graph::Softmax&) {
  writer_.Node("Softmax", name(), Alike()).Int("axis", 1);
}

void OpExporter::Write(const graph::ArgMax&) {
  writer_.Node("ArgMax", name(), Alike()).Int("axis", 1).Int("keepdims", 1);
  if (!read_[static_cast<size_t>(at_)]) return;
  const std::string real = Part("float");
  writer_.Node("Cast", real, {name()}).Int("to", pb::TensorProto::FLOAT);
  value(at_).name = real;
}

}  // namespace potlut::onnx
