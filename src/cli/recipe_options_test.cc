// Recipes from the command line: what overrides what, and what is refused before a long run.
#include "cli/recipe_options.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace potlut::cli {
namespace {

RecipeOptions Normalised() {
  RecipeOptions options;
  options.normalisation.preset = "none";
  return options;
}

TEST(RecipeOptions, PairDefaultsToSixBits) {
  RecipeOptions options = Normalised();
  options.alphabet = "pair";
  const auto recipe = ResolveRecipe(options, 9);
  ASSERT_TRUE(recipe.ok()) << recipe.error().message;
  EXPECT_EQ(recipe->weights.alphabet, AlphabetKind::kPair);
  EXPECT_EQ(recipe->weights.bits, 6);
  EXPECT_EQ(recipe->seed, 9U);
  EXPECT_EQ(recipe->first.bits, 8);
}

TEST(RecipeOptions, OptionsOverrideTheFile) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "potlut_recipe_options_test.toml").string();
  std::ofstream(path) << "activation-bits = 6\nseed = 3\nmean = [1, 2, 3]\nstd = "
                         "2\n[weights]\nalphabet = 'apot'\nbits = 3\n";
  RecipeOptions options;
  options.recipe = path;
  const auto plain = ResolveRecipe(options, std::nullopt);
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_EQ(plain->weights.alphabet, AlphabetKind::kApot);
  EXPECT_EQ(plain->seed, 3U);
  EXPECT_EQ(plain->stddev, (std::vector<double>{2, 2, 2}));
  options.weight_bits = 5;
  options.normalisation.mean = {4};
  options.normalisation.stddev = {5};
  const auto overridden = ResolveRecipe(options, 7);
  ASSERT_TRUE(overridden.ok()) << overridden.error().message;
  EXPECT_EQ(overridden->weights.alphabet, AlphabetKind::kApot);
  EXPECT_EQ(overridden->weights.bits, 5);
  EXPECT_EQ(overridden->activation_bits, 6);
  EXPECT_EQ(overridden->mean, (std::vector<double>{4}));
  EXPECT_EQ(overridden->seed, 7U);
  std::filesystem::remove(path);
}

TEST(RecipeOptions, NormalisationIsNeverGuessed) {
  const auto recipe = ResolveRecipe({}, std::nullopt);
  ASSERT_FALSE(recipe.ok());
  EXPECT_EQ(recipe.error().code, ErrorCode::kUsage);
  EXPECT_NE(recipe.error().message.find("--normalize"), std::string::npos);
}

TEST(RecipeOptions, WaysOfNormalisation) {
  NormalisationOptions unit;
  unit.mean01 = {0.5};
  unit.stddev01 = {0.25, 0.5, 0.75};
  const auto resolved = ResolveNormalisation(unit);
  ASSERT_TRUE(resolved.ok() && resolved->has_value());
  EXPECT_EQ((*resolved)->mean, (std::vector<double>{127.5, 127.5, 127.5}));
  EXPECT_EQ((*resolved)->stddev[1], 127.5);
  unit.preset = "none";
  EXPECT_FALSE(ResolveNormalisation(unit).ok());
  EXPECT_FALSE(ResolveNormalisation({{1}, {}, {}, {}, {}}).ok());
  EXPECT_FALSE(ResolveNormalisation({{1}, {0}, {}, {}, {}}).ok());
  EXPECT_FALSE(ResolveNormalisation({{1, 2}, {1, 2, 3}, {}, {}, {}}).ok());
  EXPECT_FALSE(ResolveNormalisation({{}, {}, {}, {}, "imagenett"}).ok());
  for (const char* preset : {"cifar10", "imagenet", "minus-one-to-one", "unit", "none"}) {
    EXPECT_TRUE(ResolveNormalisation({{}, {}, {}, {}, preset}).ok()) << preset;
  }
}

TEST(RecipeOptions, ParsesChoices) {
  const auto choice = ParseWeightChoice("uniform:8", "--first");
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->bits, 8);
  for (const char* bad : {"uniform", "uniform:", "uniform:6", "pot:5", "apot:2", "pair:4",
                          "custom:8", "odd:4", "pot:4x"}) {
    const auto refused = ParseWeightChoice(bad, "--first");
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
    EXPECT_NE(refused.error().message.find("--first"), std::string::npos)
        << refused.error().message;
  }
}

TEST(RecipeOptions, ParsesLayers) {
  const auto layer =
      ParseLayerOverride("layer[12].*=alphabet=apot,bits=4,activation-bits=6,per-channel=false");
  ASSERT_TRUE(layer.ok()) << layer.error().message;
  EXPECT_EQ(layer->pattern, "layer[12].*");
  EXPECT_EQ(layer->alphabet, AlphabetKind::kApot);
  EXPECT_EQ(layer->weight_bits, 4);
  EXPECT_EQ(layer->activation_bits, 6);
  EXPECT_EQ(layer->per_channel, false);
  for (const char* bad : {"x", "=bits=4", "x=", "x=bits", "x=bits=", "x=bits=4,", "x=size=4",
                          "x=per-channel=no", "x=alphabet=pot,bits=8", "x=activation-bits=9"}) {
    EXPECT_FALSE(ParseLayerOverride(bad).ok()) << bad;
  }
}

TEST(Preprocess, ResizeIsReadBack) {
  Program program;
  EXPECT_EQ(*ReadResize(program), 0);
  program.metadata["preprocess"] = WritePreprocess(256);
  EXPECT_EQ(*ReadResize(program), 256);
  program.metadata["preprocess"] = "resize = -1\n";
  EXPECT_FALSE(ReadResize(program).ok());
  program.metadata["preprocess"] = "resize = ";
  EXPECT_FALSE(ReadResize(program).ok());
}

}  // namespace
}  // namespace potlut::cli
