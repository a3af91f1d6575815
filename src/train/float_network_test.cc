// A float network computes what the graph does, and measuring its statistics or exporting it
// changes nothing.
#include "train/float_network.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "graph/executor.h"
#include "train/test_data.h"
#include "zoo/zoo.h"

namespace potlut::train {
namespace {

constexpr int32_t kBatch = 4;

at::Tensor Pixels(const graph::Shape& shape, uint32_t seed) {
  at::Tensor t = at::empty({kBatch, shape.h, shape.w, shape.c}, at::kByte);
  for (int64_t i = 0; i < t.numel(); ++i) {
    seed = seed * 1664525 + 1013904223;
    t.data_ptr<uint8_t>()[i] = static_cast<uint8_t>(seed >> 24);
  }
  return t.permute({0, 3, 1, 2});
}

// The graph by its own executor, on normalised pixels.
at::Tensor ByGraph(const graph::Graph& g, const at::Tensor& pixels, double mean, double stddev) {
  const auto executor = graph::Executor::Create(g, kBatch, 1);
  EXPECT_TRUE(executor.ok());
  const at::Tensor x = ((pixels.to(at::kFloat) - mean) / stddev).permute({0, 2, 3, 1}).contiguous();
  const graph::Values input(x.data_ptr<float>(), x.data_ptr<float>() + x.numel());
  const int32_t wanted[] = {g.outputs[0]};
  const auto out = (*executor)->Run(input, wanted);
  EXPECT_TRUE(out.ok());
  at::Tensor y = at::empty({kBatch, static_cast<int64_t>((*out)[0].size()) / kBatch});
  std::copy((*out)[0].begin(), (*out)[0].end(), y.data_ptr<float>());
  return y;
}

void ExpectClose(const at::Tensor& a, const at::Tensor& b, const std::string& what) {
  ASSERT_EQ(a.sizes(), b.sizes()) << what;
  const double largest = b.abs().max().item<double>();
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-3 * largest + 1e-6) << what;
}

TEST(FloatNetwork, ComputesWhatTheGraphDoes) {
  for (const char* name : {"resnet20", "resnet8", "mobilenetv2@width=0.1,size=32",
                           "shufflenetv2-x0.5@width=0.25,size=32",
                           "efficientnet-lite0@width=0.1,size=32", "resnet50@width=0.1,size=32"}) {
    zoo::ModelSpec spec = zoo::ParseSpec(Cat("zoo:", name)).value();
    spec.spread = 0.3;
    const graph::Graph graph = zoo::Build(spec).value();
    auto net = FloatNetwork::Create(graph, {{127}, {64}});
    ASSERT_TRUE(net.ok()) << name << ": " << net.error().message;
    (*net)->SetTraining(false);
    const at::NoGradGuard guard;
    const at::Tensor pixels = Pixels(graph.input_shape(), 7);
    const at::Tensor wanted = ByGraph(graph, pixels, 127, 64);
    ExpectClose((*net)->Forward(pixels), wanted, name);

    // Statistics that are measured split the affines without changing the function.
    uint32_t batches = 0;
    ASSERT_TRUE((*net)
                    ->CalibrateStatistics([&] {
                      return batches < 3 ? Pixels(graph.input_shape(), 20 + batches++)
                                         : at::Tensor();
                    })
                    .ok());
    ExpectClose((*net)->Forward(pixels), wanted, Cat(name, " calibrated"));
    const auto exported = (*net)->Export();
    ASSERT_TRUE(exported.ok());
    ExpectClose(ByGraph(*exported, pixels, 127, 64), wanted, Cat(name, " exported"));

    // Training normalises by the batch; averaged statistics of that one batch give the same in
    // evaluation.
    (*net)->SetTraining(true);
    const at::Tensor by_batch = (*net)->Forward(pixels);
    EXPECT_FALSE(at::allclose(by_batch, wanted, 1e-3, 1e-3)) << name;
  }
}

TEST(FloatNetwork, RefusesWhatCannotBeTrained) {
  graph::Graph graph = SmallGraph(8, 3, true);
  ASSERT_TRUE(graph::Append(graph, {"top", graph::ArgMax{}, {graph.outputs[0]}, {}}).ok());
  graph.outputs = {static_cast<int32_t>(graph.nodes.size()) - 1};
  const auto net = FloatNetwork::Create(graph, {});
  ASSERT_FALSE(net.ok());
  EXPECT_EQ(net.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(net.error().message.find("'top'"), std::string::npos);
  const auto spread = FloatNetwork::Create(SmallGraph(8, 3, true), {{1, 2}, {1}});
  ASSERT_FALSE(spread.ok());
  EXPECT_EQ(spread.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut::train
