// Walks over the lowered program's nodes with the layers' real weights in the place of its codes.
#include "train/quant_network.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "quant/quantised_network.h"
#include "train/graph_ops.h"
#include "train/guard.h"
#include "train/program_ops.h"
#include "train/quant_layer.h"
#include "train/tensors.h"

namespace potlut::train {
namespace {

using Kind = quant::PlanNode::Kind;

// Images that the statistics start from, and what one batch moves them by.
constexpr int64_t kFirstStatistics = 256;
constexpr double kStatisticsMomentum = 0.05;

double Ramp(double progress, double start, double full) {
  return full <= start ? (progress >= start ? 1.0 : 0.0)
                       : std::clamp((progress - start) / (full - start), 0.0, 1.0);
}

class Net final : public QuantNetwork {
 public:
  explicit Net(const QuantOptions& options) : options_(options) {}

  Status Begin(quant::QuantisedNetwork network, const quant::Recipe& recipe,
               const quant::ImageSource& images, int64_t image_count) {
    POTLUT_RETURN_IF_ERROR(CheckTrainable(network));
    network_ = std::move(network);
    int32_t classes = 0;
    for (const auto& t : network_.plan.tensors) classes = std::max(classes, t.scale_class + 1);
    log_steps_ = at::zeros({classes}).set_requires_grad(true);
    class_exponents_ = at::zeros({classes});
    for (size_t i = 0; i < network_.plan.nodes.size(); ++i) {
      const quant::PlanNode& node = network_.plan.nodes[i];
      if (node.kind != Kind::kConv) continue;
      const graph::Node& source = network_.graph.nodes[static_cast<size_t>(node.node)];
      const auto& conv = std::get<graph::Conv>(source.op);
      const int32_t in =
          network_.plan.tensors[static_cast<size_t>(node.inputs[0])].dims.c / conv.groups;
      layer_of_node_.emplace(i, layers_.size());
      layers_.emplace_back(source.name, conv, in, node.weights.per_channel);
      const quant::PlanTensor& out = network_.plan.tensors[static_cast<size_t>(node.output)];
      // Where an image has one value a channel, a batch tells too little.
      if (options_.batch_statistics > 0 && out.dims.h * out.dims.w > 1)
        layers_.back().KeepBatchStatistics();
    }
    batch_statistics_ = at::full({1}, options_.batch_statistics > 0 ? 1.0F : 0.0F);
    return Adopt(recipe, images, image_count);
  }

  Status Requantise(const quant::Recipe& recipe, const quant::ImageSource& images,
                    int64_t image_count, int threads, Progress* progress) override {
    POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph, Export());
    POTLUT_ASSIGN_OR_RETURN(
        quant::QuantisedNetwork next,
        quant::QuantizeNetwork(graph, recipe, images, image_count, threads, progress));
    if (next.plan.tensors.size() != network_.plan.tensors.size() ||
        next.plan.nodes.size() != network_.plan.nodes.size()) {
      return UsageError(
          "the recipes of progressive training differ in more than bits of weights; only those may "
          "change");
    }
    network_ = std::move(next);
    return Adopt(recipe, images, image_count);
  }

  at::Tensor Forward(const at::Tensor& pixels) override {
    return Run(pixels, training_ ? training_type_ : evaluation_type_);
  }

  at::Tensor Logits(const at::Tensor& pixels) override {
    const at::NoGradGuard guard;
    const Tensor& out = lowered_.program.tensors[static_cast<size_t>(lowered_.program.outputs[0])];
    return Run(pixels, evaluation_type_).to(at::kDouble) * std::ldexp(1.0, -out.exponent);
  }

  void SetTraining(bool training) override {
    training_ = training;
    // The last tensor's scale follows from the weights.
    if (!training) Refresh();
  }
  void SetTrainingType(at::ScalarType type) override { training_type_ = type; }
  void SetEvaluationType(at::ScalarType type) override { evaluation_type_ = type; }
  at::Device device() const override { return device_; }

  void To(const at::Device& device) override {
    device_ = device;
    for (QuantLayer& layer : layers_) layer.To(device);
    log_steps_ = log_steps_.detach().to(device).set_requires_grad(true);
    class_exponents_ = class_exponents_.to(device);
    MoveTables();
  }

  std::vector<Parameter> parameters() override {
    std::vector<Parameter> all;
    for (const QuantLayer& layer : layers_) layer.AddParameters(all, options_.learn_weight_scales);
    if (options_.learn_activation_scales)
      all.push_back({"activations.log_step", log_steps_, Parameter::Kind::kScale});
    return all;
  }

  std::vector<std::pair<std::string, at::Tensor>> State() override {
    std::vector<std::pair<std::string, at::Tensor>> all;
    for (const QuantLayer& layer : layers_) layer.AddState(all);
    all.emplace_back("activations.log_step", log_steps_);
    all.emplace_back("activations.exponent", class_exponents_);
    all.emplace_back("batch_statistics", batch_statistics_);
    return all;
  }

  Status StateLoaded() override {
    for (QuantLayer& layer : layers_) layer.StateLoaded();
    const std::vector<float> wanted = ToVector(class_exponents_);
    for (auto& t : network_.plan.tensors)
      t.exponent = static_cast<int32_t>(wanted[static_cast<size_t>(t.scale_class)]);
    return Relower();
  }

  bool BeginStatistics() override { return false; }
  void EndStatistics() override {}

  at::Tensor Penalty(double progress) override {
    const DistributionLoss& loss = options_.loss;
    const double bin = loss.bin * Ramp(progress, loss.bin_start, loss.bin_full);
    const double rate = loss.rate * Ramp(progress, loss.rate_start, loss.rate_full);
    if (bin == 0 && rate == 0) return {};
    int64_t weights = 0;
    for (const QuantLayer& layer : layers_) weights += layer.shaped() ? layer.weights() : 0;
    at::Tensor total;
    for (QuantLayer& layer : layers_) {
      if (!layer.shaped()) continue;
      const DistributionTerms terms = layer.Loss(
          rate != 0 ? layer.CodeBits(loss.histogram_momentum) : at::Tensor(), loss.temperature);
      at::Tensor gradient = terms.bin_gradient * (bin / static_cast<double>(weights));
      if (rate != 0)
        gradient = gradient + terms.rate_gradient * (rate / static_cast<double>(weights));
      // The terms' value, with the gradient that was worked out beside it.
      const at::Tensor linear = (layer.weight() * gradient).sum();
      const at::Tensor one = linear - linear.detach() +
                             (bin * terms.bin + rate * terms.rate) / static_cast<double>(weights);
      total = total.defined() ? total + one : one;
    }
    return total;
  }

  Status AfterStep(int64_t step, double progress) override {
    // What was normalised stays folded with the statistics that it has now.
    if (progress >= options_.batch_statistics) batch_statistics_.zero_();
    if ((step + 1) % options_.scale_interval != 0) return {};
    bool moved = false;
    if (options_.learn_activation_scales) moved = MoveActivations();
    if (options_.learn_weight_scales) {
      for (const auto& [node, layer] : layer_of_node_) {
        const auto [lowest, highest] = Allowed(node);
        layers_[layer].MoveScales(options_.scale_hysteresis, lowest, highest);
      }
    }
    return moved ? Relower() : Status();
  }

  Metrics TakeMetrics() override {
    double error = 0, energy = 0, bits = 0, codes = 0, moved = 0, weights = 0;
    for (QuantLayer& layer : layers_) {
      const QuantLayer::Counts c = layer.TakeCounts();
      if (!layer.shaped()) continue;
      error += c.error;
      energy += c.energy;
      bits += c.bits;
      codes += static_cast<double>(c.codes);
      moved += static_cast<double>(c.moved);
      weights += static_cast<double>(layer.weights());
    }
    if (weights == 0) return {};
    return {{"quantisation_error", error / energy},
            {"moved", moved / codes},
            {"entropy_bits", bits / weights}};
  }

  Expected<Program> Lower() override {
    POTLUT_RETURN_IF_ERROR(Relower());
    Program program = lowered_.program;
    program.metadata["recipe"] = recipe_text_;
    return program;
  }

  Expected<graph::Graph> Export() override {
    graph::Graph graph = network_.graph;
    for (const auto& [node, layer] : layer_of_node_) {
      const int32_t index = network_.plan.nodes[node].node;
      layers_[layer].Export(std::get<graph::Conv>(graph.nodes[static_cast<size_t>(index)].op));
    }
    POTLUT_RETURN_IF_ERROR(graph::Validate(graph));
    return graph;
  }

 private:
  static Status CheckTrainable(const quant::QuantisedNetwork& network) {
    if (network.plan.outputs.size() != 1) {
      return Unsupported("training needs a network with one output, and this one has ",
                         network.plan.outputs.size());
    }
    for (const quant::PlanNode& node : network.plan.nodes) {
      if (node.kind == Kind::kArgMax) {
        return Unsupported("node '", network.graph.nodes[static_cast<size_t>(node.node)].name,
                           "' is an argmax, which has no gradient; export the network without it");
      }
    }
    return {};
  }

  // Takes parameters and scales from network_, which was just quantised.
  Status Adopt(const quant::Recipe& recipe, const quant::ImageSource& images, int64_t image_count) {
    recipe_text_ = quant::WriteRecipe(recipe);
    POTLUT_ASSIGN_OR_RETURN(lowered_, quant::LowerNetwork(network_));
    graph::Graph ones = network_.graph;
    for (auto& node : ones.nodes) {
      if (auto* conv = std::get_if<graph::Conv>(&node.op))
        std::fill(conv->weights.begin(), conv->weights.end(), 1.0F);
    }
    for (const auto& [i, layer] : layer_of_node_) {
      const quant::PlanNode& node = network_.plan.nodes[i];
      const quant::PlanTensor& out = lowered_.plan.tensors[static_cast<size_t>(node.output)];
      std::vector<double> factor;
      for (int32_t c = 0; c < out.dims.c; ++c)
        factor.push_back(std::ldexp(out.real_scale(c), -out.exponent));
      layers_[layer].Start(network_.layers[i],
                           quant::ScaledWeights(network_.graph, lowered_.plan, node),
                           quant::ScaledWeights(ones, lowered_.plan, node), factor);
    }
    const at::NoGradGuard guard;
    at::Tensor exponents = at::zeros({class_exponents_.numel()});
    for (const auto& t : network_.plan.tensors)
      exponents.data_ptr<float>()[t.scale_class] = static_cast<float>(t.exponent);
    class_exponents_.copy_(exponents);
    log_steps_.copy_(exponents);
    POTLUT_RETURN_IF_ERROR(Relower());
    return StartStatistics(images, image_count);
  }

  // Statistics of the network as it was quantised, on the first images.
  Status StartStatistics(const quant::ImageSource& images, int64_t image_count) {
    if (!NormalisesByBatch()) return {};
    const Dims in = TensorAt(lowered_.program.input).dims;
    std::vector<at::Tensor> pixels;
    for (int64_t i = 0; i < std::min(image_count, kFirstStatistics); ++i) {
      POTLUT_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes, images(i));
      at::Tensor t = at::empty({in.h, in.w, in.c}, at::kByte);
      std::copy(bytes.begin(), bytes.end(), t.data_ptr<uint8_t>());
      pixels.push_back(t);
    }
    const at::NoGradGuard guard;
    starting_statistics_ = true;
    Run(at::stack(pixels).permute({0, 3, 1, 2}).to(device_), at::kFloat);
    starting_statistics_ = false;
    return Relower();
  }

  bool NormalisesByBatch() const { return batch_statistics_.item<float>() != 0; }

  // The program of the weights and scales as they are now.
  Status Relower() {
    for (const auto& [node, layer] : layer_of_node_)
      network_.layers[node] = layers_[layer].Quantised();
    POTLUT_ASSIGN_OR_RETURN(lowered_, quant::LowerNetwork(network_));
    const Program& p = lowered_.program;
    tables_.assign(p.nodes.size(), {});
    for (size_t i = 0; i < p.nodes.size(); ++i) {
      const Node& node = p.nodes[i];
      if (const auto* lookup = std::get_if<LookupOp>(&node.op)) {
        tables_[i] = SimulateTable(*lookup, TensorAt(node.inputs[0]), TensorAt(node.output),
                                   lowered_.unrounded[i]);
      }
    }
    MoveTables();
    layer_of_program_node_.assign(p.nodes.size(), -1);
    for (const auto& [node, layer] : layer_of_node_) {
      layer_of_program_node_[static_cast<size_t>(lowered_.node_of_plan_node[node])] =
          static_cast<int32_t>(layer);
    }
    class_of_tensor_.assign(p.tensors.size(), -1);
    for (size_t t = 0; t < lowered_.plan.tensors.size(); ++t) {
      const int32_t to = lowered_.tensor_of_plan_tensor[t];
      if (to >= 0) class_of_tensor_[static_cast<size_t>(to)] = lowered_.plan.tensors[t].scale_class;
    }
    readers_.assign(p.tensors.size(), 0);
    for (const Node& node : p.nodes) {
      for (const int32_t t : node.inputs) ++readers_[static_cast<size_t>(t)];
    }
    for (const int32_t t : p.outputs) ++readers_[static_cast<size_t>(t)];
    return {};
  }

  void Refresh() {
    if (Status s = Relower(); !s.ok()) TORCH_CHECK(false, s.message());
  }

  void MoveTables() {
    for (TableSimulation& table : tables_) {
      if (!table.values.defined()) continue;
      table.values = table.values.to(device_);
      table.slopes = table.slopes.to(device_);
    }
  }

  const Tensor& TensorAt(int32_t t) const {
    return lowered_.program.tensors[static_cast<size_t>(t)];
  }

  // Exponents for which the layer's shift stays in -15..31.
  std::pair<int32_t, int32_t> Allowed(size_t plan_node) const {
    const quant::PlanNode& node = lowered_.plan.nodes[plan_node];
    const quant::PlanTensor& in = lowered_.plan.tensors[static_cast<size_t>(node.inputs[0])];
    const quant::PlanTensor& out = lowered_.plan.tensors[static_cast<size_t>(node.output)];
    if (out.type.wide()) return {-100, 100};
    return {out.exponent - in.exponent - 31, out.exponent - in.exponent + 15};
  }

  // Follows the learned steps of activations; a move that some layer's shift could not follow is
  // taken back.
  bool MoveActivations() {
    const at::NoGradGuard guard;
    const std::vector<float> wanted = ToVector(log_steps_);
    std::vector<float> now = ToVector(class_exponents_);
    bool moved = false;
    for (size_t c = 0; c < now.size(); ++c) {
      if (std::abs(wanted[c] - now[c]) <= 0.5 + options_.scale_hysteresis) continue;
      const auto shift = static_cast<int32_t>(std::round(wanted[c]) - now[c]);
      if (shift == 0) continue;
      const quant::Plan before = network_.plan;
      for (auto& t : network_.plan.tensors) {
        if (t.scale_class == static_cast<int32_t>(c)) t.exponent += shift;
      }
      if (!Fits()) {
        network_.plan = before;
        continue;
      }
      now[c] += static_cast<float>(shift);
      moved = true;
    }
    class_exponents_.copy_(FromVector(now));
    return moved;
  }

  bool Fits() const {
    auto lowered = quant::LowerNetwork(network_);
    if (!lowered.ok()) return false;
    for (const auto& [i, layer] : layer_of_node_) {
      const quant::PlanNode& node = network_.plan.nodes[i];
      const auto& in = lowered->plan.tensors[static_cast<size_t>(node.inputs[0])];
      const auto& out = lowered->plan.tensors[static_cast<size_t>(node.output)];
      if (out.type.wide()) continue;
      const auto [lowest, highest] = layers_[layer].ExponentRange();
      if (lowest < out.exponent - in.exponent - 31 || highest > out.exponent - in.exponent + 15)
        return false;
    }
    return true;
  }

  at::Tensor Run(const at::Tensor& pixels, at::ScalarType type) {
    const Program& p = lowered_.program;
    std::vector<at::Tensor> values(p.tensors.size());
    std::vector<int32_t> left = readers_;
    for (size_t i = 0; i < p.nodes.size(); ++i) {
      const Node& node = p.nodes[i];
      at::Tensor& y = values[static_cast<size_t>(node.output)];
      if (node.inputs[0] == p.input) {
        y = FromImage(i, pixels, type);
      } else {
        std::vector<at::Tensor> in;
        std::vector<const Tensor*> from;
        for (const int32_t t : node.inputs) {
          in.push_back(values[static_cast<size_t>(t)]);
          from.push_back(&TensorAt(t));
        }
        y = layer_of_program_node_[i] >= 0 ? Convolution(i, in[0], type)
                                           : SimulateOp(node.op, in, from, TensorAt(node.output),
                                                        LogStep(node.output), &tables_[i]);
      }
      for (const int32_t t : node.inputs) {
        if (--left[static_cast<size_t>(t)] == 0) values[static_cast<size_t>(t)].reset();
      }
    }
    const at::Tensor& y = values[static_cast<size_t>(p.outputs[0])];
    return y.permute({0, 2, 3, 1})
        .reshape({y.size(0), -1})
        .to(type == at::kDouble ? at::kDouble : at::kFloat);
  }

  // The first node reads bytes: normally the lookup that normalises them.
  at::Tensor FromImage(size_t i, const at::Tensor& pixels, at::ScalarType type) {
    const Node& node = lowered_.program.nodes[i];
    if (std::holds_alternative<LookupOp>(node.op)) return LookUpImage(tables_[i], pixels, type);
    const at::Tensor x =
        (pixels.to(at::kDouble) * std::ldexp(1.0, TensorAt(node.inputs[0]).exponent))
            .to(type, false, false, at::MemoryFormat::ChannelsLast);
    if (layer_of_program_node_[i] >= 0) return Convolution(i, x, type);
    return SimulateOp(node.op, {x}, {&TensorAt(node.inputs[0])}, TensorAt(node.output),
                      LogStep(node.output), &tables_[i]);
  }

  at::Tensor LogStep(int32_t tensor) const {
    const int32_t c = class_of_tensor_[static_cast<size_t>(tensor)];
    if (!training_ || !options_.learn_activation_scales || c < 0) return {};
    return log_steps_.narrow(0, c, 1);
  }

  at::Tensor Convolution(size_t i, const at::Tensor& x, at::ScalarType type) {
    const Node& node = lowered_.program.nodes[i];
    const auto& conv = std::get<ConvOp>(node.op);
    QuantLayer& layer = layers_[static_cast<size_t>(layer_of_program_node_[i])];
    const Tensor& out = TensorAt(node.output);
    const at::Tensor weights =
        layer.Weights(options_.gradient_scaling, options_.learn_weight_scales, type);
    const Window& w = conv.window;
    const graph::Window window{w.kernel_h,   w.kernel_w, w.stride_h, w.stride_w,   w.dilation_h,
                               w.dilation_w, w.pad_top,  w.pad_left, w.pad_bottom, w.pad_right};
    const at::Tensor y = Convolve(x, weights, {}, window, conv.groups);
    if (layer.has_batch_statistics()) {
      if (starting_statistics_) layer.StartStatistics(y);
      if (training_ && NormalisesByBatch()) {
        return QuantiseActivation(layer.Normalise(y, kStatisticsMomentum), {}, {},
                                  LogStep(node.output), GridOf(out, conv.lo, conv.hi));
      }
    }
    const at::Tensor bias = layer.Bias(TensorAt(node.inputs[0]).exponent);
    if (!out.type.wide()) {
      return QuantiseActivation(y, {}, type == at::kDouble ? bias : bias.to(at::kFloat),
                                LogStep(node.output), GridOf(out, conv.lo, conv.hi));
    }
    const at::ScalarType wide = type == at::kDouble ? at::kDouble : at::kFloat;
    const at::Tensor sum = y.to(wide) + bias.to(wide).view({1, -1, 1, 1});
    if (training_) return sum;
    const double step = std::ldexp(1.0, out.exponent);
    return at::floor(sum * (1 / step) + 0.5) * step;
  }

  QuantOptions options_;
  quant::QuantisedNetwork network_;
  quant::LoweredNetwork lowered_;
  std::string recipe_text_;
  std::vector<QuantLayer> layers_;
  std::map<size_t, size_t> layer_of_node_;  // plan node to layer
  at::Tensor log_steps_;         // [classes], log2 of each scale class's step before it is rounded
  at::Tensor class_exponents_;   // [classes] float, the powers of two in force
  at::Tensor batch_statistics_;  // [1] on the CPU: 1 while outputs are normalised by their batch
  bool starting_statistics_ = false;
  // By node or tensor of lowered_.program.
  std::vector<int32_t> layer_of_program_node_, class_of_tensor_, readers_;
  std::vector<TableSimulation> tables_;
  at::Device device_{at::kCPU};
  at::ScalarType training_type_ = at::kFloat, evaluation_type_ = at::kFloat;
  bool training_ = false;
};

}  // namespace

Expected<std::unique_ptr<QuantNetwork>> QuantNetwork::Create(
    const graph::Graph& graph, const quant::Recipe& recipe, const quant::ImageSource& images,
    int64_t image_count, const QuantOptions& options, int threads, Progress* progress) {
  POTLUT_ASSIGN_OR_RETURN(
      quant::QuantisedNetwork network,
      quant::QuantizeNetwork(graph, recipe, images, image_count, threads, progress));
  auto net = std::make_unique<Net>(options);
  POTLUT_RETURN_IF_ERROR(Guarded("the network to train", [&] {
    return net->Begin(std::move(network), recipe, images, image_count);
  }));
  return std::unique_ptr<QuantNetwork>(std::move(net));
}

}  // namespace potlut::train
