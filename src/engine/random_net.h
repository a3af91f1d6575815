// Random programs for tests and fuzzing.
#pragma once

#include <algorithm>

#include "engine/testing.h"

namespace potlut::testing {

// Grows a net of random nodes, every tensor of which may be read again by any later node.
class RandomNet {
 public:
  explicit RandomNet(unsigned seed)
      : rng_(seed), b_({Pick(rng_, 3, 12), Pick(rng_, 3, 12), Pick(rng_, 1, 24)}) {
    for (int i = Pick(rng_, 3, 14); i > 0; --i) Grow();
    // A few outputs anywhere, the input and one tensor twice included.
    Program& p = b_.program();
    for (int i = Pick(rng_, 0, 2); i > 0; --i) {
      p.outputs.push_back(Pick(rng_, 0, static_cast<int64_t>(p.tensors.size()) - 1));
    }
  }
  Rng& rng() { return rng_; }
  Program& program() { return b_.program(); }

 private:
  const Tensor& At(int32_t t) { return b_.program().tensors[static_cast<size_t>(t)]; }

  int32_t PickNarrow() {
    const auto last = static_cast<int32_t>(b_.program().tensors.size()) - 1;
    int32_t t = rng_() % 2 == 0 ? last : Pick(rng_, 0, last);
    while (At(t).type.wide()) --t;  // the input is narrow
    return t;
  }

  void Grow() {
    const int32_t x = PickNarrow();
    const Tensor t = At(x);
    const TensorType out = PickType(rng_);
    switch (rng_() % 11) {
      case 0:
      case 1:
      case 2: {
        Window w;
        w.kernel_h = Pick(rng_, 1, 3);
        w.kernel_w = Pick(rng_, 1, 3);
        w.stride_h = w.stride_w = Pick(rng_, 1, 2);
        w.pad_top = w.pad_left = Pick(rng_, 0, 1);
        w.pad_bottom = w.pad_right = Pick(rng_, 1, 2);
        const bool depthwise = rng_() % 3 == 0;
        const int32_t out_c = depthwise ? t.dims.c : Pick(rng_, 1, 40);
        const auto dims = WindowOutput(w, t.dims, out_c);
        if (!dims.ok()) return;
        const int32_t groups = depthwise ? t.dims.c : 1;
        const TensorType type = rng_() % 8 == 0 ? TensorType{32, true} : out;
        ConvOp conv = RandomConv(rng_, w, t.dims.c, out_c, groups,
                                 PickAlphabet(rng_, t.dims.c / groups > 1), type);
        PickRequant(rng_, conv, t.dims.c / groups, t.type, type);
        b_.Add(conv, {x}, *dims, type);
        return;
      }
      case 3: {
        const int32_t y = AddLookup(rng_, b_, x, out);
        b_.Add(AddOp{1, 2, 2, out.lo(), out.hi()}, {x, y}, t.dims, out);
        return;
      }
      case 4: {
        MeanOp mean{{}, 2, out.lo(), out.hi()};
        mean.window.kernel_h = t.dims.h;
        mean.window.kernel_w = t.dims.w;
        const int32_t y = b_.Add(mean, {x}, {1, 1, t.dims.c}, out);
        b_.Add(MulOp{3, out.lo(), out.hi()}, {x, y}, t.dims, out);
        return;
      }
      case 5: {
        MaxPoolOp pool;
        pool.window.kernel_h = std::min(2, t.dims.h);
        pool.window.kernel_w = std::min(2, t.dims.w);
        b_.Add(pool, {x}, *WindowOutput(pool.window, t.dims, t.dims.c), t.type);
        return;
      }
      case 6:
      case 7:
        return GrowBlock(x);
      case 8:
        b_.Add(ReshapeOp{}, {x}, {t.dims.w, t.dims.h, t.dims.c}, t.type);
        return;
      case 9:
        if (t.dims.c <= 40) {
          b_.Add(ConcatOp{}, {x, x}, {t.dims.h, t.dims.w, 2 * t.dims.c}, t.type);
        }
        return;
      default:
        b_.Add(ArgMaxOp{}, {x}, {t.dims.h, t.dims.w, 1}, {32, true});
        return;
    }
  }

  // As residual networks have them: a convolution that keeps the map's size, an addition with what
  // it read, and a look-up that changes the scale; sometimes without one of them.
  void GrowBlock(int32_t x) {
    const Tensor t = At(x);
    const int32_t side = rng_() % 3 == 0 ? 1 : 3;
    Window w;
    w.kernel_h = w.kernel_w = side;
    w.pad_top = w.pad_left = w.pad_bottom = w.pad_right = side / 2;
    const TensorType type = PickType(rng_);
    ConvOp conv =
        RandomConv(rng_, w, t.dims.c, t.dims.c, 1, PickAlphabet(rng_, t.dims.c > 1), type);
    PickRequant(rng_, conv, t.dims.c, t.type, type);
    int32_t y = b_.Add(conv, {x}, t.dims, type);
    const TensorType sum = PickType(rng_);
    if (rng_() % 4 != 0) y = b_.Add(AddOp{1, 3, 3, sum.lo(), sum.hi()}, {y, x}, t.dims, sum);
    if (rng_() % 3 == 0) return;
    const TensorType from = At(y).type, to = PickType(rng_);
    LookupOp lookup;
    for (int32_t v = from.lo(); v <= from.hi(); ++v)
      lookup.table.push_back(static_cast<int16_t>(std::clamp(RoundShift(v, 2), to.lo(), to.hi())));
    b_.Add(lookup, {y}, t.dims, to);
  }

  Rng rng_;
  Builder b_;
};

}  // namespace potlut::testing
