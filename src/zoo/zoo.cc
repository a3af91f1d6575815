// The table of networks, building and counting them.
#include "zoo/zoo.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "zoo/architectures.h"

namespace potlut::zoo {
namespace {

struct Family {
  std::string_view name;
  std::string_view description;
  int32_t size, classes;
  void (*make)(NetBuilder&);
};

constexpr Family kFamilies[] = {
    {"resnet8", "MLPerf Tiny's ResNet-8", 32, 10, TinyResNet8},
    {"resnet20", "ResNet-20, parameter-free shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 3, false); }},
    {"resnet32", "ResNet-32, parameter-free shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 5, false); }},
    {"resnet44", "ResNet-44, parameter-free shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 7, false); }},
    {"resnet56", "ResNet-56, parameter-free shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 9, false); }},
    {"resnet20-conv", "ResNet-20, 1x1 convolution shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 3, true); }},
    {"resnet32-conv", "ResNet-32, 1x1 convolution shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 5, true); }},
    {"resnet44-conv", "ResNet-44, 1x1 convolution shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 7, true); }},
    {"resnet56-conv", "ResNet-56, 1x1 convolution shortcuts", 32, 10,
     [](NetBuilder& net) { CifarResNet(net, 9, true); }},
    {"resnet18", "ResNet-18", 224, 1000,
     [](NetBuilder& net) {
       ImageNetResNet(net, {2, 2, 2, 2}, false);
     }},
    {"resnet34", "ResNet-34", 224, 1000,
     [](NetBuilder& net) {
       ImageNetResNet(net, {3, 4, 6, 3}, false);
     }},
    {"resnet50", "ResNet-50, strides in the 3x3 convolutions", 224, 1000,
     [](NetBuilder& net) {
       ImageNetResNet(net, {3, 4, 6, 3}, true);
     }},
    {"mobilenetv2", "MobileNetV2", 224, 1000, MobileNetV2},
    {"efficientnet-lite0", "EfficientNet-lite0", 224, 1000, EfficientNetLite0},
    {"shufflenetv2-x0.5", "ShuffleNetV2, half as wide", 224, 1000,
     [](NetBuilder& net) {
       ShuffleNetV2(net, {48, 96, 192}, 1024);
     }},
    {"shufflenetv2-x1.0", "ShuffleNetV2", 224, 1000,
     [](NetBuilder& net) {
       ShuffleNetV2(net, {116, 232, 464}, 1024);
     }},
};

const Family* Find(std::string_view name) {
  const auto* family = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                    [&](const Family& f) { return f.name == name; });
  return family == std::end(kFamilies) ? nullptr : family;
}

Status CheckRanges(const ModelSpec& spec) {
  if (spec.classes < 1 || spec.classes > 32768) {
    return UsageError("classes is ", spec.classes, "; it must be from 1 to 32768");
  }
  if (!(spec.width >= 0.05 && spec.width <= 2)) {
    return UsageError("width is ", spec.width, "; it must be from 0.05 to 2");
  }
  if (spec.size < 8 || spec.size > 2048) {
    return UsageError("size is ", spec.size, "; it must be from 8 to 2048");
  }
  if (!(spec.spread >= 0 && spec.spread < 1)) {
    return UsageError("spread is ", spec.spread, "; it must be at least 0 and below 1");
  }
  return {};
}

Expected<graph::Graph> BuildWith(ModelSpec spec, NetBuilder::Weights weights) {
  const Family* family = Find(spec.name);
  if (family == nullptr) {
    std::string known;
    for (const Family& f : kFamilies) known += Cat(known.empty() ? "" : ", ", f.name);
    return UsageError("the zoo has no network '", spec.name, "'; it has ", known);
  }
  const std::string source = SpecText(spec);
  if (spec.classes == 0) spec.classes = family->classes;
  if (spec.size == 0) spec.size = family->size;
  POTLUT_RETURN_IF_ERROR(CheckRanges(spec));
  NetBuilder net(spec, weights);
  family->make(net);
  auto graph = std::move(net).Finish();
  if (graph.ok()) {
    graph->metadata = {{"source.format", "zoo"}, {"source.name", source}};
  }
  return graph;
}

}  // namespace

Expected<graph::Graph> Build(const ModelSpec& spec) {
  return BuildWith(spec, NetBuilder::Weights::kRandom);
}

std::vector<ModelInfo> List() {
  std::vector<ModelInfo> infos;
  for (const Family& family : kFamilies) {
    const auto graph =
        BuildWith({.name = std::string(family.name)}, NetBuilder::Weights::kZero).value();
    infos.push_back({.name = std::string(family.name),
                     .description = std::string(family.description),
                     .input = graph.input_shape(),
                     .classes = family.classes,
                     .parameters = Parameters(graph),
                     .macs = Macs(graph)});
  }
  return infos;
}

int64_t Parameters(const graph::Graph& graph) {
  size_t count = 0;
  for (const graph::Node& node : graph.nodes) {
    if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
      count += conv->weights.size() + conv->bias.size();
    } else if (const auto* affine = std::get_if<graph::Affine>(&node.op)) {
      count += affine->scale.size() + affine->shift.size();
    } else if (const auto* activation = std::get_if<graph::Activation>(&node.op)) {
      count += activation->slope.size();
    }
  }
  return static_cast<int64_t>(count);
}

int64_t Macs(const graph::Graph& graph) {
  int64_t count = 0;
  for (const graph::Node& node : graph.nodes) {
    if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
      count += static_cast<int64_t>(conv->weights.size()) * node.shape.h * node.shape.w;
    }
  }
  return count;
}

}  // namespace potlut::zoo
