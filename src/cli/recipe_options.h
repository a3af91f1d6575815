// The command line's way to say a recipe: a TOML file first, options over it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/preprocess.h"
#include "quant/quantize.h"

namespace potlut::cli {

struct RecipeOptions {
  std::string recipe;  // TOML file
  std::optional<std::string> alphabet;
  std::optional<int> weight_bits, activation_bits, max_fitted_level;
  std::string first, last, depthwise;  // KIND:BITS
  std::vector<std::string> layers;     // PATTERN=key=value,...
  bool per_layer_exponents = false;
  bool no_error_feedback = false, no_bias_correction = false, symmetric_pairs = false;
  std::optional<int64_t> images;
  NormalisationOptions normalisation;
};

void AddRecipe(CLI::App& command, RecipeOptions& options);

// Errors: kUsage naming the option; those of reading the recipe file.
Expected<quant::Recipe> ResolveRecipe(const RecipeOptions& options, std::optional<uint64_t> seed);

// "apot:4". Errors: kUsage naming `option`.
Expected<quant::WeightChoice> ParseWeightChoice(const std::string& text, const std::string& option);
// "features.*=alphabet=apot,bits=4,activation-bits=8,per-channel=false".
Expected<quant::LayerOverride> ParseLayerOverride(const std::string& text);

}  // namespace potlut::cli
