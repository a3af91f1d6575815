// An autograd function over plain tensor operations: weights are few beside activations.
#include "train/weight_quantiser.h"

#include <cmath>

#include "train/autograd.h"

namespace potlut::train {
namespace {

constexpr double kLn2 = 0.69314718055994531;

class Function : public torch::autograd::Function<Function> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& weight,
                            const at::Tensor& log_scale, const at::Tensor& steps,
                            const Levels* levels, double gradient_scaling, int64_t type) {
    const at::Tensor units = ToUnits(weight, steps, levels->pairs());
    const at::Tensor level = levels->Values(levels->Nearest(units));
    const at::Tensor y = FromUnits(level, steps, weight.size(1), levels->pairs());
    ctx->save_for_backward({weight, steps, y});
    ctx->saved_data["scaling"] = gradient_scaling;
    ctx->saved_data["lowest"] = levels->lowest() - 0.5;
    ctx->saved_data["highest"] = levels->highest() + 0.5;
    ctx->saved_data["scale"] = log_scale.numel() > 0;
    return y.to(static_cast<at::ScalarType>(type));
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               const torch::autograd::tensor_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor& weight = saved[0];
    const at::Tensor& y = saved[2];
    const at::Tensor g = grads[0].to(at::kFloat);
    const at::Tensor step = saved[1].view({-1, 1, 1, 1});
    const at::Tensor units = weight / step;
    const at::Tensor inside = units.ge(ctx->saved_data["lowest"].toDouble())
                                  .logical_and_(units.le(ctx->saved_data["highest"].toDouble()));
    at::Tensor to_weight = g * inside;
    if (const double s = ctx->saved_data["scaling"].toDouble(); s != 0) {
      to_weight = to_weight * (1 + at::sign(g) * (units - y / step) * s);
    }
    at::Tensor to_scale;
    if (ctx->saved_data["scale"].toBool()) {
      const at::Tensor error = y - weight * inside;
      const at::Tensor dot = (g * error).sum({1, 2, 3});
      const at::Tensor length = at::sqrt((g * g).sum({1, 2, 3}) * (y * y).sum({1, 2, 3}));
      to_scale = dot / (length + 1e-20) * kLn2;
    }
    return {to_weight, to_scale, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor ToUnits(const at::Tensor& weight, const at::Tensor& steps, bool pairs) {
  at::Tensor units = (weight.detach() * at::reciprocal(steps).view({-1, 1, 1, 1}))
                         .permute({0, 2, 3, 1})
                         .contiguous();
  if (!pairs) return units;
  if (units.size(3) % 2 != 0) units = at::constant_pad_nd(units, {0, 1});
  return units.view({units.size(0), units.size(1), units.size(2), units.size(3) / 2, 2});
}

at::Tensor FromUnits(const at::Tensor& levels, const at::Tensor& steps, int64_t in, bool pairs) {
  at::Tensor flat = levels;
  if (pairs) flat = levels.flatten(3, 4).narrow(3, 0, in);
  return flat.permute({0, 3, 1, 2}) * steps.view({-1, 1, 1, 1});
}

at::Tensor QuantiseWeights(const at::Tensor& weight, const at::Tensor& log_scale,
                           const at::Tensor& steps, const Levels& levels, double gradient_scaling,
                           at::ScalarType type) {
  return Function::apply(weight, OrEmpty(log_scale, weight), steps, &levels, gradient_scaling,
                         static_cast<int64_t>(type));
}

}  // namespace potlut::train
