// Loops that compilers turn into vectors: no branches, truncation in place of floor.
#include "train/activation_kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace potlut::train {
namespace {

// With the instructions of the build's target, and of AVX2 where the CPU has them: the results are
// the same, since only additions, multiplications by powers of two and comparisons take part (and
// no fused multiply-add).
#if defined(__x86_64__)
#define POTLUT_AVX2 __attribute__((target("avx2")))
#else
#define POTLUT_AVX2
#endif
#define POTLUT_INLINE inline __attribute__((always_inline))

bool HasAvx2() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
#else
  return false;
#endif
}

struct Bfloat16 {
  uint16_t bits;
};
POTLUT_INLINE float Load(float v) { return v; }
POTLUT_INLINE float Load(Bfloat16 v) { return std::bit_cast<float>(uint32_t{v.bits} << 16); }
POTLUT_INLINE void Store(float& to, float v) { to = v; }
// For values that bfloat16 holds exactly, or gradients (rounded to nearest, ties upwards in
// magnitude).
POTLUT_INLINE void Store(Bfloat16& to, float v) {
  to.bits = static_cast<uint16_t>((std::bit_cast<uint32_t>(v) + 0x8000) >> 16);
}

struct Range {
  float inverse, step, ratio, lo, hi;
  explicit Range(const ActivationGrid& g)
      : inverse(static_cast<float>(g.ratio / g.step)),
        step(static_cast<float>(g.step)),
        ratio(static_cast<float>(g.ratio)),
        lo(static_cast<float>(g.lo)),
        hi(static_cast<float>(g.hi)) {}
};

// clamp(floor(v + 1/2), lo, hi). Truncation is floor but for negative fractions.
POTLUT_INLINE float Rounded(float v, const Range& r) {
  const float t = std::min(std::max(v + 0.5F, r.lo), r.hi);
  const auto q = static_cast<float>(static_cast<int32_t>(t));
  return q > t ? q - 1 : q;
}

template <typename T, bool kOther, bool kBias>
POTLUT_INLINE void QuantiseLoop(const T* x, const T* other, const float* bias, const Range& range,
                                int64_t rows, int64_t c, T* y) {
  const Range r = range;
  for (int64_t i = 0; i < rows; ++i, x += c, y += c) {
    for (int64_t k = 0; k < c; ++k) {
      float sum = Load(x[k]);
      if (kOther) sum += Load(other[k]);
      if (kBias) sum += bias[k];
      Store(y[k], Rounded(sum * r.inverse, r) * r.step);
    }
    if (kOther) other += c;
  }
}

struct Moves {
  float lo, hi;  // 1 where the clip moves with the step, else 0
};

template <typename T, bool kOther, bool kBias>
POTLUT_INLINE void BackwardLoop(const T* x, const T* other, const float* bias, const Range& range,
                                Moves moves, const T* gradient, int64_t rows, int64_t c, T* to_x,
                                StepGradient& step) {
  constexpr int64_t kLanes = 16;
  const Range r = range;
  for (int64_t i = 0; i < rows; ++i) {
    float dot[kLanes] = {}, gg[kLanes] = {}, yy[kLanes] = {};
    const auto one = [&](int64_t k, int64_t lane) __attribute__((always_inline)) {
      float sum = Load(x[k]);
      if (kOther) sum += Load(other[k]);
      if (kBias) sum += bias[k];
      const float v = sum * r.inverse;
      const float q = Rounded(v, r);
      const float g = Load(gradient[k]);
      const bool below = v + 0.5F < r.lo, above = v + 0.5F >= r.hi + 1;
      const float inside = below || above ? 0.0F : 1.0F;
      const float moving = below ? moves.lo : above ? moves.hi : 1.0F;
      Store(to_x[k], g * inside * r.ratio);
      dot[lane] += g * (q - v * inside) * moving;
      gg[lane] += g * g;
      yy[lane] += q * q;
    };
    int64_t k = 0;
    for (; k + kLanes <= c; k += kLanes) {
      for (int64_t lane = 0; lane < kLanes; ++lane) one(k + lane, lane);
    }
    for (; k < c; ++k) one(k, 0);
    float sums[3] = {};
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      sums[0] += dot[lane];
      sums[1] += gg[lane];
      sums[2] += yy[lane];
    }
    step.dot += sums[0];
    step.gradient_squared += sums[1];
    step.output_squared += sums[2];
    x += c;
    gradient += c;
    to_x += c;
    if (kOther) other += c;
  }
}

#define POTLUT_FOR_EACH_CASE(call)           \
  if (other != nullptr && bias != nullptr) { \
    call(true, true);                        \
  } else if (other != nullptr) {             \
    call(true, false);                       \
  } else if (bias != nullptr) {              \
    call(false, true);                       \
  } else {                                   \
    call(false, false);                      \
  }

template <typename T>
POTLUT_INLINE void Quantise(const T* x, const T* other, const float* bias, const Range& r,
                            int64_t rows, int64_t c, T* y) {
#define POTLUT_CALL(with_other, with_bias) \
  QuantiseLoop<T, with_other, with_bias>(x, other, bias, r, rows, c, y)
  POTLUT_FOR_EACH_CASE(POTLUT_CALL)
#undef POTLUT_CALL
}
template <typename T>
POTLUT_INLINE void Gradients(const T* x, const T* other, const float* bias, const Range& r,
                             Moves moves, const T* gradient, int64_t rows, int64_t c, T* to_x,
                             StepGradient& step) {
#define POTLUT_CALL(with_other, with_bias) \
  BackwardLoop<T, with_other, with_bias>(x, other, bias, r, moves, gradient, rows, c, to_x, step)
  POTLUT_FOR_EACH_CASE(POTLUT_CALL)
#undef POTLUT_CALL
}

template <typename T>
POTLUT_AVX2 void QuantiseAvx2(const T* x, const T* other, const float* bias, const Range& r,
                              int64_t rows, int64_t c, T* y) {
  Quantise(x, other, bias, r, rows, c, y);
}
template <typename T>
void QuantisePlain(const T* x, const T* other, const float* bias, const Range& r, int64_t rows,
                   int64_t c, T* y) {
  Quantise(x, other, bias, r, rows, c, y);
}
template <typename T>
POTLUT_AVX2 void GradientsAvx2(const T* x, const T* other, const float* bias, const Range& r,
                               Moves moves, const T* gradient, int64_t rows, int64_t c, T* to_x,
                               StepGradient& step) {
  Gradients(x, other, bias, r, moves, gradient, rows, c, to_x, step);
}
template <typename T>
void GradientsPlain(const T* x, const T* other, const float* bias, const Range& r, Moves moves,
                    const T* gradient, int64_t rows, int64_t c, T* to_x, StepGradient& step) {
  Gradients(x, other, bias, r, moves, gradient, rows, c, to_x, step);
}

template <typename T>
const T* Data(const at::Tensor& t, int64_t offset) {
  return t.defined() ? static_cast<const T*>(t.data_ptr()) + offset : nullptr;
}

// Work of one thread, in rows of all channels.
int64_t Grain(int64_t c) { return std::max<int64_t>(1, 65536 / c); }

template <typename T>
void QuantiseAll(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                 const ActivationGrid& grid, at::Tensor& y) {
  const int64_t c = x.size(1), rows = x.numel() / c;
  const Range range(grid);
  at::parallel_for(0, rows, Grain(c), [&](int64_t first, int64_t last) {
    const auto run = HasAvx2() ? QuantiseAvx2<T> : QuantisePlain<T>;
    run(Data<T>(x, first * c), Data<T>(other, first * c), Data<float>(bias, 0), range, last - first,
        c, static_cast<T*>(y.data_ptr()) + first * c);
  });
}

template <typename T>
void BackwardAll(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                 const ActivationGrid& grid, const at::Tensor& gradient, at::Tensor& to_x,
                 StepGradient& step) {
  const int64_t c = x.size(1), rows = x.numel() / c;
  const Range range(grid);
  const Moves moves{grid.lo_moves ? 1.0F : 0.0F, grid.hi_moves ? 1.0F : 0.0F};
  // A fixed number of parts, summed in order: the same bits at every number of threads.
  constexpr int64_t kParts = 16;
  StepGradient parts[kParts];
  at::parallel_for(0, kParts, rows * c < 65536 ? kParts : 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t first = rows * p / kParts, last = rows * (p + 1) / kParts;
      const auto run = HasAvx2() ? GradientsAvx2<T> : GradientsPlain<T>;
      run(Data<T>(x, first * c), Data<T>(other, first * c), Data<float>(bias, 0), range, moves,
          Data<T>(gradient, first * c), last - first, c,
          static_cast<T*>(to_x.data_ptr()) + first * c, parts[p]);
    }
  });
  for (const StepGradient& part : parts) {
    step.dot += part.dot * grid.step;
    step.gradient_squared += part.gradient_squared;
    step.output_squared += part.output_squared * grid.step * grid.step;
  }
}

}  // namespace

void QuantiseRows(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                  const ActivationGrid& grid, at::Tensor& y) {
  const at::Tensor b = bias.defined() ? bias.to(at::kFloat).contiguous() : bias;
  if (x.scalar_type() == at::kFloat) return QuantiseAll<float>(x, other, b, grid, y);
  QuantiseAll<Bfloat16>(x, other, b, grid, y);
}

void BackwardRows(const at::Tensor& x, const at::Tensor& other, const at::Tensor& bias,
                  const ActivationGrid& grid, const at::Tensor& gradient, at::Tensor& to_x,
                  StepGradient& step) {
  const at::Tensor b = bias.defined() ? bias.to(at::kFloat).contiguous() : bias;
  if (x.scalar_type() == at::kFloat)
    return BackwardAll<float>(x, other, b, grid, gradient, to_x, step);
  BackwardAll<Bfloat16>(x, other, b, grid, gradient, to_x, step);
}

}  // namespace potlut::train
