// A graph through ONNX and back.
#include "onnx/export_for_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "graph/executor.h"
#include "graph/random_for_test.h"
#include "onnx/export.h"
#include "onnx/import.h"

namespace potlut::onnx {
namespace {

constexpr int32_t kBatch = 2;

std::vector<graph::Values> Run(const graph::Graph& graph, const graph::Values& input) {
  auto executor = graph::Executor::Create(graph, kBatch, 1);
  if (!executor.ok()) {
    ADD_FAILURE() << executor.error().message;
    return {};
  }
  auto values = (*executor)->Run(input, graph.outputs);
  if (!values.ok()) {
    ADD_FAILURE() << values.error().message;
    return {};
  }
  return *std::move(values);
}

}  // namespace

Expected<graph::Graph> Reimported(const graph::Graph& graph) {
  POTLUT_ASSIGN_OR_RETURN(const std::string bytes, ExportOnnx(graph));
  return Import({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, {});
}

void ExpectComesBack(const graph::Graph& graph, uint32_t seed) {
  const auto back = Reimported(graph);
  ASSERT_TRUE(back.ok()) << back.error().message << "\n" << graph::Describe(graph);
  ASSERT_EQ(back->outputs.size(), graph.outputs.size());
  graph::Random random(seed);
  const graph::Values input = random.Reals(kBatch * graph.input_shape().count());
  const std::vector<graph::Values> want = Run(graph, input);
  const std::vector<graph::Values> got = Run(*back, input);
  ASSERT_EQ(want.size(), got.size());
  for (size_t o = 0; o < want.size(); ++o) {
    const auto shape = [&](const graph::Graph& g) {
      return g.nodes[static_cast<size_t>(g.outputs[o])].shape;
    };
    EXPECT_EQ(shape(graph), shape(*back)) << "output " << o;
    ASSERT_EQ(want[o].size(), got[o].size()) << "output " << o;
    float largest = 0;
    for (const float v : want[o])
      largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : largest;
    for (size_t i = 0; i < want[o].size(); ++i) {
      if (want[o][i] == got[o][i] || (std::isnan(want[o][i]) && std::isnan(got[o][i]))) continue;
      ASSERT_NEAR(want[o][i], got[o][i], 1e-5F * largest) << "output " << o << " at " << i;
    }
  }
}

std::string Outline(const graph::Graph& graph) {
  std::string text;
  for (const graph::Node& node : graph.nodes) {
    const bool nameless = std::holds_alternative<graph::Shuffle>(node.op);
    text += (nameless ? "" : node.name) + ": " + std::string(graph::OpName(node.op)) + "\n";
  }
  return text;
}

}  // namespace potlut::onnx
