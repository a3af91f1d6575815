// Operators that compute: add, multiply, pools, argmax. Work is shared by pixels or rows
// of the output, which the functions of the tables need not know.
#include <cstring>
#include <string>
#include <vector>

#include "engine/kernel_factory.h"
#include "engine/share.h"

namespace potlut {
namespace {

class BinaryKernel : public Kernel {
 public:
  using Fn = decltype(KernelTable::add);
  BinaryKernel(const NodeView& view, Fn fn, std::string name, int32_t shift, int32_t lo, int32_t hi)
      : fn_(fn), name_(std::move(name)) {
    const Dims a = view.input(0).dims, b = view.input(1).dims;
    params_.pixels = int64_t{a.h} * a.w;
    params_.channels = a.c;
    params_.spread_b = !(a == b);
    params_.a_signed = view.input(0).type.is_signed;
    params_.b_signed = view.input(1).type.is_signed;
    params_.wide = view.output().type.wide();
    params_.shift = shift;
    params_.lo = lo;
    params_.hi = hi;
  }
  void SetInputShifts(int32_t a, int32_t b) {
    params_.shift_a = a;
    params_.shift_b = b;
  }
  void Run(const void* const* inputs, void* const* outputs, void*, Share share) const override {
    const Range range = PartOf(params_.pixels, share);
    if (range.empty()) return;
    BinaryParams p = params_;
    p.pixels = range.count();
    const int64_t skip = range.begin * p.channels;
    fn_(p, static_cast<const uint8_t*>(inputs[0]) + skip,
        static_cast<const uint8_t*>(inputs[1]) + (p.spread_b ? 0 : skip),
        static_cast<uint8_t*>(outputs[0]) + skip * (p.wide ? 4 : 1));
  }
  std::string_view name() const override { return name_; }

 private:
  Fn fn_;
  std::string name_;
  BinaryParams params_{};
};

class PoolKernel : public Kernel {
 public:
  using Fn = decltype(KernelTable::mean);
  PoolKernel(const NodeView& view, const Window& window, Fn fn, std::string name, int32_t shift = 0,
             int32_t lo = 0, int32_t hi = 0)
      : fn_(fn),
        name_(std::move(name)),
        params_{MapWindowOf(window, view.input().dims, view.output().dims),
                view.input().dims.c,
                view.input().type.is_signed,
                view.output().type.wide(),
                shift,
                lo,
                hi} {}
  void Run(const void* const* inputs, void* const* outputs, void*, Share share) const override {
    const Range rows = PartOf(params_.window.out_h, share);
    if (rows.empty()) return;
    PoolParams p = params_;
    p.window = RowsOf(params_.window, rows);
    const int64_t row = int64_t{p.window.out_w} * p.channels * (p.wide ? 4 : 1);
    fn_(p, static_cast<const uint8_t*>(inputs[0]),
        static_cast<uint8_t*>(outputs[0]) + rows.begin * row);
  }
  std::string_view name() const override { return name_; }

 private:
  Fn fn_;
  std::string name_;
  PoolParams params_;
};

template <typename T>
class ArgMaxKernel : public Kernel {
 public:
  explicit ArgMaxKernel(const NodeView& view)
      : pixels_(int64_t{view.input().dims.h} * view.input().dims.w),
        channels_(view.input().dims.c) {}
  void Run(const void* const* inputs, void* const* outputs, void*, Share share) const override {
    const Range range = PartOf(pixels_, share);
    const T* x = static_cast<const T*>(inputs[0]) + range.begin * channels_;
    int32_t* y = static_cast<int32_t*>(outputs[0]);
    for (int64_t i = range.begin; i < range.end; ++i, x += channels_) {
      int32_t best = 0;
      for (int32_t c = 1; c < channels_; ++c) {
        if (x[c] > x[best]) best = c;
      }
      y[i] = best;
    }
  }
  std::string_view name() const override { return "argmax"; }

 private:
  int64_t pixels_;
  int32_t channels_;
};

std::string Named(const char* op, const KernelTable& table) {
  return std::string(op) + "_" + table.name;
}

}  // namespace

KernelPtr MakeAdd(const NodeView& view, const AddOp& op, const KernelTable& table) {
  auto kernel =
      std::make_unique<BinaryKernel>(view, table.add, Named("add", table), op.shift, op.lo, op.hi);
  kernel->SetInputShifts(op.shift_a, op.shift_b);
  return kernel;
}

KernelPtr MakeMul(const NodeView& view, const MulOp& op, const KernelTable& table) {
  return std::make_unique<BinaryKernel>(view, table.mul, Named("mul", table), op.shift, op.lo,
                                        op.hi);
}

KernelPtr MakeMaxPool(const NodeView& view, const MaxPoolOp& op, const KernelTable& table) {
  return std::make_unique<PoolKernel>(view, op.window, table.max_pool, Named("maxpool", table));
}

KernelPtr MakeMean(const NodeView& view, const MeanOp& op, const KernelTable& table) {
  return std::make_unique<PoolKernel>(view, op.window, table.mean, Named("mean", table), op.shift,
                                      op.lo, op.hi);
}

KernelPtr MakeArgMax(const NodeView& view) {
  const TensorType type = view.input().type;
  if (type.wide()) return std::make_unique<ArgMaxKernel<int32_t>>(view);
  if (type.is_signed) return std::make_unique<ArgMaxKernel<int8_t>>(view);
  return std::make_unique<ArgMaxKernel<uint8_t>>(view);
}

}  // namespace potlut
