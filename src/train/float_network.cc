// Walks over the graph's nodes; convolutions and batch normalisation hold the parameters.
#include "train/float_network.h"

#include <algorithm>

#include "base/text.h"
#include "train/graph_ops.h"
#include "train/tensors.h"

namespace potlut::train {
namespace {

struct ConvLayer {
  at::Tensor weight;  // [out][in/groups][kernel_h][kernel_w]
  at::Tensor bias;    // undefined: none
};

struct NormLayer {
  at::Tensor scale, shift, mean, variance;  // [c]
  // What is measured: sums over the batches of CalibrateStatistics.
  at::Tensor sum, squares;
};

class Net final : public FloatNetwork {
 public:
  Net(graph::Graph graph, const FloatOptions& options)
      : graph_(std::move(graph)), options_(options) {
    const size_t count = graph_.nodes.size();
    convs_.resize(count);
    norms_.resize(count);
    readers_ = graph::Consumers(graph_);
    output_ = graph_.outputs[0];
    while (std::holds_alternative<graph::Softmax>(NodeAt(output_).op))
      output_ = NodeAt(output_).inputs[0];
    for (size_t i = 0; i < count; ++i) MakeLayer(i);
    const auto c = static_cast<size_t>(graph_.input_shape().c);
    std::vector<float> mean(c), inverse(c);
    for (size_t k = 0; k < c; ++k) {
      mean[k] = static_cast<float>(options.mean[options.mean.size() == 1 ? 0 : k]);
      inverse[k] = static_cast<float>(1 / options.stddev[options.stddev.size() == 1 ? 0 : k]);
    }
    mean_ = FromVector(mean).view({1, -1, 1, 1});
    inverse_ = FromVector(inverse).view({1, -1, 1, 1});
  }

  at::Tensor Forward(const at::Tensor& pixels) override {
    const at::ScalarType type = training_ ? training_type_ : evaluation_type_;
    std::vector<at::Tensor> values(graph_.nodes.size());
    const at::ScalarType wide = type == at::kDouble ? at::kDouble : at::kFloat;
    values[0] = ((pixels.to(wide) - mean_.to(wide)) * inverse_.to(wide))
                    .to(type, false, false, at::MemoryFormat::ChannelsLast);
    std::vector<size_t> left(graph_.nodes.size());
    for (size_t i = 0; i < left.size(); ++i) left[i] = readers_[i].size();
    for (size_t i = 1; i <= static_cast<size_t>(output_); ++i) {
      const graph::Node& node = graph_.nodes[i];
      if (readers_[i].empty() && static_cast<int32_t>(i) != output_) continue;
      std::vector<at::Tensor> in;
      for (const int32_t k : node.inputs) in.push_back(values[static_cast<size_t>(k)]);
      values[i] = RunNode(i, in, type);
      in.clear();
      for (const int32_t k : node.inputs) {
        if (--left[static_cast<size_t>(k)] == 0) values[static_cast<size_t>(k)].reset();
      }
    }
    const at::Tensor& y = values[static_cast<size_t>(output_)];
    return y.reshape({y.size(0), -1}).to(wide);
  }

  void SetTraining(bool training) override { training_ = training; }
  void SetTrainingType(at::ScalarType type) override { training_type_ = type; }
  void SetEvaluationType(at::ScalarType type) override { evaluation_type_ = type; }
  at::Device device() const override { return device_; }

  void To(const at::Device& device) override {
    device_ = device;
    mean_ = mean_.to(device);
    inverse_ = inverse_.to(device);
    for (auto& [name, tensor] : Slots()) {
      const bool learns = tensor->requires_grad();
      *tensor = tensor->detach().to(device).set_requires_grad(learns);
    }
  }

  std::vector<Parameter> parameters() override {
    std::vector<Parameter> all;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const std::string& name = graph_.nodes[i].name;
      const auto add = [&](const char* what, const at::Tensor& t, Parameter::Kind kind) {
        if (t.defined()) all.push_back({name + what, t, kind});
      };
      add(".weight", convs_[i].weight, Parameter::Kind::kWeight);
      add(".bias", convs_[i].bias, Parameter::Kind::kBias);
      add(".scale", norms_[i].scale, Parameter::Kind::kBias);
      add(".shift", norms_[i].shift, Parameter::Kind::kBias);
    }
    return all;
  }

  std::vector<std::pair<std::string, at::Tensor>> State() override {
    std::vector<std::pair<std::string, at::Tensor>> all;
    for (auto& [name, tensor] : Slots()) all.emplace_back(name, *tensor);
    return all;
  }
  Status StateLoaded() override { return {}; }

  bool BeginStatistics() override {
    statistics_batches_ = 0;
    measure_means_ = std::any_of(norms_.begin(), norms_.end(),
                                 [](const NormLayer& n) { return n.scale.defined(); });
    return measure_means_;
  }
  void EndStatistics() override { measure_means_ = false; }

  at::Tensor Penalty(double) override { return {}; }
  Status AfterStep(int64_t, double) override { return {}; }
  Metrics TakeMetrics() override { return {}; }

  Status CalibrateStatistics(const std::function<at::Tensor()>& next) override {
    const at::NoGradGuard guard;
    const bool was_training = training_;
    training_ = false;
    calibrating_ = true;
    calibration_count_.assign(norms_.size(), 0);
    for (at::Tensor x = next(); x.defined(); x = next()) Forward(x);
    calibrating_ = false;
    training_ = was_training;
    for (size_t i = 0; i < norms_.size(); ++i) {
      NormLayer& n = norms_[i];
      if (!n.sum.defined()) continue;
      const double count = calibration_count_[i];
      const at::Tensor mean = n.sum / count;
      const at::Tensor variance = at::clamp_min(n.squares / count - mean * mean, 0);
      // scale * x + shift == new_scale * (x - mean) / deviation + new_shift
      const at::Tensor scale = (n.scale / at::sqrt(n.variance + options_.epsilon)).to(at::kDouble);
      const at::Tensor shift = n.shift.to(at::kDouble) - n.mean.to(at::kDouble) * scale;
      n.shift.copy_(shift + scale * mean);
      n.scale.copy_(scale * at::sqrt(variance + options_.epsilon));
      n.mean.copy_(mean);
      n.variance.copy_(variance);
      n.sum.reset();
      n.squares.reset();
    }
    return {};
  }

  Expected<graph::Graph> Export() override {
    graph::Graph g = graph_;
    for (size_t i = 0; i < g.nodes.size(); ++i) {
      if (convs_[i].weight.defined()) {
        auto& conv = std::get<graph::Conv>(g.nodes[i].op);
        conv.weights = ToOhwi(convs_[i].weight);
        if (convs_[i].bias.defined()) conv.bias = ToVector(convs_[i].bias);
      }
      if (norms_[i].scale.defined()) {
        auto& affine = std::get<graph::Affine>(g.nodes[i].op);
        const NormLayer& n = norms_[i];
        const at::Tensor scale = n.scale.detach().to(at::kDouble) /
                                 at::sqrt(n.variance.to(at::kDouble) + options_.epsilon);
        affine.scale = ToVector(scale);
        affine.shift = ToVector(n.shift.detach().to(at::kDouble) - n.mean.to(at::kDouble) * scale);
      }
    }
    POTLUT_RETURN_IF_ERROR(graph::Validate(g));
    return g;
  }

 private:
  const graph::Node& NodeAt(int32_t i) const { return graph_.nodes[static_cast<size_t>(i)]; }

  void MakeLayer(size_t i) {
    const graph::Node& node = graph_.nodes[i];
    if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
      const int32_t in = NodeAt(node.inputs[0]).shape.c / conv->groups;
      convs_[i].weight = FromOhwi(conv->weights, conv->out_channels, conv->window.kernel_h,
                                  conv->window.kernel_w, in);
      convs_[i].weight.set_requires_grad(true);
      if (!conv->bias.empty()) convs_[i].bias = FromVector(conv->bias).set_requires_grad(true);
    }
    const auto* affine = std::get_if<graph::Affine>(&node.op);
    if (affine == nullptr || !IsNormalisation(node)) return;
    const auto c = static_cast<size_t>(node.shape.c);
    const auto spread = [&](const std::vector<float>& v) {
      return v.size() == 1 ? std::vector<float>(c, v[0]) : v;
    };
    NormLayer& n = norms_[i];
    n.scale = FromVector(spread(affine->scale)).set_requires_grad(true);
    n.shift = FromVector(spread(affine->shift)).set_requires_grad(true);
    n.mean = at::zeros({node.shape.c});
    // With epsilon exactly 1: the affine as the graph has it.
    n.variance = at::full({node.shape.c}, 1 - options_.epsilon);
  }

  bool IsNormalisation(const graph::Node& affine) const {
    const int32_t from = affine.inputs[0];
    return std::holds_alternative<graph::Conv>(NodeAt(from).op) &&
           readers_[static_cast<size_t>(from)].size() == 1;
  }

  std::vector<std::pair<std::string, at::Tensor*>> Slots() {
    std::vector<std::pair<std::string, at::Tensor*>> all;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const std::string& name = graph_.nodes[i].name;
      const auto add = [&](const char* what, at::Tensor& t) {
        if (t.defined()) all.emplace_back(name + what, &t);
      };
      add(".weight", convs_[i].weight);
      add(".bias", convs_[i].bias);
      add(".scale", norms_[i].scale);
      add(".shift", norms_[i].shift);
      add(".mean", norms_[i].mean);
      add(".variance", norms_[i].variance);
    }
    return all;
  }

  at::Tensor RunNode(size_t i, const std::vector<at::Tensor>& in, at::ScalarType type) {
    const graph::Node& node = graph_.nodes[i];
    if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
      const ConvLayer& layer = convs_[i];
      return Convolve(in[0], layer.weight.to(type),
                      layer.bias.defined() ? layer.bias.to(type) : layer.bias, conv->window,
                      conv->groups);
    }
    if (norms_[i].scale.defined()) return Normalise(i, in[0]);
    // Functions that are differentiated from what they return may overwrite a sum's or a
    // normalisation's result.
    const auto from = static_cast<size_t>(node.inputs[0]);
    const bool spare =
        readers_[from].size() == 1 && node.inputs[0] != output_ &&
        (norms_[from].scale.defined() || std::holds_alternative<graph::Add>(graph_.nodes[from].op));
    return ApplyOp(node.op, in, node.shape, spare);
  }

  at::Tensor Normalise(size_t i, const at::Tensor& x) {
    NormLayer& n = norms_[i];
    if (calibrating_) {
      const at::Tensor wide = x.to(at::kDouble);
      const at::Tensor sum = wide.sum({0, 2, 3});
      const at::Tensor squares = (wide * wide).sum({0, 2, 3});
      n.sum = n.sum.defined() ? n.sum + sum : sum;
      n.squares = n.squares.defined() ? n.squares + squares : squares;
      calibration_count_[i] += static_cast<double>(x.numel() / x.size(1));
    }
    if (x.scalar_type() == at::kDouble) {
      return at::batch_norm(x, n.scale.to(at::kDouble), n.shift.to(at::kDouble),
                            n.mean.to(at::kDouble), n.variance.to(at::kDouble), false, 0,
                            options_.epsilon, false);
    }
    double momentum = options_.momentum;
    if (measure_means_) momentum = 1.0 / static_cast<double>(++statistics_of(i));
    return at::batch_norm(x, n.scale, n.shift, n.mean, n.variance, training_ || measure_means_,
                          momentum, options_.epsilon, true);
  }

  int64_t& statistics_of(size_t i) {
    if (statistics_batches_ == 0) statistics_seen_.assign(norms_.size(), 0);
    statistics_batches_ = 1;
    return statistics_seen_[i];
  }

  graph::Graph graph_;
  FloatOptions options_;
  std::vector<ConvLayer> convs_;  // by node
  std::vector<NormLayer> norms_;  // by node
  std::vector<std::vector<int32_t>> readers_;
  int32_t output_ = 0;
  at::Tensor mean_, inverse_;
  at::Device device_{at::kCPU};
  at::ScalarType training_type_ = at::kFloat, evaluation_type_ = at::kFloat;
  bool training_ = false, calibrating_ = false, measure_means_ = false;
  int64_t statistics_batches_ = 0;
  std::vector<int64_t> statistics_seen_;
  std::vector<double> calibration_count_;
};

Status Check(const graph::Graph& graph, const FloatOptions& options) {
  POTLUT_RETURN_IF_ERROR(graph::Validate(graph));
  if (graph.outputs.size() != 1) {
    return Unsupported("training needs a network with one output, and this one has ",
                       graph.outputs.size());
  }
  for (const graph::Node& node : graph.nodes) {
    if (std::holds_alternative<graph::ArgMax>(node.op)) {
      return Unsupported("node '", node.name,
                         "' is an argmax, which has no gradient; export the network without it");
    }
  }
  const auto c = static_cast<size_t>(graph.input_shape().c);
  for (const auto* v : {&options.mean, &options.stddev}) {
    if (v->size() != 1 && v->size() != c)
      return UsageError("normalisation has ", v->size(), " values for an image of ", c,
                        " channels");
  }
  return {};
}

}  // namespace

Expected<std::unique_ptr<FloatNetwork>> FloatNetwork::Create(const graph::Graph& graph,
                                                             const FloatOptions& options) {
  POTLUT_RETURN_IF_ERROR(Check(graph, options));
  return std::unique_ptr<FloatNetwork>(new Net(graph, options));
}

}  // namespace potlut::train
