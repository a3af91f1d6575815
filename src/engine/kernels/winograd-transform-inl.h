// Winograd's input transforms of 3x3 windows on vectors of neighbouring channels, for
// winograd-inl.h: V = B^T d B, by columns first, then by rows.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

// kChannels values as one vector. (Compilers' vector types: the same code for any width.)
template <typename Lane, int kChannels>
struct LanesOf;
template <>
struct LanesOf<uint8_t, 16> {
  typedef uint8_t Vector __attribute__((vector_size(16)));
};
template <>
struct LanesOf<uint8_t, 32> {
  typedef uint8_t Vector __attribute__((vector_size(32)));
};
template <>
struct LanesOf<int8_t, 16> {
  typedef int8_t Vector __attribute__((vector_size(16)));
};
template <>
struct LanesOf<int16_t, 16> {
  typedef int16_t Vector __attribute__((vector_size(32)));
};

// Reads the first `count` of kChannels bytes as lanes: zero- or sign-extended, or as they are. The
// rest is 0. `count` is kChannels unless kTail.
template <typename Lane, int kChannels, bool kSigned, bool kTail>
inline typename LanesOf<Lane, kChannels>::Vector ReadLanes(const uint8_t* p, size_t count) {
  const auto read = [&](auto& v) {
    if constexpr (kTail) {
      v = v ^ v;
      __builtin_memcpy(&v, p, count);
    } else {
      __builtin_memcpy(&v, p, kChannels);
    }
  };
  if constexpr (sizeof(Lane) == 1) {
    typename LanesOf<Lane, kChannels>::Vector v{};
    read(v);
    return v;
  } else if constexpr (kSigned) {
    typename LanesOf<int8_t, kChannels>::Vector v{};
    read(v);
    return __builtin_convertvector(v, typename LanesOf<Lane, kChannels>::Vector);
  } else {
    typename LanesOf<uint8_t, kChannels>::Vector v{};
    read(v);
    return __builtin_convertvector(v, typename LanesOf<Lane, kChannels>::Vector);
  }
}

// B^T of F(2,3): bytes, modulo 2^8.
template <typename V>
inline void TransformInput(const V (&d)[4], V (&t)[4]) {
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
}

// B^T of F(4,3) at 0, 1, -1, 2, -2 and infinity: a line of it reaches 10 times an activation, two
// of them 100 times, which fits 16 bits.
template <typename V>
inline void TransformInput(const V (&d)[6], V (&t)[6]) {
  const V a = d[4] - (d[2] << 2), b = d[3] - (d[1] << 2);
  const V c = d[4] - d[2], e = (d[3] - d[1]) << 1;
  t[0] = ((d[0] - d[2]) << 2) + c;
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = (d[5] - d[3]) - (e << 1);
}

// A^T of F(2,3).
template <typename Isa, typename V = typename Isa::Sums>
inline void TransformOutput(const V (&m)[4], V (&y)[2]) {
  y[0] = Isa::Add(Isa::Add(m[0], m[1]), m[2]);
  y[1] = Isa::Sub(Isa::Sub(m[1], m[2]), m[3]);
}

// A^T of F(4,3); the last product carries a factor of 4 that G leaves out (winograd_weights.h).
template <typename Isa, typename V = typename Isa::Sums>
inline void TransformOutput(const V (&m)[6], V (&y)[4]) {
  const V sum1 = Isa::Add(m[1], m[2]), sum2 = Isa::Add(m[3], m[4]);
  const V one = Isa::Sub(m[1], m[2]), two = Isa::template Shl<1>(Isa::Sub(m[3], m[4]));
  y[0] = Isa::Add(Isa::Add(m[0], sum1), sum2);
  y[1] = Isa::Add(one, two);
  y[2] = Isa::Add(sum1, Isa::template Shl<2>(sum2));
  y[3] = Isa::Add(one, Isa::template Shl<2>(Isa::Add(two, m[5])));
}

}  // namespace
}  // namespace potlut
