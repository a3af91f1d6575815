// Real weights to levels times powers of two, with straight-through gradients.
#pragma once

#include "train/levels.h"

namespace potlut::train {

// One layer's weights as they are laid out for quantisation: [out][kernel_h][kernel_w][in], in
// units of each output channel's scale; pairs as [out][kernel_h][kernel_w][ceil(in/2)][2], an odd
// count padded with a zero.
at::Tensor ToUnits(const at::Tensor& weight, const at::Tensor& steps, bool pairs);

// [out][kernel_h][kernel_w][in] levels (of ToUnits' shape) as real weights
// [out][in][kernel_h][kernel_w].
at::Tensor FromUnits(const at::Tensor& levels, const at::Tensor& steps, int64_t in, bool pairs);

// weight [out][in][kernel_h][kernel_w] (float32, learns); log_scale [out] (learns, may be
// undefined); steps [out] (float32: exactly the powers of two in force). Returns level * step,
// in `type`. Gradients: straight through within half a step of the outermost levels,
// scaled by 1 + gradient_scaling * sign(g) * (w - level) (Lee et al. 2021); log_scale gets the
// learned-step-size gradient (S. Esser et al., "Learned Step Size Quantization", 2020), divided by
// the lengths of the two vectors whose product it is, so that its size does not depend on the
// layer's.
at::Tensor QuantiseWeights(const at::Tensor& weight, const at::Tensor& log_scale,
                           const at::Tensor& steps, const Levels& levels, double gradient_scaling,
                           at::ScalarType type);

}  // namespace potlut::train
