// Tests with real networks: structure of each in shared/models, and float accuracy on CIFAR-10
// images.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "graph/executor.h"
#include "graph/simplify.h"
#include "onnx/import.h"

namespace potlut::onnx {
namespace {

struct Network {
  const char* file;
  graph::Shape input;
  int32_t classes;
  int convolutions;  // with the dense layer
  // CIFAR-10 only: float top-1 on the whole test set, preprocessing (x - mean) / deviation.
  double top1;
  std::array<float, 3> mean, deviation;
};

const std::array<float, 3> kImageNetMean{0.485F * 255, 0.456F * 255, 0.406F * 255};
const std::array<float, 3> kImageNetDeviation{0.229F * 255, 0.224F * 255, 0.225F * 255};
const Network kNetworks[] = {
    {"cifar10_resnet20_bn.onnx", {3, 32, 32}, 10, 20, 91.73, kImageNetMean, kImageNetDeviation},
    {"cifar10_resnet56.onnx", {3, 32, 32}, 10, 56, 93.39, kImageNetMean, kImageNetDeviation},
    {"cifar10_resnet8_mlperftiny.onnx", {3, 32, 32}, 10, 10, 87.21, {0, 0, 0}, {1, 1, 1}},
    {"own/cifar10_resnet20.onnx",
     {3, 32, 32},
     10,
     22,
     91.67,
     {125.3F, 123.0F, 113.9F},
     {63.0F, 62.1F, 66.7F}},
    {"imagenet_mobilenetv2_1.0_224.onnx", {3, 224, 224}, 1000, 53, 0, {}, {}}};

// Named in test listings by its file.
void PrintTo(const Network& network, std::ostream* out) { *out << network.file; }

std::string Path(const Network& network) {
  return std::string(POTLUT_SHARED_DIR) + "/models/" + network.file;
}

class Models : public testing::TestWithParam<Network> {};

TEST_P(Models, ImportAndSimplify) {
  const Network& network = GetParam();
  if (!std::filesystem::exists(Path(network))) GTEST_SKIP() << Path(network) << " not found";
  const auto graph = ImportFile(Path(network));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->input_shape(), network.input);
  ASSERT_EQ(graph->outputs.size(), 1U);
  EXPECT_EQ(graph->nodes[static_cast<size_t>(graph->outputs[0])].shape,
            (graph::Shape{network.classes, 1, 1}));
  const auto convolutions = [](const graph::Graph& g) {
    return std::count_if(g.nodes.begin(), g.nodes.end(), [](const graph::Node& node) {
      return std::holds_alternative<graph::Conv>(node.op);
    });
  };
  EXPECT_EQ(convolutions(*graph), network.convolutions);
  const auto simple = graph::Simplify(*graph);
  ASSERT_TRUE(simple.ok()) << simple.error().message;
  EXPECT_EQ(convolutions(*simple), network.convolutions);
  for (const graph::Node& node : simple->nodes) {
    EXPECT_FALSE(std::holds_alternative<graph::Affine>(node.op))
        << node.name << ": batch normalisation is folded in all of these";
  }
}

TEST_P(Models, FloatAccuracyOnCifar10) {
  const Network& network = GetParam();
  const char* folder = std::getenv("POTLUT_CIFAR10");
  if (network.top1 == 0) GTEST_SKIP() << "not a CIFAR-10 network";
  if (folder == nullptr) GTEST_SKIP() << "POTLUT_CIFAR10 (folder of test_batch.bin) not found";
  if (!std::filesystem::exists(Path(network))) GTEST_SKIP() << Path(network) << " not found";
  std::ifstream file(std::string(folder) + "/test_batch.bin", std::ios::binary);
  ASSERT_TRUE(file) << folder;
  constexpr int kImages = 200;
  constexpr int kBatch = 20;
  const auto graph = ImportFile(Path(network));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  auto executor = graph::Executor::Create(*graph, kBatch, 1);
  ASSERT_TRUE(executor.ok()) << executor.error().message;
  int right = 0;
  for (int first = 0; first < kImages; first += kBatch) {
    graph::Values input;
    std::vector<int> labels;
    for (int i = 0; i < kBatch; ++i) {
      std::vector<unsigned char> record(3073);
      ASSERT_TRUE(file.read(reinterpret_cast<char*>(record.data()), 3073));
      labels.push_back(record[0]);
      for (size_t pixel = 0; pixel < 1024; ++pixel) {
        for (size_t c = 0; c < 3; ++c) {
          input.push_back((static_cast<float>(record[1 + c * 1024 + pixel]) - network.mean[c]) /
                          network.deviation[c]);
        }
      }
    }
    const auto values = (*executor)->Run(input, graph->outputs);
    ASSERT_TRUE(values.ok()) << values.error().message;
    for (size_t i = 0; i < kBatch; ++i) {
      const auto begin = (*values)[0].begin() + static_cast<std::ptrdiff_t>(i * 10);
      right += std::max_element(begin, begin + 10) - begin == labels[i] ? 1 : 0;
    }
  }
  // 200 images scatter by about two points around the figure for all.
  EXPECT_NEAR(100.0 * right / kImages, network.top1, 5);
}

std::string NetworkName(const testing::TestParamInfo<Network>& tested) {
  std::string name = tested.param.file;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Shared, Models, testing::ValuesIn(kNetworks), NetworkName);

}  // namespace
}  // namespace potlut::onnx
