// One pass of the float network over the images; then the step that loses least, class by class.
#include "quant/scales.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "quant/histogram.h"
#include "quant/pointwise.h"

namespace potlut::quant {
namespace {

using Kind = PlanNode::Kind;

bool Moves(const PlanNode& node) {
  return node.kind == Kind::kMove || node.kind == Kind::kConcat || node.kind == Kind::kMaxPool;
}

// How often each pixel value occurs, a channel.
using PixelCounts = std::vector<std::array<double, 256>>;

// The image's table: the step of each channel that loses least over the 256 values it can meet.
void ScaleInputTable(const graph::Graph& graph, const Plan& plan, const PlanNode& node,
                     const PixelCounts& pixels, PlanTensor& out) {
  const auto channels = static_cast<size_t>(out.dims.c);
  std::vector<std::array<double, 256>> values(channels);
  const PointwiseFunction function(graph, 0, node.node);
  double lo = 0, hi = 0;
  for (size_t c = 0; c < channels; ++c) {
    for (size_t q = 0; q < 256; ++q) {
      const double x = (static_cast<double>(q) - plan.mean[c]) / plan.stddev[c];
      values[c][q] = function(x, static_cast<int32_t>(c));
      lo = std::min(lo, values[c][q]);
      hi = std::max(hi, values[c][q]);
    }
  }
  out.type.is_signed = lo < -1e-6 * std::max(hi, -lo);
  std::vector<double> steps;
  for (size_t c = 0; c < channels; ++c) {
    double most = 0;
    for (const double v : values[c]) most = std::max(most, std::abs(v));
    double best = 1, least = INFINITY;
    for (int i = 0; most > 0 && i <= 48; ++i) {
      const double step = most / out.type.hi() * (1 - i / 256.0);
      double error = 0;
      for (size_t q = 0; q < 256; ++q) {
        const double v = values[c][q];
        const double rounded =
            std::clamp<double>(std::floor(v / step + 0.5), out.type.lo(), out.type.hi());
        error += (pixels[c][q] + 1e-6) * (v - rounded * step) * (v - rounded * step);
      }
      if (error < least) {
        least = error;
        best = step;
      }
    }
    steps.push_back(best);
  }
  out.exponent = std::ilogb(*std::max_element(steps.begin(), steps.end()));
  for (const double step : steps) out.factor.push_back(std::ldexp(step, -out.exponent));
}

}  // namespace

Status ChooseScales(const graph::Graph& graph, Plan& plan, Stream& stream,
                    std::vector<TensorRange>& ranges) {
  // What is watched: each class through the tensors that are computed (not moved) into it.
  std::map<int32_t, std::vector<int32_t>> classes_of_value;
  std::vector<bool> only_free(plan.tensors.size(), true);  // by class: may have any factor
  for (const PlanNode& node : plan.nodes) {
    const PlanTensor& out = plan.tensors[static_cast<size_t>(node.output)];
    const auto c = static_cast<size_t>(out.scale_class);
    if (!Moves(node)) {
      classes_of_value[out.value].push_back(out.scale_class);
      only_free[c] = only_free[c] && (node.kind == Kind::kConv || node.kind == Kind::kTable);
    }
    for (const int32_t t : node.inputs) {
      const bool free_reader = node.kind == Kind::kConv || node.kind == Kind::kTable || Moves(node);
      const auto in = static_cast<size_t>(plan.tensors[static_cast<size_t>(t)].scale_class);
      only_free[in] = only_free[in] && free_reader;
    }
  }
  for (const int32_t t : plan.outputs) {
    only_free[static_cast<size_t>(plan.tensors[static_cast<size_t>(t)].scale_class)] = false;
  }

  // Each slot counts for itself; sums of whole numbers and extremes come out the same in any order.
  struct Seen {
    std::vector<Histogram> histograms;  // by class
    PixelCounts pixels;
    std::map<int32_t, TensorRange> ranges;  // by value
  };
  std::vector<Seen> seen(static_cast<size_t>(stream.slots()));
  for (Seen& s : seen) {
    s.histograms.resize(plan.tensors.size());
    s.pixels.resize(static_cast<size_t>(graph.input_shape().c));
    for (auto& counts : s.pixels) counts.fill(0);
  }
  POTLUT_RETURN_IF_ERROR(stream.VisitFloat([&](const Chunk& chunk, int32_t value,
                                               int slot) -> Status {
    Seen& s = seen[static_cast<size_t>(slot)];
    if (value == 0) {
      const auto& raw = chunk.integers.at(plan.input);
      for (size_t i = 0; i < raw.size(); ++i) s.pixels[i % s.pixels.size()][raw[i]] += 1;
    }
    const auto it = classes_of_value.find(value);
    if (it == classes_of_value.end()) return {};
    const auto each = static_cast<size_t>(graph.nodes[static_cast<size_t>(value)].shape.count());
    const std::span<const float> values(chunk.floats.at(value).data(),
                                        each * static_cast<size_t>(chunk.count));
    // Thousands of values an image are enough for a histogram; a prime stride meets all channels.
    const size_t stride = each > 16384 ? 7 : 1;
    for (const int32_t c : it->second) s.histograms[static_cast<size_t>(c)].Add(values, stride);
    const auto [lo, hi] = std::minmax_element(values.begin(), values.end());
    TensorRange& range = s.ranges[value];
    range.lo = std::min<double>(range.lo, *lo);
    range.hi = std::max<double>(range.hi, *hi);
    return {};
  }));
  Seen all = std::move(seen[0]);
  for (size_t i = 1; i < seen.size(); ++i) {
    for (size_t c = 0; c < all.histograms.size(); ++c)
      all.histograms[c].Merge(seen[i].histograms[c]);
    for (size_t c = 0; c < all.pixels.size(); ++c) {
      for (size_t q = 0; q < 256; ++q) all.pixels[c][q] += seen[i].pixels[c][q];
    }
    for (const auto& [value, range] : seen[i].ranges) {
      TensorRange& r = all.ranges[value];
      r = {std::min(r.lo, range.lo), std::max(r.hi, range.hi)};
    }
  }

  for (PlanTensor& t : plan.tensors) {
    ranges.push_back(all.ranges[t.value]);
    if (&t == &plan.tensors[static_cast<size_t>(plan.input)] || t.type.wide()) continue;
    const auto c = static_cast<size_t>(t.scale_class);
    t.type.is_signed = all.histograms[c].is_signed();
    if (only_free[c]) {
      const double step = all.histograms[c].BestStep(t.type);
      t.exponent = std::ilogb(step);
      t.factor = {std::ldexp(step, -t.exponent)};
    } else {
      t.exponent = all.histograms[c].BestExponent(t.type);
    }
  }
  for (const PlanNode& node : plan.nodes) {
    PlanTensor& out = plan.tensors[static_cast<size_t>(node.output)];
    const bool alone =
        std::count_if(plan.tensors.begin(), plan.tensors.end(),
                      [&](const PlanTensor& t) { return t.scale_class == out.scale_class; }) == 1;
    if (node.kind == Kind::kTable && node.inputs[0] == plan.input && alone) {
      out.factor.clear();
      ScaleInputTable(graph, plan, node, all.pixels, out);
    }
  }
  return {};
}

}  // namespace potlut::quant
