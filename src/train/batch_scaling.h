// Batch normalisation of a convolution whose normalisation is folded already.
//
// The program knows no normalisation: weights are w = v * gain / deviation and the bias is
// shift - mean * gain / deviation, as folding leaves them. While training, outputs are normalised
// by their batch's own statistics all the same, which keeps gradients of one size from layer to
// layer; running statistics stand in for the batch's in what is quantised (B. Jacob et al.,
// "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
// 2018, section 3.2; R. Krishnamoorthi, "Quantizing deep convolutional networks for efficient
// inference", 2018, section 3.2.1). Once frozen, the running statistics are constants.
#pragma once

#include <string>

#include "train/network.h"

namespace potlut::train {

class BatchScaling {
 public:
  // Factors of 1 and offsets of 0, until Start.
  explicit BatchScaling(int64_t channels);

  // Statistics of y, the convolution's output [n][c][h][w] without its bias, from which training
  // starts: gain and deviation are both y's, so that the factor is 1.
  void Start(const at::Tensor& y);

  // [c], float32, no gradient: what the weights are multiplied by; what goes off the bias.
  at::Tensor Factor() const;
  at::Tensor Offset() const;

  // gain * (y - mean) / deviation + shift by the batch's statistics, in y's type; the running ones
  // follow. `shift` [c] learns. `momentum`: how much of the new batch they take in.
  at::Tensor Normalise(const at::Tensor& y, const at::Tensor& shift, double momentum);

  void To(const at::Device& device);
  Parameter Gain(const std::string& layer) const;
  void AddState(const std::string& layer,
                std::vector<std::pair<std::string, at::Tensor>>& all) const;
  void Reset();  // as made

 private:
  at::Tensor Deviation() const;  // [c]

  at::Tensor gain_;             // [c], learns
  at::Tensor mean_, variance_;  // [c], of the output that v alone would give
};

}  // namespace potlut::train
