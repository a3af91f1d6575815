// Each operator computes its exact real result and rounds it as the program does.
#include "train/program_ops.h"

#include <cmath>

#include "train/autograd.h"

namespace potlut::train {
namespace {

double StepOf(const Tensor& t) { return std::ldexp(1.0, t.exponent); }

// Entries by index, with the slope as gradient.
class LookUp : public torch::autograd::Function<LookUp> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x,
                            const at::Tensor& values, const at::Tensor& slopes, double step,
                            int64_t lo) {
    at::Tensor index = at::round(x.to(at::kFloat) * (1 / step) - lo).to(at::kLong);
    if (values.size(0) > 1) {  // a table a channel
      index =
          index + at::arange(values.size(0), index.options()).view({1, -1, 1, 1}) * values.size(1);
    }
    ctx->save_for_backward({index, slopes});
    return Gather(values, index).to(x.scalar_type());
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx,
                                               const torch::autograd::tensor_list& grads) {
    const auto saved = ctx->get_saved_variables();
    return {grads[0] * Gather(saved[1], saved[0]).to(grads[0].scalar_type()), {}, {}, {}, {}};
  }
  static at::Tensor Gather(const at::Tensor& table, const at::Tensor& index) {
    return at::take(table, index);
  }
};

at::Tensor Pool(const at::Tensor& x, const Window& w, double pad) {
  if (w.pad_top + w.pad_left + w.pad_bottom + w.pad_right == 0) return x;
  return at::constant_pad_nd(x, {w.pad_left, w.pad_right, w.pad_top, w.pad_bottom}, pad);
}

struct Simulate {
  const std::vector<at::Tensor>& in;
  const std::vector<const Tensor*>& from;
  const Tensor& out;
  const at::Tensor& log_step;
  const TableSimulation* table;

  at::Tensor Rounded(const at::Tensor& x, int32_t lo, int32_t hi) const {
    if (out.type.wide()) return x;
    return QuantiseActivation(x, {}, {}, log_step, GridOf(out, lo, hi));
  }
  at::ScalarType Wide() const {
    return in[0].scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  }

  at::Tensor operator()(const ConvOp&) const { return {}; }
  at::Tensor operator()(const ArgMaxOp&) const { return {}; }
  at::Tensor operator()(const AddOp& op) const {
    if (in[1].sizes() != in[0].sizes())
      return Rounded(in[0].to(Wide()) + in[1].to(Wide()), op.lo, op.hi).to(in[0].scalar_type());
    return QuantiseActivation(in[0], in[1], {}, log_step, GridOf(out, op.lo, op.hi));
  }
  at::Tensor operator()(const MulOp& op) const {
    return Rounded(in[0].to(Wide()) * in[1].to(Wide()), op.lo, op.hi).to(in[0].scalar_type());
  }
  at::Tensor operator()(const MaxPoolOp& op) const {
    const Window& w = op.window;
    return at::max_pool2d(Pool(in[0], w, -INFINITY), {w.kernel_h, w.kernel_w},
                          {w.stride_h, w.stride_w});
  }
  at::Tensor operator()(const MeanOp& op) const {
    const Window& w = op.window;
    const at::Tensor x = in[0].to(Wide());
    const bool whole = w.kernel_h == x.size(2) && w.kernel_w == x.size(3) &&
                       w.pad_top + w.pad_left + w.pad_bottom + w.pad_right == 0;
    // Sums and not means: multiples of the input's step, exact.
    const at::Tensor sum = whole ? x.sum({2, 3}, true)
                                 : at::avg_pool2d(Pool(x, w, 0), {w.kernel_h, w.kernel_w},
                                                  {w.stride_h, w.stride_w}, 0, false, true, 1);
    const double scale = std::ldexp(1.0, out.exponent - op.shift - from[0]->exponent);
    return Rounded(sum * scale, op.lo, op.hi).to(in[0].scalar_type());
  }
  at::Tensor operator()(const LookupOp&) const {
    if (!table->linear)
      return LookUp::apply(in[0], table->values, table->slopes, StepOf(*from[0]),
                           int64_t{from[0]->type.lo()});
    ActivationGrid grid = GridOf(out, out.type.lo(), out.type.hi());
    grid.ratio = table->ratio;
    return QuantiseActivation(in[0], {}, {}, log_step, grid);
  }
  at::Tensor operator()(const ReshapeOp&) const {
    const Dims& d = out.dims;
    return in[0]
        .permute({0, 2, 3, 1})
        .reshape({in[0].size(0), d.h, d.w, d.c})
        .permute({0, 3, 1, 2});
  }
  at::Tensor operator()(const ConcatOp&) const { return at::cat(in, 1); }
  at::Tensor operator()(const SliceOp& op) const {
    const int64_t count[3] = {out.dims.h, out.dims.w, out.dims.c};
    constexpr int64_t kDimension[3] = {2, 3, 1};
    at::Tensor x = in[0];
    for (int d = 0; d < 3; ++d) {
      x = at::slice(x, kDimension[d], op.start[d], op.start[d] + (count[d] - 1) * op.step[d] + 1,
                    op.step[d]);
    }
    return x;
  }
  at::Tensor operator()(const ShuffleOp& op) const {
    const at::Tensor& x = in[0];
    return x.reshape({x.size(0), op.groups, x.size(1) / op.groups, x.size(2), x.size(3)})
        .transpose(1, 2)
        .reshape(x.sizes());
  }
  at::Tensor operator()(const PadOp& op) const {
    return at::constant_pad_nd(
        in[0], {op.before[1], op.after[1], op.before[0], op.after[0], op.before[2], op.after[2]},
        0);
  }
  at::Tensor operator()(const ResizeOp& op) const {
    return at::upsample_nearest2d(in[0], {in[0].size(2) * op.scale_h, in[0].size(3) * op.scale_w});
  }
};

// Whether multiplying by `ratio`, rounding and clipping gives the table's entries, in float32 and
// in float64.
bool IsLinear(const LookupOp& op, const Tensor& in, const Tensor& out, double ratio) {
  const double step = StepOf(out), from = StepOf(in);
  for (size_t i = 0; i < op.table.size(); ++i) {
    const double x = (in.type.lo() + static_cast<double>(i)) * from;
    const double wide = std::floor(x * (ratio / step) + 0.5);
    const float narrow =
        std::floor(static_cast<float>(x) * static_cast<float>(ratio / step) + 0.5F);
    const auto clamp = [&](double v) {
      return std::min<double>(std::max<double>(v, out.type.lo()), out.type.hi());
    };
    if (clamp(wide) != op.table[i] || clamp(narrow) != op.table[i]) return false;
  }
  return true;
}

}  // namespace

ActivationGrid GridOf(const Tensor& output, int32_t lo, int32_t hi) {
  return {StepOf(output), 1, lo, hi, lo == output.type.lo(), hi == output.type.hi()};
}

TableSimulation SimulateTable(const LookupOp& op, const Tensor& in, const Tensor& out,
                              const std::vector<double>& unrounded) {
  TableSimulation table;
  const int64_t entries = int64_t{in.type.hi()} - in.type.lo() + 1;
  if (!op.per_channel && in.type.hi() > 0) {
    const double ratio = unrounded[static_cast<size_t>(entries - 1)] / (in.type.hi() * StepOf(in));
    table.linear = ratio > 0 && IsLinear(op, in, out, ratio);
    table.ratio = ratio;
  }
  const auto tables = static_cast<int64_t>(op.table.size()) / entries;
  table.values = at::empty({tables, entries}, at::kDouble);
  table.slopes = at::zeros({tables, entries}, at::kDouble);
  double* values = table.values.data_ptr<double>();
  double* slopes = table.slopes.data_ptr<double>();
  const double lowest = (out.type.lo() - 0.5) * StepOf(out),
               highest = (out.type.hi() + 0.5) * StepOf(out);
  for (int64_t t = 0; t < tables; ++t) {
    const double* real = unrounded.data() + t * entries;
    for (int64_t i = 0; i < entries; ++i) {
      values[t * entries + i] = op.table[static_cast<size_t>(t * entries + i)] * StepOf(out);
      const int64_t below = std::max<int64_t>(i - 1, 0), above = std::min(i + 1, entries - 1);
      if (real[i] < lowest || real[i] > highest || above == below) continue;
      slopes[t * entries + i] =
          (real[above] - real[below]) / (static_cast<double>(above - below) * StepOf(in));
    }
  }
  return table;
}

at::Tensor LookUpImage(const TableSimulation& table, const at::Tensor& pixels,
                       at::ScalarType type) {
  at::Tensor index = pixels.to(at::kLong);
  if (table.values.size(0) > 1) {
    index = index + at::arange(table.values.size(0), index.options()).view({1, -1, 1, 1}) *
                        table.values.size(1);
  }
  return at::take(table.values.to(type), index.contiguous(at::MemoryFormat::ChannelsLast));
}

at::Tensor SimulateOp(const Op& op, const std::vector<at::Tensor>& inputs,
                      const std::vector<const Tensor*>& input_tensors, const Tensor& output,
                      const at::Tensor& log_step, const TableSimulation* table) {
  return std::visit(Simulate{inputs, input_tensors, output, log_step, table}, op);
}

}  // namespace potlut::train
