// Zoo networks through the rest of potlut: ONNX and back, and quantised.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "onnx/export_for_test.h"
#include "program/validate.h"
#include "quant/quantize.h"
#include "zoo/zoo.h"

namespace potlut::zoo {
namespace {

TEST(WholeWay, ThroughOnnxAndBack) {
  for (const ModelInfo& info : List()) {
    SCOPED_TRACE(info.name);
    // Small: what differs from node to node is not their size.
    const auto graph = Build({.name = info.name,
                              .classes = 10,
                              .width = 0.25,
                              .size = info.input.h / 4,
                              .spread = 0.25});
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    onnx::ExpectComesBack(*graph, 1);
    const auto back = onnx::Reimported(*graph);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(onnx::Outline(*back), onnx::Outline(*graph));
  }
}

class Quantised : public testing::TestWithParam<const char*> {};

// Random weights, random images: the integer layers still follow the float ones.
TEST_P(Quantised, FollowsTheFloatNetwork) {
  const auto graph =
      Build({.name = GetParam(), .classes = 10, .width = 0.25, .size = 32, .spread = 0.25});
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const auto images = [&](int64_t index) -> Expected<std::vector<uint8_t>> {
    std::mt19937 engine(static_cast<uint32_t>(index));
    std::vector<uint8_t> image(static_cast<size_t>(graph->input_shape().count()));
    for (uint8_t& pixel : image) pixel = static_cast<uint8_t>(engine() >> 24);
    return image;
  };
  quant::Recipe recipe;
  recipe.weights = {AlphabetKind::kUniform, 8, true};
  recipe.mean = {128};
  recipe.stddev = {64};
  quant::Report report;
  const auto program = quant::Quantize(*graph, recipe, images, 16, 1, nullptr, &report);
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_TRUE(Validate(*program).ok());
  int convolutions = 0;
  for (const graph::Node& node : graph->nodes) {
    convolutions += std::holds_alternative<graph::Conv>(node.op) ? 1 : 0;
  }
  ASSERT_EQ(report.layers.size(), static_cast<size_t>(convolutions));
  for (const quant::LayerReport& layer : report.layers) {
    EXPECT_GT(layer.sqnr_db, 10) << layer.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, Quantised,
                         testing::Values("resnet8", "resnet20", "resnet20-conv", "resnet50",
                                         "mobilenetv2", "efficientnet-lite0", "shufflenetv2-x0.5"));

}  // namespace
}  // namespace potlut::zoo
