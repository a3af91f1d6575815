// Building, checking and listing of float graphs.
#include "graph/graph.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"

namespace potlut::graph {
namespace {

constexpr size_t kMaxNodes = size_t{1} << 16;

constexpr std::string_view kOpNames[] = {
    "input",   "conv", "affine", "activation", "add",    "mul", "max_pool", "avg_pool", "concat",
    "flatten", "pad",  "slice",  "shuffle",    "resize", "lrn", "softmax",  "argmax"};
static_assert(std::size(kOpNames) == std::variant_size_v<Op>);

std::string ShapeText(const Shape& shape) { return Cat(shape.c, "x", shape.h, "x", shape.w); }

// "node 'x' (conv): what is wrong".
Error NodeError(const Node& node, const Error& error) {
  return {error.code, Cat("node '", node.name, "' (", OpName(node.op), "): ", error.message)};
}

Expected<Shape> InferNode(const Graph& graph, const Node& node, size_t index) {
  std::vector<Shape> shapes;
  for (const int32_t input : node.inputs) {
    if (input < 0 || static_cast<size_t>(input) >= index) {
      return BadInput("it reads node ", input, ", which does not stand before it");
    }
    shapes.push_back(graph.nodes[static_cast<size_t>(input)].shape);
  }
  return InferShape(node.op, shapes, node.shape);
}

bool AllFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

// NaN anywhere, or infinity where only a clip's ends and a pad's value may have it.
Status CheckConstants(const Op& op) {
  bool good = true;
  if (const auto* conv = std::get_if<Conv>(&op)) {
    good = AllFinite(conv->weights) && AllFinite(conv->bias);
  } else if (const auto* affine = std::get_if<Affine>(&op)) {
    good = AllFinite(affine->scale) && AllFinite(affine->shift);
  } else if (const auto* act = std::get_if<Activation>(&op)) {
    const bool clip = act->function == Function::kClip;
    good = AllFinite(act->slope) && (clip || (std::isfinite(act->a) && std::isfinite(act->b)));
  } else if (const auto* pad = std::get_if<Pad>(&op)) {
    good = !std::isnan(pad->value);
  } else if (const auto* lrn = std::get_if<Lrn>(&op)) {
    good = std::isfinite(lrn->alpha) && std::isfinite(lrn->beta) && std::isfinite(lrn->bias);
  }
  if (good) return {};
  return BadInput("one of its constants is not a finite number");
}

std::string WindowText(const Window& w) {
  std::string text = Cat(" ", w.kernel_h, "x", w.kernel_w);
  if (w.stride_h != 1 || w.stride_w != 1) text += Cat(" stride ", w.stride_h, ",", w.stride_w);
  if (w.dilation_h != 1 || w.dilation_w != 1) {
    text += Cat(" dilation ", w.dilation_h, ",", w.dilation_w);
  }
  if (w.pad_top != 0 || w.pad_left != 0 || w.pad_bottom != 0 || w.pad_right != 0) {
    text += Cat(" pad ", w.pad_top, ",", w.pad_left, ",", w.pad_bottom, ",", w.pad_right);
  }
  return text;
}

// The operator with what matters of its fields.
struct OpText {
  std::string operator()(const Conv& op) const {
    std::string text = Cat("conv", WindowText(op.window));
    if (op.groups != 1) text += Cat(" groups ", op.groups);
    if (op.bias.empty()) text += " no bias";
    return text;
  }
  std::string operator()(const Activation& op) const {
    std::string text(FunctionName(op.function));
    switch (op.function) {
      case Function::kClip:
      case Function::kHardSigmoid:
        return Cat(text, " ", op.a, " ", op.b);
      case Function::kLeakyRelu:
      case Function::kElu:
        return Cat(text, " ", op.a);
      default:
        return text;
    }
  }
  std::string operator()(const Add& op) const { return op.subtract ? "subtract" : "add"; }
  std::string operator()(const MaxPool& op) const { return Cat("max_pool", WindowText(op.window)); }
  std::string operator()(const AvgPool& op) const {
    return Cat("avg_pool", WindowText(op.window), op.count_include_pad ? " counting pads" : "");
  }
  std::string operator()(const Flatten& op) const {
    return op.order == Flatten::Order::kChw ? "flatten chw" : "flatten hwc";
  }
  std::string operator()(const Pad& op) const {
    return Cat("pad c ", op.before[0], ",", op.after[0], " h ", op.before[1], ",", op.after[1],
               " w ", op.before[2], ",", op.after[2], " with ", op.value);
  }
  std::string operator()(const Slice& op) const {
    return Cat("slice from ", op.start[0], ",", op.start[1], ",", op.start[2], " step ", op.step[0],
               ",", op.step[1], ",", op.step[2]);
  }
  std::string operator()(const Shuffle& op) const { return Cat("shuffle ", op.groups); }
  std::string operator()(const Resize& op) const {
    return Cat("resize ", op.scale_h, "x", op.scale_w);
  }
  template <typename T>
  std::string operator()(const T& op) const {
    return std::string(OpName(Op(op)));
  }
};

}  // namespace

std::string_view OpName(const Op& op) { return kOpNames[op.index()]; }

Expected<int32_t> Append(Graph& graph, Node node) {
  const size_t index = graph.nodes.size();
  if (index >= kMaxNodes) return ResourceLimit("the graph has more than ", kMaxNodes, " nodes");
  if (node.name.empty()) node.name = Cat(OpName(node.op), "@", index);
  auto shape = InferNode(graph, node, index);
  if (!shape.ok()) return NodeError(node, shape.error());
  node.shape = *shape;
  graph.nodes.push_back(std::move(node));
  return static_cast<int32_t>(index);
}

Status Validate(const Graph& graph) {
  const size_t count = graph.nodes.size();
  if (count == 0 || !std::holds_alternative<Input>(graph.nodes[0].op)) {
    return BadInput("a graph must begin with its input");
  }
  if (count > kMaxNodes) return ResourceLimit("the graph has more than ", kMaxNodes, " nodes");
  std::set<std::string_view> names;
  for (size_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes[i];
    if (node.name.empty()) return BadInput("node ", i, " (", OpName(node.op), ") has no name");
    if (!names.insert(node.name).second) {
      return BadInput("two nodes are called '", node.name, "'; names must be unique");
    }
    if (i > 0 && std::holds_alternative<Input>(node.op)) {
      return NodeError(node, BadInput("a graph has one input only, its first node"));
    }
    const auto shape = InferNode(graph, node, i);
    if (!shape.ok()) return NodeError(node, shape.error());
    if (*shape != node.shape) {
      return NodeError(node, BadInput("its shape is ", ShapeText(node.shape), ", but it computes ",
                                      ShapeText(*shape)));
    }
    if (const Status status = CheckConstants(node.op); !status.ok()) {
      return NodeError(node, status.error());
    }
  }
  if (graph.outputs.empty()) return BadInput("the graph has no output");
  for (const int32_t output : graph.outputs) {
    if (output < 0 || static_cast<size_t>(output) >= count) {
      return BadInput("output ", output, " is no node of the graph, which has ", count);
    }
  }
  return {};
}

std::vector<std::vector<int32_t>> Consumers(const Graph& graph) {
  std::vector<std::vector<int32_t>> consumers(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const int32_t input : graph.nodes[i].inputs) {
      auto& readers = consumers[static_cast<size_t>(input)];
      // Once, even where a node reads a value twice (x * x).
      if (readers.empty() || readers.back() != static_cast<int32_t>(i)) {
        readers.push_back(static_cast<int32_t>(i));
      }
    }
  }
  return consumers;
}

std::string Describe(const Graph& graph) {
  std::string text;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    text +=
        Cat(i, " ", node.name, ": ", std::visit(OpText{}, node.op), " -> ", ShapeText(node.shape));
    if (!node.inputs.empty()) text += " of";
    for (const int32_t input : node.inputs) text += Cat(" ", input);
    text += "\n";
  }
  text += "outputs";
  for (const int32_t output : graph.outputs) text += Cat(" ", output);
  return text + "\n";
}

}  // namespace potlut::graph
