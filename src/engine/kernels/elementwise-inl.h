// Add and multiply, in plain loops that the compiler turns into the vectors of the including file's
// flags.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

// rshift of numerics.md on a sum that is proven to fit, then the clamp. Sums are kept unsigned:
// what wraps on the way comes back.
struct Rescale {
  Rescale(int32_t shift, int32_t low, int32_t high)
      : round(shift > 0 ? uint32_t{1} << (shift - 1) : 0),
        right(shift > 0 ? shift : 0),
        left(shift < 0 ? -shift : 0),
        lo(low),
        hi(high) {}
  int32_t operator()(uint32_t sum) const {
    int32_t v = static_cast<int32_t>(sum + round) >> right;
    v = static_cast<int32_t>(static_cast<uint32_t>(v) << left);
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
  }
  uint32_t round;
  int32_t right, left, lo, hi;
};

// Calls f with the bytes as what they are.
template <typename F>
inline void WithType(bool is_signed, const uint8_t* bytes, F f) {
  if (is_signed) {
    f(reinterpret_cast<const int8_t*>(bytes));
  } else {
    f(bytes);
  }
}

template <typename A, typename B, typename Out, typename F>
void Combine(int64_t n, const A* a, const B* b, Out* out, F f) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<Out>(f(static_cast<uint32_t>(static_cast<int32_t>(a[i])),
                                static_cast<uint32_t>(static_cast<int32_t>(b[i]))));
  }
}

template <typename F>
void Binary(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out, F f) {
  // A spread b is walked once a pixel, an equal one in a single run.
  const int64_t runs = p.spread_b ? p.pixels : 1;
  const int64_t n = p.spread_b ? p.channels : p.pixels * p.channels;
  WithType(p.a_signed, a, [&](auto* ta) {
    WithType(p.b_signed, b, [&](auto* tb) {
      for (int64_t r = 0; r < runs; ++r) {
        if (p.wide) {
          Combine(n, ta + r * n, tb, static_cast<int32_t*>(out) + r * n, f);
        } else {
          Combine(n, ta + r * n, tb, static_cast<uint8_t*>(out) + r * n, f);
        }
      }
    });
  });
}

inline void Add(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  const Rescale rescale(p.shift, p.lo, p.hi);
  const int32_t sa = p.shift_a, sb = p.shift_b;
  Binary(p, a, b, out, [=](uint32_t x, uint32_t y) { return rescale((x << sa) + (y << sb)); });
}

inline void Mul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  const Rescale rescale(p.shift, p.lo, p.hi);
  Binary(p, a, b, out, [=](uint32_t x, uint32_t y) { return rescale(x * y); });
}

}  // namespace
}  // namespace potlut
