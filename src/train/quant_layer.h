// One convolution of a network with simulated quantisers: what learns, and what the program's
// numbers are made from it.
#pragma once

#include <optional>
#include <string>

#include "quant/layer.h"
#include "train/batch_scaling.h"
#include "train/distribution_loss.h"
#include "train/network.h"

namespace potlut::train {

class QuantLayer {
 public:
  struct Counts {                  // of one epoch
    double error = 0, energy = 0;  // squared: of rounding, of the weights
    int64_t codes = 0, moved = 0;
    double bits = 0;  // order-0 entropy times codes
  };

  // All zeros until Start.
  QuantLayer(std::string name, const graph::Conv& conv, int64_t in_per_group, bool per_channel);

  // From now on the outputs can be normalised by their batch's statistics (before Start).
  void KeepBatchStatistics() { scaling_.emplace(weight_.size(0)); }
  bool has_batch_statistics() const { return scaling_.has_value(); }
  // After Start: statistics of the outputs y, without their bias, that training starts from.
  void StartStatistics(const at::Tensor& y);
  // The outputs y, without their bias, as batch normalisation with the learned gain and bias.
  at::Tensor Normalise(const at::Tensor& y, double momentum) {
    return scaling_->Normalise(y, bias_, momentum);
  }

  // Starts from post-training quantisation: weights are the float ones, moved just so far that each
  // falls on the level that was chosen for it. `scaled` are the float ones as quant::ScaledWeights
  // gives them, `ratio` (same shape) what it multiplied the graph's weights by, `output_factor` the
  // part of each output channel's scale that is no power of two. Tensors stay the same ones.
  void Start(const quant::QuantisedLayer& layer, const std::vector<float>& scaled,
             const std::vector<float>& ratio, const std::vector<double>& output_factor);

  const std::string& name() const { return name_; }
  bool shaped() const {
    return alphabet_.bits < 8 || alphabet_.is_pair();
  }  // the distribution loss is for it
  int64_t weights() const { return weight_.numel(); }

  at::Tensor Weights(double gradient_scaling, bool learn_scales, at::ScalarType type) const;
  // The bias as the program's accumulator holds it, real, float64, with the gradient passed
  // through. `input_exponent`: of the convolution's input.
  at::Tensor Bias(int32_t input_exponent) const;

  // Follows the learned scales to other powers of two; exponents stay within [lowest, highest].
  // True where one moved.
  bool MoveScales(double hysteresis, int32_t lowest, int32_t highest);
  std::pair<int32_t, int32_t> ExponentRange() const;

  quant::QuantisedLayer Quantised() const;
  void Export(graph::Conv& conv) const;

  // -log2 of the running histogram of codes, which moves on by the codes as they are now.
  at::Tensor CodeBits(double momentum);
  DistributionTerms Loss(const at::Tensor& code_bits, double temperature) const;

  Counts TakeCounts();

  void To(const at::Device& device);
  void AddParameters(std::vector<Parameter>& all, bool learn_scales) const;
  void AddState(std::vector<std::pair<std::string, at::Tensor>>& all) const;
  void StateLoaded();

  // Real weights as they are quantised: folded.
  at::Tensor weight() const;

 private:
  at::Tensor FoldedBias() const;
  at::Tensor Codes() const;
  void SetSteps();

  std::string name_;
  bool per_channel_;
  Alphabet alphabet_;
  Levels levels_;
  at::Tensor weight_;  // [out][in][kernel_h][kernel_w], in units of the plan's scales
  at::Tensor bias_;    // [out]
  std::optional<BatchScaling> scaling_;  // what folds into both
  at::Tensor log_scale_;                 // [out], log2 of each channel's scale before it is rounded
  at::Tensor exponents_;                 // [out] float, the powers of two in force
  at::Tensor steps_;                     // [out] float, 2^exponents
  at::Tensor histogram_;                 // [256] float, running shares of codes
  at::Tensor last_codes_;                // uint8, at the start of the epoch
  at::Tensor
      stored_;  // [515] int32: kind, bits, number of levels, levels: the alphabet, for checkpoints
  std::vector<float> ratio_;
  std::vector<double> output_factor_;
};

}  // namespace potlut::train
