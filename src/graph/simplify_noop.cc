// Nodes that return their input, and clamps of clamps.
#include <algorithm>
#include <limits>
#include <optional>

#include "graph/simplify_rules.h"

namespace potlut::graph {
namespace {

bool AllEqual(const std::vector<float>& values, float value) {
  return std::all_of(values.begin(), values.end(), [&](float v) { return v == value; });
}

bool IsIdle(const Window& w) { return w == Window{}; }

struct Range {
  float low, high;
};

// Activations that clamp to a range. The largest float stands for no limit, as exporters write it.
std::optional<Range> ClampOf(const Activation& act) {
  constexpr float kMax = std::numeric_limits<float>::max();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (act.function == Function::kRelu) return Range{0, kInfinity};
  if (act.function != Function::kClip) return {};
  return Range{act.a <= -kMax ? -kInfinity : act.a, act.b >= kMax ? kInfinity : act.b};
}

bool IsUnbounded(const Range& range) {
  return range.low == -std::numeric_limits<float>::infinity() &&
         range.high == std::numeric_limits<float>::infinity();
}

Activation ClampTo(const Range& range) {
  if (range.low == 0 && range.high == std::numeric_limits<float>::infinity()) return {};
  return {Function::kClip, range.low, range.high, {}};
}

// Whether the node's operator returns its (first) input as it is.
struct IsIdentity {
  const Rewriter& graph;
  int32_t node;
  const Shape& in = graph.input_shape(node);
  const Shape& out = graph.at(node).shape;

  bool operator()(const Affine& op) const { return AllEqual(op.scale, 1) && AllEqual(op.shift, 0); }
  bool operator()(const Activation& op) const {
    if (const auto range = ClampOf(op); range && IsUnbounded(*range)) return true;
    return (op.function == Function::kRelu || op.function == Function::kAbs) &&
           IsNonNegative(graph, graph.at(node).inputs[0]);
  }
  bool operator()(const MaxPool& op) const { return IsIdle(op.window); }
  bool operator()(const AvgPool& op) const { return IsIdle(op.window); }
  bool operator()(const Concat&) const { return graph.at(node).inputs.size() == 1; }
  bool operator()(const Flatten&) const { return in.h == 1 && in.w == 1; }
  bool operator()(const Pad&) const { return in == out; }
  bool operator()(const Slice&) const { return in == out; }  // all of it, so in steps of 1
  bool operator()(const Shuffle& op) const { return op.groups == 1 || op.groups == in.c; }
  bool operator()(const Resize& op) const { return op.scale_h == 1 && op.scale_w == 1; }
  template <typename T>
  bool operator()(const T&) const {
    return false;
  }
};

}  // namespace

bool IsNonNegative(const Rewriter& graph, int32_t node) {
  constexpr int kFar = 16;
  for (int step = 0; step < kFar && node != 0; ++step) {
    if (const auto* act = graph.As<Activation>(node)) {
      switch (act->function) {
        case Function::kRelu:
        case Function::kHardSigmoid:
        case Function::kSigmoid:
        case Function::kSoftplus:
        case Function::kExp:
        case Function::kSqrt:
        case Function::kAbs:
          return true;
        case Function::kClip:
          return act->a >= 0;
        default:
          return false;
      }
    }
    const auto* pad = graph.As<Pad>(node);
    const bool passes = graph.As<MaxPool>(node) || graph.As<AvgPool>(node) ||
                        graph.As<Slice>(node) || graph.As<Shuffle>(node) ||
                        graph.As<Resize>(node) || graph.As<Flatten>(node) ||
                        (pad && pad->value >= 0);
    if (!passes) return false;
    node = graph.at(node).inputs[0];
  }
  return false;
}

bool DropIdentity(Rewriter& graph, int32_t node) {
  if (!std::visit(IsIdentity{graph, node}, graph.at(node).op)) return false;
  graph.Replace(node, graph.at(node).inputs[0]);
  return true;
}

bool MergeActivations(Rewriter& graph, int32_t node) {
  const auto* act = graph.As<Activation>(node);
  if (!act) return false;
  auto range = ClampOf(*act);
  if (!range) return false;
  const int32_t before = graph.at(node).inputs[0];
  const auto* first = graph.As<Activation>(before);
  const auto inner = first && graph.IsSole(before, node) ? ClampOf(*first) : std::nullopt;
  if (inner) {
    // A clamp takes a clamp's range to the range of its own values on it.
    range = Range{std::clamp(inner->low, range->low, range->high),
                  std::clamp(inner->high, range->low, range->high)};
    graph.op(node) = ClampTo(*range);
    graph.SetInputs(node, {graph.at(before).inputs[0]});
    return true;
  }
  const Activation canonical = ClampTo(*range);
  if (canonical.function == act->function) return false;
  graph.op(node) = canonical;
  return true;
}

}  // namespace potlut::graph
