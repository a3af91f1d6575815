// The distribution loss: what weights that lie on levels, with few distinct codes, are asked for
// besides the task.
#pragma once

#include "train/levels.h"

namespace potlut::train {

// Both terms of one layer and their gradients, by weight.
struct DistributionTerms {
  double bin = 0;   // sum over weights of the squared distance to the level, in half-widths of the
                    // level's cell
  double rate = 0;  // sum over codes of the cross entropy in bits
  at::Tensor bin_gradient, rate_gradient;  // [out][in][kernel_h][kernel_w], to real weights; rate's
                                           // undefined where not asked for
};

// bin: `((w - level) / half_width)^2`: pulls every weight to the middle of its cell, equally hard
// in narrow and wide ones, so that the rounding error shrinks and fewer weights change sides from
// step to step. rate: the soft assignment p(k) ~ exp(-((w - level_k) / (half_width *
// temperature))^2) over the nearest levels, against the code lengths -log2 histogram(k): moves
// weights that could as well lie on either side towards the more frequent code. weight and steps as
// for QuantiseWeights; `code_bits` [codes]: -log2 of the running histogram, or undefined: no rate
// term.
DistributionTerms DistributionLossOf(const at::Tensor& weight, const at::Tensor& steps,
                                     const Levels& levels, const at::Tensor& code_bits,
                                     double temperature);

}  // namespace potlut::train
