// Recipes read back what they wrote, and refuse what nobody could have meant.
#include <gtest/gtest.h>

#include "quant/quantize.h"

namespace potlut::quant {
namespace {

TEST(Recipe, ReadsBackWhatItWrote) {
  Recipe recipe;
  recipe.weights = {AlphabetKind::kPair, 6, false};
  recipe.depthwise = WeightChoice{AlphabetKind::kUniform, 5, true};
  recipe.activation_bits = 4;
  recipe.layers.push_back({"conv*", AlphabetKind::kApot, 5, true, 6});
  recipe.layers.push_back({"fc", std::nullopt, 4, std::nullopt, std::nullopt});
  recipe.mean = {1.5, 2, 3};
  recipe.stddev = {58.395};
  recipe.seed = 42;
  recipe.error_feedback = false;
  recipe.symmetric_pairs = true;
  const std::string text = WriteRecipe(recipe);
  auto back = ParseRecipe(text);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(WriteRecipe(*back), text);
  EXPECT_EQ(back->layers.size(), 2U);
  EXPECT_EQ(back->layers[0].activation_bits, 6);
  EXPECT_FALSE(back->layers[1].alphabet.has_value());
  EXPECT_EQ(back->weights.bits, 6);
  EXPECT_EQ(back->mean, recipe.mean);
  EXPECT_FALSE(back->error_feedback);
  EXPECT_TRUE(back->symmetric_pairs);
}

TEST(Recipe, DepthwiseStartsFromTheOthers) {
  auto recipe = ParseRecipe("[weights]\nalphabet = \"apot\"\nbits = 4\n[depthwise]\nbits = 5\n");
  ASSERT_TRUE(recipe.ok());
  EXPECT_EQ(recipe->depthwise->alphabet, AlphabetKind::kApot);
  EXPECT_EQ(recipe->depthwise->bits, 5);
}

TEST(Recipe, RefusesWithTheLine) {
  const char* bad[] = {
      "activation-bits = \"four\"\n",
      "activaton-bits = 4\n",
      "[weights]\nalphabet = \"octal\"\n",
      "[weights]\nbits = 4.5\n",
      "weights = 4\n",
      "mean = [1, \"x\"]\n",
      "mean = []\n",
      "images = [\n",
      "[[layer]]\nalphabet = \"pot\"\n",
      "[layer]\npattern = \"x\"\n",
      "[[layer]]\npattern = \"x\"\nbits = 3\n",
  };
  for (const char* text : bad) {
    auto recipe = ParseRecipe(text);
    ASSERT_FALSE(recipe.ok()) << text;
    EXPECT_EQ(recipe.error().code, ErrorCode::kUsage);
    EXPECT_NE(recipe.error().message.find("line "), std::string::npos) << recipe.error().message;
  }
}

}  // namespace
}  // namespace potlut::quant
