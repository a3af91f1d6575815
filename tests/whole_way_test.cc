// The whole way on the shipped network: import, quantise, pack, unpack, run; and what must hold at
// its end.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "data/data.h"
#include "engine/engine.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "pack/plut.h"
#include "program/reference.h"
#include "quant/quantize.h"

namespace potlut {
namespace {

const std::string kModels = POTLUT_SOURCE_DIR "/models/";

std::vector<data::Sample> Samples(const std::string& name) {
  auto source = data::Open("cifar10:" + kModels + name, data::Split::kTest, {32, 32, 3, 0});
  EXPECT_TRUE(source.ok()) << source.status().message();
  std::vector<data::Sample> samples;
  for (int64_t i = 0; source.ok() && i < (*source)->size(); ++i) {
    auto sample = (*source)->Get(i);
    EXPECT_TRUE(sample.ok()) << sample.status().message();
    samples.push_back(std::move(sample).value());
  }
  return samples;
}

quant::Recipe ShippedRecipe() {
  quant::Recipe recipe;
  recipe.mean = {125.3, 123.0, 113.9};
  recipe.stddev = {63.0, 62.1, 66.7};
  return recipe;
}

Expected<Program> Quantised(const quant::Recipe& recipe) {
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph,
                          onnx::ImportFile(kModels + "resnet20-cifar10.onnx"));
  const auto samples = Samples("cifar10-calibration-256.bin");
  return quant::Quantize(
      graph, recipe,
      [&](int64_t i) -> Expected<std::vector<uint8_t>> {
        return samples[static_cast<size_t>(i)].image.pixels;
      },
      static_cast<int64_t>(samples.size()));
}

// Right answers in a thousand.
int Right(const Program& program) {
  auto model = Model::Create(program);
  EXPECT_TRUE(model.ok()) << model.status().message();
  auto session = Session::Create(*model);
  EXPECT_TRUE(session.ok());
  int right = 0;
  for (const data::Sample& sample : Samples("cifar10-test-1000.bin")) {
    EXPECT_TRUE((*session)->Run(sample.image.pixels).ok());
    const auto logits = (*session)->OutputValues(0);
    right +=
        std::max_element(logits.begin(), logits.end()) - logits.begin() == sample.label ? 1 : 0;
  }
  return right;
}

// The float network answers 921 of the 1,000 images right.
constexpr int kFloat = 921;

TEST(WholeWay, FourBitsOfPowersOfTwoCostLittle) {
  auto program = Quantised(ShippedRecipe());
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_GE(Right(*program), kFloat - 12);

  auto bytes = Pack(*program);
  ASSERT_TRUE(bytes.ok());
  EXPECT_LT(bytes->size(), 140'000U);
  auto back = Unpack(*bytes);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_TRUE(*back == *program);

  // The engine and the reference executor, by all its methods that the first layer's 8 bits allow,
  // agree on every logit.
  auto model = Model::Create(*back);
  ASSERT_TRUE(model.ok());
  auto session = Session::Create(*model);
  ASSERT_TRUE(session.ok());
  const auto samples = Samples("cifar10-test-1000.bin");
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE((*session)->Run(samples[i].image.pixels).ok());
    const auto engine = (*session)->Output(0);
    for (const ProductMethod method : {ProductMethod::kTable, ProductMethod::kMultiply}) {
      auto values = ReferenceRun(*back, samples[i].image.pixels, {.method = method});
      ASSERT_TRUE(values.ok());
      const TensorData& reference = (*values)[static_cast<size_t>(back->outputs[0])];
      EXPECT_TRUE(std::equal(engine.begin(), engine.end(), reference.begin(), reference.end()));
    }
  }
}

TEST(WholeWay, ThreeBitsAndFourBitActivationsStillWork) {
  quant::Recipe recipe = ShippedRecipe();
  recipe.weights = {AlphabetKind::kPot, 3, true};
  auto three = Quantised(recipe);
  ASSERT_TRUE(three.ok()) << three.status().message();
  EXPECT_GE(Right(*three), kFloat - 20);

  recipe.weights = {AlphabetKind::kApot, 4, true};
  recipe.activation_bits = 4;
  auto narrow = Quantised(recipe);
  ASSERT_TRUE(narrow.ok()) << narrow.status().message();
  EXPECT_GE(Right(*narrow), kFloat - 25);
}

}  // namespace
}  // namespace potlut
