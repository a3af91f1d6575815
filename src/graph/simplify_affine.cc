// Scales and shifts move into the convolution before or after them, or join. Arithmetic in double,
// rounded once.
#include <algorithm>
#include <cmath>

#include "graph/simplify_rules.h"

namespace potlut::graph {
namespace {

double At(const std::vector<float>& values, size_t channel) {
  return values[values.size() == 1 ? 0 : channel];
}

bool AllFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

bool IsPadded(const Window& w) {
  return w.pad_top != 0 || w.pad_left != 0 || w.pad_bottom != 0 || w.pad_right != 0;
}

// affine(conv(x)) as one convolution.
Conv After(const Conv& conv, const Affine& affine) {
  Conv result = conv;
  const auto outs = static_cast<size_t>(conv.out_channels);
  const size_t per_out = conv.weights.size() / outs;
  result.bias.resize(outs);
  for (size_t o = 0; o < outs; ++o) {
    const double scale = At(affine.scale, o);
    for (size_t i = o * per_out; i < (o + 1) * per_out; ++i) {
      result.weights[i] = static_cast<float>(static_cast<double>(conv.weights[i]) * scale);
    }
    const double bias = conv.bias.empty() ? 0 : conv.bias[o];
    result.bias[o] = static_cast<float>(bias * scale + At(affine.shift, o));
  }
  return result;
}

// conv(affine(x)) as one convolution; right where nothing is padded or nothing is shifted.
Conv Before(const Affine& affine, const Conv& conv, size_t in_channels) {
  Conv result = conv;
  const auto outs = static_cast<size_t>(conv.out_channels),
             groups = static_cast<size_t>(conv.groups);
  const size_t ins = in_channels / groups, taps = conv.weights.size() / outs / ins;
  result.bias.resize(outs);
  for (size_t o = 0; o < outs; ++o) {
    const size_t first = o / (outs / groups) * ins;  // of the group's input channels
    double bias = conv.bias.empty() ? 0 : conv.bias[o];
    for (size_t tap = 0; tap < taps; ++tap) {
      for (size_t i = 0; i < ins; ++i) {
        float& weight = result.weights[(o * taps + tap) * ins + i];
        bias += static_cast<double>(weight) * At(affine.shift, first + i);
        weight = static_cast<float>(static_cast<double>(weight) * At(affine.scale, first + i));
      }
    }
    result.bias[o] = static_cast<float>(bias);
  }
  return result;
}

// Too large constants in the source may overflow when multiplied; such are left alone.
bool IsSound(const Conv& conv) { return AllFinite(conv.weights) && AllFinite(conv.bias); }

}  // namespace

bool FoldAffineBack(Rewriter& graph, int32_t node) {
  const auto* affine = graph.As<Affine>(node);
  if (!affine) return false;
  const int32_t before = graph.at(node).inputs[0];
  const auto* conv = graph.As<Conv>(before);
  if (!conv || !graph.IsSole(before, node)) return false;
  Conv folded = After(*conv, *affine);
  if (!IsSound(folded)) return false;
  graph.op(before) = std::move(folded);
  graph.Replace(node, before);
  return true;
}

bool MergeAffines(Rewriter& graph, int32_t node) {
  const auto* second = graph.As<Affine>(node);
  if (!second) return false;
  const int32_t before = graph.at(node).inputs[0];
  const auto* first = graph.As<Affine>(before);
  if (!first || !graph.IsSole(before, node)) return false;
  const size_t scales = std::max(first->scale.size(), second->scale.size());
  const size_t shifts = std::max({first->shift.size(), second->shift.size(), second->scale.size()});
  Affine merged{std::vector<float>(scales), std::vector<float>(shifts)};
  for (size_t c = 0; c < scales; ++c) {
    merged.scale[c] = static_cast<float>(At(first->scale, c) * At(second->scale, c));
  }
  for (size_t c = 0; c < shifts; ++c) {
    merged.shift[c] =
        static_cast<float>(At(first->shift, c) * At(second->scale, c) + At(second->shift, c));
  }
  if (!AllFinite(merged.scale) || !AllFinite(merged.shift)) return false;
  graph.op(node) = std::move(merged);
  graph.SetInputs(node, {graph.at(before).inputs[0]});
  return true;
}

bool FoldAffineForward(Rewriter& graph, int32_t node) {
  const auto* affine = graph.As<Affine>(node);
  if (!affine || graph.is_output(node)) return false;
  const bool shifts =
      std::any_of(affine->shift.begin(), affine->shift.end(), [](float v) { return v != 0; });
  // All readers or none: an affine that stays costs as much as before.
  for (const int32_t reader : graph.readers(node)) {
    const auto* conv = graph.As<Conv>(reader);
    if (!conv || (shifts && IsPadded(conv->window))) return false;
  }
  const auto channels = static_cast<size_t>(graph.at(node).shape.c);
  std::vector<Conv> folded;
  for (const int32_t reader : graph.readers(node)) {
    folded.push_back(Before(*affine, *graph.As<Conv>(reader), channels));
    if (!IsSound(folded.back())) return false;
  }
  auto next = folded.begin();
  for (const int32_t reader : graph.readers(node)) graph.op(reader) = std::move(*next++);
  graph.Replace(node, graph.at(node).inputs[0]);
  return true;
}

}  // namespace potlut::graph
