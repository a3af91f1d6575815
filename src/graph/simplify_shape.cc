// Padding and flattening move into the convolution or pool that reads them.
#include <algorithm>
#include <limits>
#include <optional>

#include "graph/simplify_rules.h"

namespace potlut::graph {
namespace {

bool IsPadded(const Window& w) {
  return w.pad_top != 0 || w.pad_left != 0 || w.pad_bottom != 0 || w.pad_right != 0;
}

// The sums cannot wrap: a pad's result has at most 2^28 elements, a window's pads are at most 2^20.
Window Widened(Window w, const Pad& pad) {
  w.pad_top += pad.before[1];
  w.pad_left += pad.before[2];
  w.pad_bottom += pad.after[1];
  w.pad_right += pad.after[2];
  return w;
}

// What reads the pad's input to the same effect as `reader` reads the pad, if there is such an
// operator.
std::optional<Op> WithPad(const Rewriter& graph, int32_t node, const Pad& pad, int32_t reader) {
  if (const auto* conv = graph.As<Conv>(reader); conv && pad.value == 0) {
    Conv wider = *conv;
    wider.window = Widened(conv->window, pad);
    return wider;
  }
  if (const auto* pool = graph.As<AvgPool>(reader); pool && pad.value == 0) {
    // The pad's cells are counted, so the pool's own must be too, or there must be none.
    if (!pool->count_include_pad && IsPadded(pool->window)) return {};
    return AvgPool{Widened(pool->window, pad), true};
  }
  if (const auto* pool = graph.As<MaxPool>(reader)) {
    const bool never_wins = pad.value <= std::numeric_limits<float>::lowest() ||
                            (pad.value == 0 && IsNonNegative(graph, graph.at(node).inputs[0]));
    if (never_wins) return MaxPool{Widened(pool->window, pad)};
  }
  return {};
}

// A dense layer on a flattened map as a convolution whose kernel covers the map.
std::optional<Conv> OverMap(const Conv& dense, const Shape& map, Flatten::Order order) {
  if (dense.groups != 1 || dense.window.kernel_h != 1 || dense.window.kernel_w != 1 ||
      IsPadded(dense.window)) {
    return {};
  }
  Conv conv = dense;
  conv.window = {.kernel_h = map.h, .kernel_w = map.w};
  if (order == Flatten::Order::kHwc) return conv;
  const auto count = static_cast<size_t>(map.count()), channels = static_cast<size_t>(map.c);
  const size_t cells = count / channels;
  for (size_t row = 0; row < conv.weights.size(); row += count) {
    for (size_t cell = 0; cell < cells; ++cell) {
      for (size_t c = 0; c < channels; ++c) {
        conv.weights[row + cell * channels + c] = dense.weights[row + c * cells + cell];
      }
    }
  }
  return conv;
}

// All readers become `ops` (in their order) and read the node's input.
void Bypass(Rewriter& graph, int32_t node, std::vector<Op> ops) {
  auto next = ops.begin();
  for (const int32_t reader : graph.readers(node)) graph.op(reader) = std::move(*next++);
  graph.Replace(node, graph.at(node).inputs[0]);
}

}  // namespace

bool FoldPad(Rewriter& graph, int32_t node) {
  const auto* pad = graph.As<Pad>(node);
  if (!pad || graph.is_output(node) || pad->before[0] != 0 || pad->after[0] != 0) return false;
  std::vector<Op> ops;
  for (const int32_t reader : graph.readers(node)) {
    auto op = WithPad(graph, node, *pad, reader);
    // A pool may now have a position that sees padding only, a pad may be past the limits.
    if (!op || !InferShape(*op, {graph.input_shape(node)}, {}).ok()) return false;
    ops.push_back(*std::move(op));
  }
  Bypass(graph, node, std::move(ops));
  return true;
}

bool FoldFlatten(Rewriter& graph, int32_t node) {
  const auto* flatten = graph.As<Flatten>(node);
  if (!flatten || graph.is_output(node)) return false;
  std::vector<Op> ops;
  for (const int32_t reader : graph.readers(node)) {
    const auto* dense = graph.As<Conv>(reader);
    auto conv = dense ? OverMap(*dense, graph.input_shape(node), flatten->order) : std::nullopt;
    if (!conv) return false;
    ops.emplace_back(*std::move(conv));
  }
  Bypass(graph, node, std::move(ops));
  return true;
}

bool SinkFlatten(Rewriter& graph, int32_t node) {
  if (!graph.As<Flatten>(node) || graph.readers(node).size() != 1) return false;
  const int32_t reader = *graph.readers(node).begin();
  if (!graph.IsSole(node, reader)) return false;
  const auto* act = graph.As<Activation>(reader);
  const auto* affine = graph.As<Affine>(reader);
  // Constants for each element of the vector have no place on the map.
  const bool moves = (act && act->slope.size() <= 1) ||
                     (affine && affine->scale.size() == 1 && affine->shift.size() == 1);
  if (!moves) return false;
  graph.Swap(node, reader, graph.input_shape(node));
  return true;
}

}  // namespace potlut::graph
