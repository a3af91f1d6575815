// Layer after layer: the inputs that the integer network really gives, the weights that serve them
// best.
#include "quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "base/parallel.h"
#include "base/text.h"
#include "graph/simplify.h"
#include "quant/layer.h"
#include "quant/plan.h"
#include "quant/quantised_network.h"
#include "quant/report.h"
#include "quant/scales.h"
#include "quant/stream.h"

namespace potlut::quant {
namespace {

// Which calibration images: all, or a random choice in their own order.
std::vector<int64_t> ChooseImages(int64_t available, int64_t wanted, uint64_t seed) {
  std::vector<int64_t> chosen(static_cast<size_t>(available));
  std::iota(chosen.begin(), chosen.end(), 0);
  if (wanted >= available) return chosen;
  std::mt19937_64 rng(seed);
  for (int64_t i = 0; i < wanted; ++i) {  // std::shuffle differs between standard libraries
    const auto j = i + static_cast<int64_t>(rng() % static_cast<uint64_t>(available - i));
    std::swap(chosen[static_cast<size_t>(i)], chosen[static_cast<size_t>(j)]);
  }
  chosen.resize(static_cast<size_t>(wanted));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

// Output positions to sample in each image: enough for the unknowns, bounded in time for very wide
// layers.
int64_t SamplesPerImage(int64_t columns, int64_t images) {
  const double by_unknowns = std::clamp<double>(32.0 * static_cast<double>(columns), 32768, 65536);
  const double by_time = 4e11 / static_cast<double>(columns) / static_cast<double>(columns);
  const double wanted = std::max(std::min(by_unknowns, by_time), 4096.0);
  return std::max<int64_t>(1,
                           static_cast<int64_t>(std::ceil(wanted / static_cast<double>(images))));
}

class Quantiser {
 public:
  Quantiser(graph::Graph graph, const Recipe& recipe, const ImageSource& images, int threads,
            Progress* progress)
      : graph_(std::move(graph)),
        recipe_(recipe),
        images_(images),
        threads_(threads),
        progress_(progress) {}

  Expected<QuantisedNetwork> Run(int64_t image_count, Report* report) {
    POTLUT_ASSIGN_OR_RETURN(plan_, MakePlan(graph_, recipe_));
    POTLUT_ASSIGN_OR_RETURN(
        stream_, Stream::Create(graph_, plan_, images_,
                                ChooseImages(image_count, recipe_.images, recipe_.seed), threads_,
                                progress_));
    Begin("Ranges", stream_->images());
    std::vector<TensorRange> ranges;
    POTLUT_RETURN_IF_ERROR(ChooseScales(graph_, plan_, *stream_, ranges));

    const auto convs = std::count_if(plan_.nodes.begin(), plan_.nodes.end(), [](const PlanNode& n) {
      return n.kind == PlanNode::Kind::kConv;
    });
    Begin("Layers", convs);
    // Lowering settles the scales that operators dictate; what it started from is kept.
    QuantisedNetwork network{{}, plan_, {}};
    Lowering lowering(graph_, plan_);
    lowering.Begin();
    int64_t done = 0;
    for (size_t i = 0; i < plan_.nodes.size(); ++i) {
      const PlanNode& node = plan_.nodes[i];
      if (node.kind == PlanNode::Kind::kConv) {
        if (progress_ != nullptr)
          progress_->Update(done++, graph_.nodes[static_cast<size_t>(node.node)].name);
        POTLUT_ASSIGN_OR_RETURN(QuantisedLayer layer, QuantiseConv(i, lowering));
        POTLUT_RETURN_IF_ERROR(lowering.LowerConv(node, layer.alphabet, layer.rows, layer.bias));
        network.layers.push_back(std::move(layer));
      } else {
        POTLUT_RETURN_IF_ERROR(lowering.Lower(node));
        network.layers.emplace_back();
      }
      POTLUT_RETURN_IF_ERROR(stream_->Prepare(lowering, lowering.program(), i));
    }
    if (report != nullptr) {
      Begin("Report", static_cast<int64_t>(plan_.nodes.size()));
      POTLUT_RETURN_IF_ERROR(
          FillReport(graph_, plan_, lowering, *stream_, ranges, *report, progress_));
      report->recipe = WriteRecipe(recipe_);
    }
    if (progress_ != nullptr) progress_->End();
    network.graph = std::move(graph_);
    return network;
  }

 private:
  void Begin(std::string_view task, int64_t total) {
    if (progress_ != nullptr) progress_->Begin(task, total);
  }

  Expected<QuantisedLayer> QuantiseConv(size_t position, const Lowering& lowering) {
    const PlanNode& node = plan_.nodes[position];
    const auto& conv = std::get<graph::Conv>(graph_.nodes[static_cast<size_t>(node.node)].op);
    const PlanTensor& in = plan_.tensors[static_cast<size_t>(node.inputs[0])];
    const PlanTensor& out = plan_.tensors[static_cast<size_t>(node.output)];
    const Lowering::ConvScales scales = lowering.ScalesOf(node);
    const int64_t columns =
        int64_t{conv.window.kernel_h} * conv.window.kernel_w * in.dims.c / conv.groups;
    Moments moments(ToWindow(conv.window), conv.groups, in.dims, out.dims, in.type,
                    SamplesPerImage(columns, stream_->images()));
    std::vector<double> scale;
    for (const double f : scales.output_factor)
      scale.push_back(std::ldexp(1 / f, -scales.input_exponent));
    const int32_t partner = ResidualPartner(node);
    std::vector<Moments::Partial> partial(static_cast<size_t>(stream_->slots()));
    POTLUT_RETURN_IF_ERROR(stream_->Visit(
        position, node.node,
        [&](Chunk& chunk, int slot) -> Status {
          graph::Values wanted = chunk.floats.at(node.node);
          if (partner >= 0) AddErrorOf(partner, chunk, wanted);
          partial[static_cast<size_t>(slot)] =
              moments.Measure(chunk.integers.at(node.inputs[0]).data(), wanted.data(), scale,
                              chunk.count, chunk.first);
          return {};
        },
        [&](int slot) { moments.Add(partial[static_cast<size_t>(slot)]); }));
    return QuantiseLayer(conv, node, scales, moments, recipe_, threads_);
  }

  // Where a convolution's output goes into a sum and nowhere else: the sum's other operand, a plan
  // tensor.
  int32_t ResidualPartner(const PlanNode& conv) const {
    int32_t partner = -1;
    for (const PlanNode& node : plan_.nodes) {
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] != conv.output) continue;
        if (partner >= 0 || node.kind != PlanNode::Kind::kAdd || node.subtract) return -1;
        partner = node.inputs[1 - i];
      }
    }
    if (partner < 0 || partner == conv.output || conv.lo || conv.hi) return -1;
    const PlanTensor& out = plan_.tensors[static_cast<size_t>(conv.output)];
    return plan_.tensors[static_cast<size_t>(partner)].dims == out.dims ? partner : -1;
  }

  // What the other operand lacks of its float value, this layer can partly make good: it is asked
  // for it as well.
  void AddErrorOf(int32_t tensor, const Chunk& chunk, graph::Values& wanted) const {
    const PlanTensor& t = plan_.tensors[static_cast<size_t>(tensor)];
    const auto real = chunk.floats.find(t.value);
    const auto stored = chunk.integers.find(tensor);
    if (real == chunk.floats.end() || stored == chunk.integers.end()) return;  // not computed yet
    for (size_t k = 0; k < stored->second.size(); ++k) {
      const int32_t q = StoredValue(stored->second, k, t.type);
      const auto channel = static_cast<int32_t>(k % static_cast<size_t>(t.dims.c));
      wanted[k] += static_cast<float>(real->second[k] - q * t.real_scale(channel));
    }
  }

  graph::Graph graph_;
  const Recipe& recipe_;
  const ImageSource& images_;
  int threads_;
  Progress* progress_;
  Plan plan_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace

Expected<QuantisedNetwork> QuantizeNetwork(const graph::Graph& graph, const Recipe& recipe,
                                           const ImageSource& images, int64_t image_count,
                                           int threads, Progress* progress, Report* report) try {
  if (image_count < 1) {
    return UsageError("quantisation needs calibration images, and there are none");
  }
  if (recipe.images < 1) return UsageError("images must be at least 1, not ", recipe.images);
  if (recipe.max_fitted_level < 1 || recipe.max_fitted_level > 127) {
    return UsageError("max-fitted-level must be in 1..127, not ", recipe.max_fitted_level);
  }
  POTLUT_ASSIGN_OR_RETURN(graph::Graph simple, graph::Simplify(graph));
  if (threads < 1) threads = DefaultThreads();
  return Quantiser(std::move(simple), recipe, images, threads, progress).Run(image_count, report);
} catch (const std::bad_alloc&) {
  return ResourceLimit(
      "not enough memory to quantise this network; use fewer threads or a smaller network");
}

Expected<LoweredNetwork> LowerNetwork(const QuantisedNetwork& network) {
  LoweredNetwork lowered;
  lowered.plan = network.plan;
  Lowering lowering(network.graph, lowered.plan);
  lowering.Begin();
  for (size_t i = 0; i < network.plan.nodes.size(); ++i) {
    const PlanNode& node = network.plan.nodes[i];
    if (node.kind == PlanNode::Kind::kConv) {
      const QuantisedLayer& layer = network.layers[i];
      POTLUT_RETURN_IF_ERROR(lowering.LowerConv(node, layer.alphabet, layer.rows, layer.bias));
    } else {
      POTLUT_RETURN_IF_ERROR(lowering.Lower(node));
    }
    lowered.node_of_plan_node.push_back(static_cast<int32_t>(lowering.nodes(i).second) - 1);
  }
  for (size_t t = 0; t < lowered.plan.tensors.size(); ++t) {
    lowered.tensor_of_plan_tensor.push_back(lowering.tensor(static_cast<int32_t>(t)));
  }
  lowered.unrounded = lowering.unrounded();
  POTLUT_ASSIGN_OR_RETURN(lowered.program, lowering.Finish());
  return lowered;
}

std::vector<float> ScaledWeights(const graph::Graph& graph, const Plan& plan,
                                 const PlanNode& node) {
  const auto& conv = std::get<graph::Conv>(graph.nodes[static_cast<size_t>(node.node)].op);
  const PlanTensor& in = plan.tensors[static_cast<size_t>(node.inputs[0])];
  const PlanTensor& out = plan.tensors[static_cast<size_t>(node.output)];
  const auto factor = [](const PlanTensor& t, int32_t c) {
    return t.factor.empty() ? 1.0 : t.factor[t.factor.size() == 1 ? 0 : static_cast<size_t>(c)];
  };
  std::vector<float> scaled = conv.weights;
  const int32_t per_group = in.dims.c / conv.groups;
  const size_t row = scaled.size() / static_cast<size_t>(conv.out_channels);
  for (size_t i = 0; i < scaled.size(); ++i) {
    const auto o = static_cast<int32_t>(i / row);
    const int32_t group = o / (conv.out_channels / conv.groups);
    const auto c = group * per_group + static_cast<int32_t>(i % static_cast<size_t>(per_group));
    scaled[i] = static_cast<float>(scaled[i] * (factor(in, c) / factor(out, o)));
  }
  return scaled;
}

Expected<Program> Quantize(const graph::Graph& graph, const Recipe& recipe,
                           const ImageSource& images, int64_t image_count, int threads,
                           Progress* progress, Report* report) {
  POTLUT_ASSIGN_OR_RETURN(
      const QuantisedNetwork network,
      QuantizeNetwork(graph, recipe, images, image_count, threads, progress, report));
  POTLUT_ASSIGN_OR_RETURN(LoweredNetwork lowered, LowerNetwork(network));
  lowered.program.metadata["recipe"] = WriteRecipe(recipe);
  return std::move(lowered.program);
}

}  // namespace potlut::quant
