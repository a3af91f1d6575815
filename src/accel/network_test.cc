// Whole networks on the functional model and on the Verilated RTL: 10 images each, every tensor
// equal to the reference executor.
#include <gtest/gtest.h>

#include "accel/rtl_device.h"
#include "accel/run_for_test.h"
#include "data/data.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "quant/quantize.h"
#include "zoo/zoo.h"

namespace potlut::accel {
namespace {

const std::string kModels = POTLUT_SOURCE_DIR "/models/";
constexpr int kImages = 10;

std::vector<std::vector<uint8_t>> Pixels(const std::string& name, int64_t count) {
  const auto source = data::Open("cifar10:" + kModels + name, data::Split::kTest, {32, 32, 3, 0});
  EXPECT_TRUE(source.ok()) << source.status().message();
  std::vector<std::vector<uint8_t>> images;
  for (int64_t i = 0; source.ok() && i < count; ++i) {
    auto sample = (*source)->Get(i);
    EXPECT_TRUE(sample.ok());
    images.push_back(std::move(sample->image.pixels));
  }
  return images;
}

Expected<graph::Graph> Network(const std::string& name) {
  if (zoo::IsSpec(name)) {
    POTLUT_ASSIGN_OR_RETURN(const zoo::ModelSpec spec, zoo::ParseSpec(name));
    POTLUT_ASSIGN_OR_RETURN(const graph::Graph network, zoo::Build(spec));
    return graph::Simplify(network);
  }
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph network, onnx::ImportFile(kModels + name));
  return graph::Simplify(network);
}

// Calibrated on a few images, which is enough for equality.
Expected<Program> Quantised(const std::string& name, AlphabetKind alphabet, int bits) {
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph network, Network(name));
  quant::Recipe recipe;
  recipe.mean = {125.3, 123.0, 113.9};
  recipe.stddev = {63.0, 62.1, 66.7};
  recipe.weights = {alphabet, bits, true};
  const auto images = Pixels("cifar10-calibration-256.bin", 16);
  return quant::Quantize(
      network, recipe,
      [&](int64_t i) -> Expected<std::vector<uint8_t>> { return images[static_cast<size_t>(i)]; },
      static_cast<int64_t>(images.size()), 1);
}

struct Case {
  const char* name;
  const char* network;
  AlphabetKind alphabet;
  int bits;
  TableKind table;
};

class Networks : public ::testing::TestWithParam<Case> {};

TEST_P(Networks, EveryTensorEqualsTheReference) {
  const Case& c = GetParam();
  const auto program = Quantised(c.network, c.alphabet, c.bits);
  ASSERT_TRUE(program.ok()) << program.status().message();
  const auto images = Pixels("cifar10-test-1000.bin", kImages);

  ArraySpec array;
  array.table = c.table;
  const auto run = [&](const CompileOptions& options, auto make) {
    const auto compiled = Compile(*program, array, options);
    ASSERT_TRUE(compiled.ok()) << compiled.status().message();
    auto device = make(compiled->dram_bytes);
    ASSERT_TRUE(device.ok()) << device.status().message();
    size_t compared = 0;
    for (const auto& image : images)
      compared = testing::ExpectReference(*program, *compiled, **device, image);
    // All nodes' tensors, and once more those that leave the program.
    size_t moved = 0;
    for (const ImageLayer& layer : compiled->layers) moved += layer.count == 0;
    EXPECT_EQ(compared, program->nodes.size() - moved + program->outputs.size());
    if (!options.fuse) {
      EXPECT_LE(moved, 1U);  // a reshape
    }
  };
  const auto model = [&](uint64_t bytes) { return MakeModelDevice(array, bytes); };
  run({.fuse = false, .trace = true}, model);
  run({.fuse = true, .trace = true}, model);
  if (!HasRtlDevice()) GTEST_SKIP() << "the model is equal; built without Verilator, no RTL";
  const auto probe = MakeRtlDevice({.table = c.table}, 1 << 16);
  ASSERT_TRUE(probe.ok());
  const auto geometry = GeometryOf(**probe);
  ASSERT_TRUE(geometry.ok());
  static_cast<Geometry&>(array) = *geometry;
  const auto rtl = [&](uint64_t bytes) { return MakeRtlDevice({.table = c.table}, bytes); };
  run({.fuse = false, .trace = true}, rtl);
  run({.fuse = true, .trace = true}, rtl);
}

INSTANTIATE_TEST_SUITE_P(Accel, Networks,
                         ::testing::Values(Case{"resnet20_pairs", "resnet20-cifar10.onnx",
                                                AlphabetKind::kPair, 6, TableKind::kPair},
                                           Case{"resnet20_pot4", "resnet20-cifar10.onnx",
                                                AlphabetKind::kPot, 4, TableKind::kSingle},
                                           Case{"resnet8_pot3", "zoo:resnet8@spread=0.25",
                                                AlphabetKind::kPot, 3, TableKind::kPair},
                                           Case{"resnet8_apot4", "zoo:resnet8@spread=0.25",
                                                AlphabetKind::kApot, 4, TableKind::kSingle}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace potlut::accel
