// Add, multiply and pools on vectors of bytes, sums and products in 16 bits where they fit
// (included by kernels/<isa>/values.cc only). What does not fit takes the plain loops.
//
// V gives vectors of kWidth bytes: T; Zero, Bytes, Words (all lanes); Load and Store, of the first
// n bytes where n is given; LowBytes and HighBytes (unpack); Xor, RightSigned, RightUnsigned
// (shift words); AddWords, MulWords, AverageWords, LeastUnsignedWords; PackSigned, PackUnsigned;
// MaxSigned, MinSigned, MaxUnsigned, MinUnsigned (bytes).
#pragma once

#include "engine/kernels/elementwise-inl.h"
#include "engine/kernels/pool-inl.h"
#include "engine/kernels/unroll-inl.h"

namespace potlut {
namespace {

// Words to bytes within [lo, hi].
template <typename V>
class NarrowTo {
 public:
  using T = typename V::T;
  NarrowTo(int32_t lo, int32_t hi) : lo_(V::Bytes(lo)), hi_(V::Bytes(hi)), signed_(lo < 0) {}
  T operator()(T low, T high) const {
    if (signed_) return V::MinSigned(V::MaxSigned(V::PackSigned(low, high), lo_), hi_);
    return V::MinUnsigned(V::MaxUnsigned(V::PackUnsigned(low, high), lo_), hi_);
  }

 private:
  T lo_, hi_;
  bool signed_;
};

// out[i] = f(a[i], b[i]) for n bytes, vector by vector.
template <typename V, typename F>
inline void ForVectors(int64_t n, const uint8_t* a, const uint8_t* b, uint8_t* out, const F& f) {
  int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) V::Store(out + i, f(V::Load(a + i), V::Load(b + i)));
  if (i < n) V::Store(out + i, f(V::Load(a + i, n - i), V::Load(b + i, n - i)), n - i);
}

template <typename V, typename F>
inline void ForVectors(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out,
                       const F& f) {
  uint8_t* const y = static_cast<uint8_t*>(out);
  if (!p.spread_b) return ForVectors<V>(p.pixels * p.channels, a, b, y, f);
  for (int64_t i = 0; i < p.pixels; ++i) {
    ForVectors<V>(p.channels, a + i * p.channels, b, y + i * p.channels, f);
  }
}

// Whether the sum, of any bytes, fits 16 bits. What wraps on the way comes back.
inline bool AddFits16(const BinaryParams& p) {
  if (p.wide || p.shift_a > 8 || p.shift_b > 8 || p.shift < 0 || p.shift > 15) return false;
  const int32_t a = p.a_signed ? -128 : 0, b = p.b_signed ? -128 : 0;
  const int32_t round = p.shift > 0 ? 1 << (p.shift - 1) : 0;
  const int32_t lo = a * (1 << p.shift_a) + b * (1 << p.shift_b) + round;
  return lo >= -32768 && lo + 255 * ((1 << p.shift_a) + (1 << p.shift_b)) <= 32767;
}

// x << shift in words, of bytes that stand in the words' high half.
template <typename V, bool kSigned>
inline typename V::T Shifted(typename V::T high, int32_t shift) {
  return kSigned ? V::RightSigned(high, 8 - shift) : V::RightUnsigned(high, 8 - shift);
}

template <typename V, bool kSignedA, bool kSignedB>
void Add16(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  using T = typename V::T;
  const T round = V::Words(p.shift > 0 ? 1 << (p.shift - 1) : 0), zero = V::Zero();
  const NarrowTo<V> narrow(p.lo, p.hi);
  const int32_t sa = p.shift_a, sb = p.shift_b, shift = p.shift;
  const auto sum = [=](T x, T y) POTLUT_INLINE {
    const T both = V::AddWords(Shifted<V, kSignedA>(x, sa), Shifted<V, kSignedB>(y, sb));
    return V::RightSigned(V::AddWords(both, round), shift);
  };
  ForVectors<V>(p, a, b, out, [=](T x, T y) POTLUT_INLINE {
    return narrow(sum(V::LowBytes(zero, x), V::LowBytes(zero, y)),
                  sum(V::HighBytes(zero, x), V::HighBytes(zero, y)));
  });
}

template <typename V>
void VectorAdd(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  if (!AddFits16(p)) return Add(p, a, b, out);
  if (p.a_signed)
    return p.b_signed ? Add16<V, true, true>(p, a, b, out) : Add16<V, true, false>(p, a, b, out);
  p.b_signed ? Add16<V, false, true>(p, a, b, out) : Add16<V, false, false>(p, a, b, out);
}

// Products of two unsigned bytes are unsigned words, all others signed ones. (v + 2^(n-1)) >> n is
// ((v >> (n-1)) + 1) >> 1, which needs no 17th bit.
template <typename V, bool kSignedA, bool kSignedB>
void Mul16(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  using T = typename V::T;
  const T zero = V::Zero(), one = V::Words(1), hi = V::Words(p.hi);
  const NarrowTo<V> narrow(p.lo, p.hi);
  const int32_t shift = p.shift;
  const auto product = [=](T x, T y) POTLUT_INLINE {
    T v = V::MulWords(Shifted<V, kSignedA>(x, 0), Shifted<V, kSignedB>(y, 0));
    if (!kSignedA && !kSignedB) {
      if (shift > 0) v = V::AverageWords(V::RightUnsigned(v, shift - 1), zero);
      return V::LeastUnsignedWords(v, hi);
    }
    return shift > 0 ? V::RightSigned(V::AddWords(V::RightSigned(v, shift - 1), one), 1) : v;
  };
  ForVectors<V>(p, a, b, out, [=](T x, T y) POTLUT_INLINE {
    return narrow(product(V::LowBytes(zero, x), V::LowBytes(zero, y)),
                  product(V::HighBytes(zero, x), V::HighBytes(zero, y)));
  });
}

template <typename V>
void VectorMul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  if (p.wide || p.shift < 0 || p.shift > 16 || p.hi < 0) return Mul(p, a, b, out);
  if (p.a_signed)
    return p.b_signed ? Mul16<V, true, true>(p, a, b, out) : Mul16<V, true, false>(p, a, b, out);
  p.b_signed ? Mul16<V, false, true>(p, a, b, out) : Mul16<V, false, false>(p, a, b, out);
}

// kWidth channels of one pixel from c on, or the last `left`.
template <typename V, bool kSigned>
inline typename V::T MaxOf(const PoolParams& p, const uint8_t* in, const TapRange& range, int64_t c,
                           int64_t left) {
  using T = typename V::T;
  T most = V::Bytes(kSigned ? -128 : 0);
  for (int32_t ky = range.y_first; ky < range.y_end; ++ky) {
    const uint8_t* x = in + range.Offset(p.window, ky, range.x_first) * p.channels + c;
    for (int32_t kx = range.x_first; kx < range.x_end; ++kx, x += p.channels) {
      const T v = left >= V::kWidth ? V::Load(x) : V::Load(x, left);
      most = kSigned ? V::MaxSigned(most, v) : V::MaxUnsigned(most, v);
    }
  }
  return most;
}

template <typename V, bool kSigned>
void MaxPoolBytes(const PoolParams& p, const uint8_t* in, uint8_t* out) {
  for (int32_t oy = 0; oy < p.window.out_h; ++oy) {
    for (int32_t ox = 0; ox < p.window.out_w; ++ox, out += p.channels) {
      const TapRange range(p.window, oy, ox);
      int64_t c = 0;
      for (; c + V::kWidth <= p.channels; c += V::kWidth) {
        V::Store(out + c, MaxOf<V, kSigned>(p, in, range, c, V::kWidth));
      }
      const int64_t left = p.channels - c;
      if (left > 0) V::Store(out + c, MaxOf<V, kSigned>(p, in, range, c, left), left);
    }
  }
}

template <typename V>
void VectorMaxPool(const PoolParams& p, const uint8_t* in, void* out) {
  uint8_t* const y = static_cast<uint8_t*>(out);
  p.in_signed ? MaxPoolBytes<V, true>(p, in, y) : MaxPoolBytes<V, false>(p, in, y);
}

// Sums of a window in 16 bits; signed bytes are offset by 128.
template <typename V, bool kSigned, typename Out>
void Mean16(const PoolParams& p, const uint8_t* in, Out* out) {
  using T = typename V::T;
  const Rescale rescale(p.shift, p.lo, p.hi);
  const T flip = V::Bytes(kSigned ? 128 : 0), zero = V::Zero();
  for (int32_t oy = 0; oy < p.window.out_h; ++oy) {
    for (int32_t ox = 0; ox < p.window.out_w; ++ox, out += p.channels) {
      const TapRange range(p.window, oy, ox);
      const uint32_t taps =
          static_cast<uint32_t>((range.y_end - range.y_first) * (range.x_end - range.x_first));
      const uint32_t offset = kSigned ? taps * 128 : 0;
      for (int64_t c = 0; c < p.channels; c += V::kWidth) {
        const int64_t left = p.channels - c;
        T low = zero, high = zero;
        for (int32_t ky = range.y_first; ky < range.y_end; ++ky) {
          const uint8_t* x = in + range.Offset(p.window, ky, range.x_first) * p.channels + c;
          for (int32_t kx = range.x_first; kx < range.x_end; ++kx, x += p.channels) {
            const T v = V::Xor(left >= V::kWidth ? V::Load(x) : V::Load(x, left), flip);
            low = V::AddWords(low, V::LowBytes(v, zero));
            high = V::AddWords(high, V::HighBytes(v, zero));
          }
        }
        // Unpacking has put eight channels of sixteen into each vector.
        uint16_t sums[2][V::kWidth / 2];
        V::Store(reinterpret_cast<uint8_t*>(sums[0]), low);
        V::Store(reinterpret_cast<uint8_t*>(sums[1]), high);
        Out y[V::kWidth];
        for (int64_t i = 0; i < V::kWidth / 2; ++i) {
          y[i / 8 * 16 + i % 8] = static_cast<Out>(rescale(uint32_t{sums[0][i]} - offset));
          y[i / 8 * 16 + 8 + i % 8] = static_cast<Out>(rescale(uint32_t{sums[1][i]} - offset));
        }
        const int64_t n = left < V::kWidth ? left : V::kWidth;
        __builtin_memcpy(out + c, y, static_cast<size_t>(n) * sizeof(Out));
      }
    }
  }
}

template <typename V, typename Out>
void VectorMean(const PoolParams& p, const uint8_t* in, Out* out) {
  p.in_signed ? Mean16<V, true>(p, in, out) : Mean16<V, false>(p, in, out);
}

template <typename V>
void VectorMean(const PoolParams& p, const uint8_t* in, void* out) {
  // 257 times 255 fits.
  if (int64_t{p.window.kernel_h} * p.window.kernel_w > 257) return Mean(p, in, out);
  if (p.wide) return VectorMean<V>(p, in, static_cast<int32_t*>(out));
  VectorMean<V>(p, in, static_cast<uint8_t*>(out));
}

}  // namespace
}  // namespace potlut
