// Each operator as graph/executor_plain defines it.
#include "train/graph_ops.h"

#include <limits>

namespace potlut::train {
namespace {

using Tensors = std::vector<at::Tensor>;

at::Tensor PerChannel(const std::vector<float>& values, const at::Tensor& like) {
  at::Tensor t = at::empty({1, static_cast<int64_t>(values.size()), 1, 1}, at::kFloat);
  std::copy(values.begin(), values.end(), t.data_ptr<float>());
  return t.to(like.device(), like.scalar_type());
}

at::Tensor Activate(const graph::Activation& a, const at::Tensor& x, bool in_place) {
  using graph::Function;
  switch (a.function) {
    case Function::kRelu:
      return in_place ? at::relu_(const_cast<at::Tensor&>(x)) : at::relu(x);
    case Function::kClip:
      return at::clamp(x, a.a, a.b);
    case Function::kLeakyRelu:
      return at::leaky_relu(x, a.a);
    case Function::kPRelu:
      return at::where(x < 0, x * PerChannel(a.slope, x), x);
    case Function::kHardSigmoid:
      return at::clamp(x * a.a + a.b, 0, 1);
    case Function::kHardSwish:
      return x * at::clamp(x * (1.0 / 6) + 0.5, 0, 1);
    case Function::kSigmoid:
      return at::sigmoid(x);
    case Function::kTanh:
      return at::tanh(x);
    case Function::kErf:
      return at::erf(x);
    case Function::kGelu:
      return x * 0.5 * (1 + at::erf(x * 0.70710678118654752));
    case Function::kGeluTanh:
      return x * 0.5 * (1 + at::tanh((x + x * x * x * 0.044715) * 0.79788456080286536));
    case Function::kSilu:
      return at::silu(x);
    case Function::kElu:
      return at::elu(x, a.a);
    case Function::kSoftplus:
      return at::softplus(x);
    case Function::kExp:
      return at::exp(x);
    case Function::kSqrt:
      return at::sqrt(x);
    case Function::kAbs:
      return at::abs(x);
    case Function::kNeg:
      return at::neg(x);
    case Function::kReciprocal:
      return at::reciprocal(x);
  }
  return x;
}

at::Tensor MaxPool(const graph::Window& w, const at::Tensor& x) {
  const Padded p = PadUneven(x, w, -std::numeric_limits<double>::infinity());
  return at::max_pool2d(p.x, {w.kernel_h, w.kernel_w}, {w.stride_h, w.stride_w}, p.pad,
                        {w.dilation_h, w.dilation_w});
}

at::Tensor AvgPool(const graph::AvgPool& op, const at::Tensor& x) {
  const graph::Window& w = op.window;
  if (w.kernel_h == x.size(2) && w.kernel_w == x.size(3) &&
      w.pad_top + w.pad_left + w.pad_bottom + w.pad_right == 0) {
    return at::mean(x, {2, 3}, true);
  }
  const Padded p = PadUneven(x, w, 0);
  const at::Tensor mean =
      at::avg_pool2d(p.x, {w.kernel_h, w.kernel_w}, {w.stride_h, w.stride_w}, p.pad, false, true);
  if (op.count_include_pad) return mean;
  // The share of each window that lies on the map.
  const Padded ones = PadUneven(at::ones({1, 1, x.size(2), x.size(3)}, x.options()), w, 0);
  return mean / at::avg_pool2d(ones.x, {w.kernel_h, w.kernel_w}, {w.stride_h, w.stride_w}, ones.pad,
                               false, true);
}

at::Tensor Lrn(const graph::Lrn& op, const at::Tensor& x) {
  const int64_t before = (op.size - 1) / 2;
  const at::Tensor padded =
      at::constant_pad_nd(x * x, {0, 0, 0, 0, before, op.size - 1 - before}, 0);
  at::Tensor sum = padded.narrow(1, 0, x.size(1));
  for (int64_t i = 1; i < op.size; ++i) sum = sum + padded.narrow(1, i, x.size(1));
  return x / at::pow(sum * (op.alpha / static_cast<double>(op.size)) + op.bias, op.beta);
}

struct Apply {
  const Tensors& in;
  const graph::Shape& shape;
  bool in_place;

  at::Tensor operator()(const graph::Affine& op) const {
    return in[0] * PerChannel(op.scale, in[0]) + PerChannel(op.shift, in[0]);
  }
  at::Tensor operator()(const graph::Activation& op) const { return Activate(op, in[0], in_place); }
  at::Tensor operator()(const graph::Add& op) const {
    return op.subtract ? in[0] - in[1] : in[0] + in[1];
  }
  at::Tensor operator()(const graph::Mul&) const { return in[0] * in[1]; }
  at::Tensor operator()(const graph::MaxPool& op) const { return MaxPool(op.window, in[0]); }
  at::Tensor operator()(const graph::AvgPool& op) const { return AvgPool(op, in[0]); }
  at::Tensor operator()(const graph::Concat&) const { return at::cat(in, 1); }
  at::Tensor operator()(const graph::Flatten& op) const {
    const at::Tensor x =
        op.order == graph::Flatten::Order::kChw ? in[0] : in[0].permute({0, 2, 3, 1});
    return x.reshape({x.size(0), -1, 1, 1});
  }
  at::Tensor operator()(const graph::Pad& op) const {
    return at::constant_pad_nd(
        in[0], {op.before[2], op.after[2], op.before[1], op.after[1], op.before[0], op.after[0]},
        op.value);
  }
  at::Tensor operator()(const graph::Slice& op) const {
    const int64_t count[3] = {shape.c, shape.h, shape.w};
    at::Tensor x = in[0];
    for (int64_t d = 0; d < 3; ++d) {
      x = at::slice(x, d + 1, op.start[d], op.start[d] + (count[d] - 1) * op.step[d] + 1,
                    op.step[d]);
    }
    return x;
  }
  at::Tensor operator()(const graph::Shuffle& op) const {
    const at::Tensor& x = in[0];
    return x.reshape({x.size(0), op.groups, x.size(1) / op.groups, x.size(2), x.size(3)})
        .transpose(1, 2)
        .reshape(x.sizes());
  }
  at::Tensor operator()(const graph::Resize& op) const {
    return at::upsample_nearest2d(in[0], {in[0].size(2) * op.scale_h, in[0].size(3) * op.scale_w});
  }
  at::Tensor operator()(const graph::Lrn& op) const { return Lrn(op, in[0]); }
  at::Tensor operator()(const graph::Softmax&) const { return at::softmax(in[0], 1); }
  at::Tensor operator()(const graph::Input&) const { return {}; }
  at::Tensor operator()(const graph::Conv&) const { return {}; }
  at::Tensor operator()(const graph::ArgMax&) const { return {}; }
};

}  // namespace

Padded PadUneven(const at::Tensor& x, const graph::Window& w, double value) {
  if (w.pad_top == w.pad_bottom && w.pad_left == w.pad_right) return {x, {w.pad_top, w.pad_left}};
  return {at::constant_pad_nd(x, {w.pad_left, w.pad_right, w.pad_top, w.pad_bottom}, value),
          {0, 0}};
}

at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    const graph::Window& w, int64_t groups) {
  const Padded p = PadUneven(x, w, 0);
  // An undefined tensor is no bias. (The optional's type differs between LibTorch 1 and 2.)
  return at::conv2d(p.x, weight, bias, {w.stride_h, w.stride_w}, p.pad,
                    {w.dilation_h, w.dilation_w}, groups);
}

at::Tensor ApplyOp(const graph::Op& op, const std::vector<at::Tensor>& inputs,
                   const graph::Shape& shape, bool in_place) {
  return std::visit(Apply{inputs, shape, in_place}, op);
}

}  // namespace potlut::train
