// Post-training quantisation: a float graph and some images in, an integer program out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "graph/graph.h"
#include "program/program.h"

namespace potlut::quant {

// Everything the user can say about one layer's weights.
struct WeightChoice {
  AlphabetKind alphabet = AlphabetKind::kPot;
  int bits = 4;
  bool per_channel = true;  // one exponent an output channel; false: one a layer
};

// Layers whose name matches the pattern (shell wildcards * ? [..]) differ in what is set.
struct LayerOverride {
  std::string pattern;
  std::optional<AlphabetKind> alphabet;
  std::optional<int> weight_bits;
  std::optional<bool> per_channel;
  std::optional<int> activation_bits;  // of what the layer reads
};

// A recipe: with the source model and the images it decides the result to the byte.
struct Recipe {
  WeightChoice weights;                                 // all layers but
  WeightChoice first{AlphabetKind::kUniform, 8, true};  // the first convolution,
  WeightChoice last{AlphabetKind::kUniform, 8, true};   // the last dense layer,
  std::optional<WeightChoice> depthwise;                // depthwise layers where set
  int activation_bits = 8;
  int max_fitted_level = 14;     // custom, pair: |level| at most
  bool symmetric_pairs = false;  // pair: the list holds the negative of each pair
  std::vector<LayerOverride> layers;
  int64_t images = 512;  // calibration images used, at most
  uint64_t seed = 1;     // which of them, where there are more
  // Normalisation of the image, in pixel units: x_real = (pixel - mean[c]) / stddev[c]; one value
  // or one a channel.
  std::vector<double> mean{0.0};
  std::vector<double> stddev{1.0};
  // Switches for comparison; all on gives the best result.
  bool error_feedback = true;
  bool bias_correction = true;
};

// Reads and writes recipes as TOML. Errors: kUsage naming key and line.
Expected<Recipe> ParseRecipe(const std::string& toml);
std::string WriteRecipe(const Recipe& recipe);

struct LayerReport {
  std::string name;
  std::string kind;      // "conv 3x3", "depthwise 3x3", "dense", ...
  std::string alphabet;  // "pot 4"
  int weight_bits = 0, activation_bits = 0;
  double bits_per_weight = 0;  // stage 1
  int64_t weights = 0;
  double range_lo = 0, range_hi = 0;  // real range of the layer's output on the calibration images
  double sqnr_db = 0;  // the layer's output against the float network's, both networks as they run
  double clipped = 0;  // share of output values that met the end of their type
  double entropy = 0;  // order-0, bits a code
};
struct Report {
  std::vector<LayerReport> layers;
  std::string recipe;  // resolved: what was stored in the program
};

// The i-th calibration image: raw HWC bytes of the graph's input shape. Thread safe.
using ImageSource = std::function<Expected<std::vector<uint8_t>>(int64_t)>;

// Errors: kUnsupported naming the node that has no integer meaning, and a remedy; kInterrupted
// where `progress` was cancelled; those of `images`. Memory does not grow with the number of
// images.
Expected<Program> Quantize(const graph::Graph& graph, const Recipe& recipe,
                           const ImageSource& images, int64_t image_count, int threads = 0,
                           Progress* progress = nullptr, Report* report = nullptr);

}  // namespace potlut::quant
