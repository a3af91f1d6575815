// A network with simulated quantisers whose integers are those of the program that is lowered from
// it.
//
// Post-training quantisation makes the first program: it decides structure, scales, alphabets and
// codes. Training then moves what the program's numbers are made from: real weights (which fall on
// levels), real biases, and log2 of scales (which fall on powers of two). Forward walks over the
// program's own nodes, in units of each tensor's scale, so that what is simulated is the program
// and not a likeness of it.
#pragma once

#include <memory>
#include <optional>

#include "base/progress.h"
#include "graph/graph.h"
#include "quant/quantize.h"
#include "train/network.h"

namespace potlut::train {

// The distribution loss: two terms over all weights of quantised layers (8-bit ones excepted).
struct DistributionLoss {
  double bin =
      0;  // weight of the mean squared distance to the level, in half-widths of the level's cell
  double rate = 0;  // weight of the cross entropy, in bits a weight, of a soft assignment against
                    // the layer's code histogram
  // Each term's weight rises linearly from 0 at `*_start` of the training to its value at `*_full`
  // (shares of the training).
  double bin_start = 0, bin_full = 0.5;
  double rate_start = 0, rate_full = 0.1;
  double temperature = 0.5;         // of the soft assignment, in half-widths of a cell
  double histogram_momentum = 0.9;  // of the running code histogram
};

struct QuantOptions {
  bool learn_weight_scales = true;
  bool learn_activation_scales = true;
  int64_t scale_interval =
      50;  // steps between looks at whether a scale has moved to another power of two
  double scale_hysteresis = 0.1;  // of log2, beyond the middle between two powers
  double gradient_scaling =
      0;  // element-wise gradient scaling (J. Lee et al., "Network Quantization with Element-wise
          // Gradient Scaling", 2021): gradients are multiplied by 1 + this * sign(g) * (w - level);
          // 0: plain straight-through
  double batch_statistics = 0;  // for this share of the training, convolutions' outputs are
                                // normalised by their batch's statistics (train/batch_scaling.h)
  DistributionLoss loss;
};

class QuantNetwork : public Network {
 public:
  // Quantises `graph` by `recipe` on the calibration images, then makes a network of it. Errors:
  // those of quant::Quantize.
  static Expected<std::unique_ptr<QuantNetwork>> Create(
      const graph::Graph& graph, const quant::Recipe& recipe, const quant::ImageSource& images,
      int64_t image_count, const QuantOptions& options, int threads, Progress* progress);

  // Moves to another recipe of the same structure (progressive bits: 8, 4, 3): the weights as they
  // are now are quantised anew. The set of parameters stays the same.
  virtual Status Requantise(const quant::Recipe& recipe, const quant::ImageSource& images,
                            int64_t image_count, int threads, Progress* progress) = 0;

  // The program that Forward simulates, valid and complete with metadata "recipe".
  virtual Expected<Program> Lower() = 0;
  // The float network (simplified: normalisation folded) with the real weights as they are now.
  virtual Expected<graph::Graph> Export() = 0;
  // Logits as the program's integers: what Forward gives, divided by the scale of the program's
  // output. [n][classes], float64.
  virtual at::Tensor Logits(const at::Tensor& pixels) = 0;
};

}  // namespace potlut::train
