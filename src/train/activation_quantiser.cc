// The autograd function: one pass over memory on the CPU, tensor operations on other devices and in
// double.
#include "train/activation_quantiser.h"

#include <cmath>

#include "train/activation_kernels.h"
#include "train/autograd.h"

namespace potlut::train {
namespace {

constexpr double kLn2 = 0.69314718055994531;

struct Operands {
  at::Tensor x, other, bias;
};

bool Fast(const Operands& in) {
  const auto fits = [&](const at::Tensor& t) {
    return t.is_cpu() && t.scalar_type() == in.x.scalar_type() &&
           t.is_contiguous(at::MemoryFormat::ChannelsLast);
  };
  if (in.x.scalar_type() != at::kFloat && in.x.scalar_type() != at::kBFloat16) return false;
  return in.x.dim() == 4 && fits(in.x) && (!in.other.defined() || fits(in.other));
}

at::Tensor Sum(const Operands& in) {
  at::Tensor sum = in.x.scalar_type() == at::kDouble ? in.x : in.x.to(at::kFloat);
  if (in.other.defined()) sum = sum + in.other;
  if (in.bias.defined()) sum = sum + in.bias.to(sum.scalar_type()).view({1, -1, 1, 1});
  return sum;
}

at::Tensor Forward(const Operands& in, const ActivationGrid& grid) {
  if (Fast(in)) {
    at::Tensor y = at::empty_like(in.x);
    QuantiseRows(in.x, in.other, in.bias, grid, y);
    return y;
  }
  const at::Tensor q =
      at::clamp(at::floor(Sum(in) * (grid.ratio / grid.step) + 0.5), grid.lo, grid.hi);
  return (q * grid.step).to(in.x.scalar_type());
}

// Gradients to x and, summed, to the step.
void Backward(const Operands& in, const ActivationGrid& grid, const at::Tensor& g, at::Tensor& to_x,
              StepGradient& step) {
  if (Fast(in)) {
    const at::Tensor gradient = g.to(in.x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    to_x = at::empty_like(gradient, at::MemoryFormat::ChannelsLast);
    BackwardRows(in.x, in.other, in.bias, grid, gradient, to_x, step);
    return;
  }
  const at::Tensor sum = Sum(in) * grid.ratio;
  const at::Tensor units = sum * (1 / grid.step) + 0.5;
  const at::Tensor below = units.lt(grid.lo), above = units.ge(grid.hi + 1.0);
  const at::Tensor inside = below.logical_or(above).logical_not();
  to_x = (g * inside * grid.ratio).to(g.scalar_type());
  const at::Tensor y = at::clamp(at::floor(units), grid.lo, grid.hi) * grid.step;
  at::Tensor error = y - sum * inside;
  if (!grid.lo_moves) error = error * below.logical_not();
  if (!grid.hi_moves) error = error * above.logical_not();
  step.dot = (g * error).sum().item<double>();
  step.gradient_squared = (g * g).sum().item<double>();
  step.output_squared = (y * y).sum().item<double>();
}

class Function : public torch::autograd::Function<Function> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x,
                            const at::Tensor& other, const at::Tensor& bias,
                            const at::Tensor& log_step, double step, double ratio, int64_t lo,
                            int64_t hi, int64_t moves) {
    ctx->save_for_backward({x, other, bias, log_step});
    ctx->saved_data["step"] = step;
    ctx->saved_data["ratio"] = ratio;
    ctx->saved_data["lo"] = lo;
    ctx->saved_data["hi"] = hi;
    ctx->saved_data["moves"] = moves;
    return Forward({x, OrUndefined(other), OrUndefined(bias)}, Grid(step, ratio, lo, hi, moves));
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               const torch::autograd::tensor_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Operands in{saved[0], OrUndefined(saved[1]), OrUndefined(saved[2])};
    const ActivationGrid grid =
        Grid(ctx->saved_data["step"].toDouble(), ctx->saved_data["ratio"].toDouble(),
             ctx->saved_data["lo"].toInt(), ctx->saved_data["hi"].toInt(),
             ctx->saved_data["moves"].toInt());
    at::Tensor to_x, to_bias, to_step;
    StepGradient step;
    Backward(in, grid, grads[0], to_x, step);
    if (in.bias.defined()) to_bias = to_x.sum({0, 2, 3}, false, at::kFloat);
    if (saved[3].numel() > 0) {
      const double length = std::sqrt(step.gradient_squared * step.output_squared);
      to_step = at::full_like(saved[3], step.dot / (length + 1e-30) * kLn2);
    }
    return {to_x,    in.other.defined() ? to_x.to(in.other.scalar_type()) : at::Tensor(),
            to_bias, to_step, {}, {}, {}, {}, {}};
  }

 private:
  static ActivationGrid Grid(double step, double ratio, int64_t lo, int64_t hi, int64_t moves) {
    return {step,
            ratio,
            static_cast<int32_t>(lo),
            static_cast<int32_t>(hi),
            (moves & 1) != 0,
            (moves & 2) != 0};
  }
};

}  // namespace

at::Tensor QuantiseActivation(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                              const at::Tensor& log_step, const ActivationGrid& grid) {
  const int64_t moves = (grid.lo_moves ? 1 : 0) + (grid.hi_moves ? 2 : 0);
  return Function::apply(x, OrEmpty(other, x), OrEmpty(bias, x), OrEmpty(log_step, x), grid.step,
                         grid.ratio, int64_t{grid.lo}, int64_t{grid.hi}, moves);
}

}  // namespace potlut::train
