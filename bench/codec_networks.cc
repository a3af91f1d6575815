// Quantises networks for the codec benchmark.
#include "codec_networks.h"

#include <filesystem>
#include <random>

#include "base/text.h"
#include "data/data.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "pack/plut.h"
#include "quant/quantize.h"
#include "zoo/zoo.h"

namespace potlut::bench {
namespace {

struct Trained {
  std::string name, onnx, images;
  std::vector<double> mean, stddev;
};

Expected<Program> QuantisedTrained(const Trained& network, int weight_bits, Progress& progress) {
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::ImportFile(network.onnx));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph, graph::Simplify(imported));
  quant::Recipe recipe;
  recipe.weights.bits = weight_bits;
  recipe.mean = network.mean;
  recipe.stddev = network.stddev;
  recipe.images = 64;
  const graph::Shape shape = graph.input_shape();
  POTLUT_ASSIGN_OR_RETURN(const auto source,
                          data::Open(network.images, data::Split::kTrain,
                                     {.h = shape.h, .w = shape.w, .c = shape.c, .resize = 0}));
  const quant::ImageSource images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    POTLUT_ASSIGN_OR_RETURN(data::Sample sample, source->Get(i));
    return std::move(sample.image.pixels);
  };
  return quant::Quantize(graph, recipe, images, source->size(), 0, &progress);
}

}  // namespace

Expected<Program> QuantisedZoo(const std::string& name, int weight_bits, Progress& progress) {
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph built, zoo::Build({.name = name, .spread = 0.3}));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph, graph::Simplify(built));
  quant::Recipe recipe;
  recipe.weights.bits = weight_bits;
  recipe.mean = {127.5};
  recipe.stddev = {64};
  // Errors of random weights need no feedback.
  recipe.error_feedback = recipe.bias_correction = false;
  const graph::Shape shape = graph.input_shape();
  const quant::ImageSource images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    std::mt19937 random(static_cast<uint32_t>(i));
    std::vector<uint8_t> pixels(static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w) *
                                static_cast<size_t>(shape.c));
    for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random() >> 24);
    return pixels;
  };
  return quant::Quantize(graph, recipe, images, 4, 0, &progress);
}

std::vector<Network> KnownNetworks(const std::string& models, const std::string& shared) {
  const std::string calibration = "cifar10:" + models + "/cifar10-calibration-256.bin";
  const std::vector<double> mean{123.675, 116.28, 103.53}, stddev{58.395, 57.12, 57.375};
  const std::vector<Trained> trained = {
      {"ResNet-20, shipped",
       models + "/resnet20-cifar10.onnx",
       calibration,
       {125.3, 123.0, 113.9},
       {63.0, 62.1, 66.7}},
      {"ResNet-20", shared + "/models/cifar10_resnet20_bn.onnx", calibration, mean, stddev},
      {"ResNet-56", shared + "/models/cifar10_resnet56.onnx", calibration, mean, stddev},
      {"ResNet-8", shared + "/models/cifar10_resnet8_mlperftiny.onnx", calibration, {0}, {1}},
      {"MobileNetV2",
       shared + "/models/imagenet_mobilenetv2_1.0_224.onnx",
       shared + "/data/imagenet-sample",
       {127.5},
       {127.5}}};
  std::vector<Network> networks;
  for (const Trained& network : trained) {
    if (!std::filesystem::exists(network.onnx)) continue;
    for (const int bits : {3, 4}) {
      networks.push_back({Cat(network.name, ", pot ", bits), [network, bits](Progress& progress) {
                            return QuantisedTrained(network, bits, progress);
                          }});
    }
  }
  for (const char* name : {"resnet8", "resnet56", "mobilenetv2", "resnet18"}) {
    for (const int bits : {3, 4}) {
      networks.push_back({Cat("zoo:", name, ", pot ", bits), [name, bits](Progress& progress) {
                            return QuantisedZoo(name, bits, progress);
                          }});
    }
  }
  return networks;
}

Network FromFile(const std::string& path) {
  return {std::filesystem::path(path).filename().string(),
          [path](Progress&) { return LoadProgram(path); }};
}

}  // namespace potlut::bench
