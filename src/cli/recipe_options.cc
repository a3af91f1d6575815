// Everything is checked here, before a long run begins.
#include "cli/recipe_options.h"

#include <charconv>

#include "base/file.h"
#include "base/text.h"
#include "cli/shell.h"

namespace potlut::cli {
namespace {

constexpr size_t kMaxRecipeBytes = size_t{1} << 20;

std::optional<int> ParseInt(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Expected<AlphabetKind> ParseKind(std::string_view text, const std::string& option) {
  auto kind = ParseAlphabetKind(text);
  if (!kind)
    return UsageError(option, ": '", text,
                      "' is no alphabet; pot, apot, uniform, custom and pair are");
  return *kind;
}

// The bits that numerics.md allows.
Status CheckBits(const quant::WeightChoice& choice, const std::string& option) {
  int lo = 2, hi = 5;
  bool good = true;
  switch (choice.alphabet) {
    case AlphabetKind::kPot:
      hi = 4;
      break;
    case AlphabetKind::kApot:
      lo = 3;
      break;
    case AlphabetKind::kUniform:
      good = choice.bits == 8;
      break;
    case AlphabetKind::kCustom:
      break;
    case AlphabetKind::kPair:
      lo = 5;
      hi = 8;
      break;
  }
  if ((choice.bits >= lo && choice.bits <= hi) ||
      (choice.alphabet == AlphabetKind::kUniform && good))
    return {};
  return UsageError(option, ": ", AlphabetName(choice.alphabet), " has ", lo, " to ", hi,
                    choice.alphabet == AlphabetKind::kUniform ? " or 8" : "", " bits, not ",
                    choice.bits);
}

Status CheckActivationBits(int bits, const std::string& option) {
  if (bits >= 2 && bits <= 8) return {};
  return UsageError(option, ": activations have 2 to 8 bits, not ", bits);
}

// Sets one "key=value" of --layer.
Status SetOverride(std::string_view item, quant::LayerOverride& layer) {
  const std::string option = Cat("--layer '", layer.pattern, "'");
  const size_t equals = item.find('=');
  const std::string_view key = item.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : item.substr(equals + 1);
  const auto number = ParseInt(value);
  if (key == "alphabet") {
    POTLUT_ASSIGN_OR_RETURN(layer.alphabet, ParseKind(value, option));
  } else if (key == "bits" && number) {
    layer.weight_bits = *number;
  } else if (key == "activation-bits" && number) {
    POTLUT_RETURN_IF_ERROR(CheckActivationBits(*number, option));
    layer.activation_bits = *number;
  } else if (key == "per-channel" && (value == "true" || value == "false")) {
    layer.per_channel = value == "true";
  } else {
    return UsageError(option, ": '", item,
                      "' is not understood; wanted are alphabet=KIND, bits=N, ",
                      "activation-bits=N, per-channel=true|false, parted by commas");
  }
  return {};
}

}  // namespace

void AddRecipe(CLI::App& command, RecipeOptions& options) {
  command
      .add_option("--recipe", options.recipe,
                  "TOML file that says all of this; options override it")
      ->type_name("FILE");
  const std::string weights = "Weights and activations";
  const auto add = [&](const char* name, auto& target, const char* help, const char* type) {
    command.add_option(name, target, help)->type_name(type)->group(weights);
  };
  add("--alphabet", options.alphabet, "pot (default), apot, uniform, custom or pair", "KIND");
  add("--weight-bits", options.weight_bits, "bits of a code (4; 6 for pair, a pair)", "N");
  add("--activation-bits", options.activation_bits, "2 to 8 (8)", "N");
  add("--first", options.first, "the first convolution (uniform:8)", "KIND:BITS");
  add("--last", options.last, "the last dense layer (uniform:8)", "KIND:BITS");
  add("--depthwise", options.depthwise, "depthwise layers (as all others)", "KIND:BITS");
  command
      .add_option("--layer", options.layers,
                  "layers by name, say 'layer3.*=alphabet=apot,bits=4' (repeatable)")
      ->type_name("PATTERN=...")
      ->expected(1)
      ->take_all()
      ->group(weights);
  command
      .add_flag("--per-layer-exponents", options.per_layer_exponents,
                "one exponent a layer, not one a channel")
      ->group(weights);
  add("--max-fitted-level", options.max_fitted_level, "largest level of custom and pair (14)", "N");
  command
      .add_flag("--symmetric-pairs", options.symmetric_pairs,
                "pair: with each pair its negative, for half tables")
      ->group(weights);
  command
      .add_flag("--no-error-feedback", options.no_error_feedback,
                "round to nearest (for comparison)")
      ->group(weights);
  command
      .add_flag("--no-bias-correction", options.no_bias_correction, "keep biases (for comparison)")
      ->group(weights);
  command
      .add_option("--images", options.images,
                  Cat("calibration images, at most (", quant::Recipe().images, ")"))
      ->type_name("N")
      ->check(Within(int64_t{1}, int64_t{1} << 40));
  AddNormalisation(command, options.normalisation);
}

Expected<quant::WeightChoice> ParseWeightChoice(const std::string& text,
                                                const std::string& option) {
  const size_t colon = text.find(':');
  const auto bits = colon == std::string::npos ? std::nullopt
                                               : ParseInt(std::string_view(text).substr(colon + 1));
  if (!bits) return UsageError(option, " '", text, "': wanted is KIND:BITS, say apot:4");
  quant::WeightChoice choice;
  POTLUT_ASSIGN_OR_RETURN(choice.alphabet,
                          ParseKind(std::string_view(text).substr(0, colon), option));
  choice.bits = *bits;
  POTLUT_RETURN_IF_ERROR(CheckBits(choice, option));
  return choice;
}

Expected<quant::LayerOverride> ParseLayerOverride(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return UsageError("--layer '", text, "': wanted is PATTERN=key=value,...");
  }
  quant::LayerOverride layer;
  layer.pattern = text.substr(0, equals);
  std::string_view rest = std::string_view(text).substr(equals + 1);
  while (true) {
    const size_t comma = rest.find(',');
    POTLUT_RETURN_IF_ERROR(SetOverride(rest.substr(0, comma), layer));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (layer.alphabet && layer.weight_bits) {
    POTLUT_RETURN_IF_ERROR(
        CheckBits({*layer.alphabet, *layer.weight_bits, true}, Cat("--layer '", text, "'")));
  }
  return layer;
}

Expected<quant::Recipe> ResolveRecipe(const RecipeOptions& options, std::optional<uint64_t> seed) {
  quant::Recipe recipe;
  bool normalised = false;
  if (!options.recipe.empty()) {
    POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(options.recipe, kMaxRecipeBytes));
    const std::string text(bytes.begin(), bytes.end());
    auto parsed = quant::ParseRecipe(text);
    if (!parsed)
      return Error{parsed.error().code, Cat(options.recipe, ": ", parsed.error().message)};
    recipe = std::move(*parsed);
    normalised = TomlSets(text, "mean") && TomlSets(text, "std");
  }
  if (options.alphabet) {
    POTLUT_ASSIGN_OR_RETURN(recipe.weights.alphabet, ParseKind(*options.alphabet, "--alphabet"));
    if (!options.weight_bits)
      recipe.weights.bits = recipe.weights.alphabet == AlphabetKind::kPair ? 6 : 4;
  }
  if (options.weight_bits) recipe.weights.bits = *options.weight_bits;
  if (options.alphabet || options.weight_bits) {
    POTLUT_RETURN_IF_ERROR(CheckBits(recipe.weights, "--weight-bits"));
  }
  if (options.activation_bits) {
    POTLUT_RETURN_IF_ERROR(CheckActivationBits(*options.activation_bits, "--activation-bits"));
    recipe.activation_bits = *options.activation_bits;
  }
  if (options.max_fitted_level) {
    const int level = *options.max_fitted_level;
    if (level < 1 || level > 127)
      return UsageError("--max-fitted-level: levels go up to 1 to 127, not ", level);
    recipe.max_fitted_level = level;
  }
  if (options.symmetric_pairs) recipe.symmetric_pairs = true;
  if (!options.first.empty()) {
    POTLUT_ASSIGN_OR_RETURN(recipe.first, ParseWeightChoice(options.first, "--first"));
  }
  if (!options.last.empty()) {
    POTLUT_ASSIGN_OR_RETURN(recipe.last, ParseWeightChoice(options.last, "--last"));
  }
  if (!options.depthwise.empty()) {
    POTLUT_ASSIGN_OR_RETURN(recipe.depthwise, ParseWeightChoice(options.depthwise, "--depthwise"));
  }
  for (const std::string& text : options.layers) {
    POTLUT_ASSIGN_OR_RETURN(quant::LayerOverride layer, ParseLayerOverride(text));
    recipe.layers.push_back(std::move(layer));
  }
  if (options.per_layer_exponents) {
    recipe.weights.per_channel = recipe.first.per_channel = recipe.last.per_channel = false;
    if (recipe.depthwise) recipe.depthwise->per_channel = false;
  }
  if (options.no_error_feedback) recipe.error_feedback = false;
  if (options.no_bias_correction) recipe.bias_correction = false;
  if (options.images) recipe.images = *options.images;
  if (seed) recipe.seed = *seed;
  POTLUT_ASSIGN_OR_RETURN(const auto normalisation, ResolveNormalisation(options.normalisation));
  if (normalisation) {
    recipe.mean = normalisation->mean;
    recipe.stddev = normalisation->stddev;
  } else if (normalised) {
    POTLUT_ASSIGN_OR_RETURN(const Normalisation own,
                            MakeNormalisation(recipe.mean, recipe.stddev, options.recipe));
    recipe.mean = own.mean;
    recipe.stddev = own.stddev;
  } else {
    return UsageError(NormalisationRemedy());
  }
  return recipe;
}

}  // namespace potlut::cli
