// Real networks through the export and back.
#include <gtest/gtest.h>

#include <filesystem>

#include "onnx/export_for_test.h"
#include "onnx/import.h"

namespace potlut::onnx {
namespace {

class ExportModels : public testing::TestWithParam<const char*> {};

TEST_P(ExportModels, ComeBack) {
  const std::string path = std::string(POTLUT_SHARED_DIR) + "/models/" + GetParam();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " not found";
  const auto graph = ImportFile(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ExpectComesBack(*graph, 1);
  // The same nodes under the same names: nothing was written out that the graph says in one.
  const auto back = Reimported(*graph);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(Outline(*back), Outline(*graph));
}

INSTANTIATE_TEST_SUITE_P(Shared, ExportModels,
                         testing::Values("cifar10_resnet20_bn.onnx", "cifar10_resnet56.onnx",
                                         "cifar10_resnet8_mlperftiny.onnx",
                                         "own/cifar10_resnet20.onnx",
                                         "imagenet_mobilenetv2_1.0_224.onnx"));

}  // namespace
}  // namespace potlut::onnx
