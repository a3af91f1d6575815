// What depthwise kernels do with vectors of 64, 32 and 16 bytes.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "engine/kernels/unroll-inl.h"

namespace potlut {
namespace {

// kWidth channels, as bytes in one vector or as 32-bit sums in four.
template <int kWidth>
struct Bytes;

template <>
struct Bytes<64> {
  using T = __m512i;
  using Mask = __mmask64;
  static Mask MaskOf(int64_t n) { return ~uint64_t{0} >> (64 - n); }
  static T Zero() { return _mm512_setzero_si512(); }
  static T Spread(int v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  static T Load(const void* p) { return _mm512_loadu_si512(p); }
  static T Load(const void* p, Mask mask) { return _mm512_maskz_loadu_epi8(mask, p); }
  static void Store(void* p, T v) { _mm512_storeu_si512(p, v); }
  static void Store(void* p, T v, Mask mask) { _mm512_mask_storeu_epi8(p, mask, v); }
  static T Xor(T a, T b) { return _mm512_xor_si512(a, b); }
  static T LowBytes(T a, T b) { return _mm512_unpacklo_epi8(a, b); }
  static T HighBytes(T a, T b) { return _mm512_unpackhi_epi8(a, b); }
  static T LowWords(T a, T b) { return _mm512_unpacklo_epi16(a, b); }
  static T HighWords(T a, T b) { return _mm512_unpackhi_epi16(a, b); }
  static T Dot(T sum, T x, T w) { return _mm512_dpbusd_epi32(sum, x, w); }
  static T Shift(T v, T n) { return _mm512_srav_epi32(v, n); }
  static T PackWords(T a, T b) { return _mm512_packs_epi32(a, b); }
  static T PackSigned(T a, T b) { return _mm512_packs_epi16(a, b); }
  static T PackUnsigned(T a, T b) { return _mm512_packus_epi16(a, b); }
  static T ClampSigned(T v, T lo, T hi) { return _mm512_min_epi8(_mm512_max_epi8(v, lo), hi); }
  static T ClampUnsigned(T v, T lo, T hi) { return _mm512_min_epu8(_mm512_max_epu8(v, lo), hi); }
};

template <>
struct Bytes<32> {
  using T = __m256i;
  using Mask = __mmask32;
  static Mask MaskOf(int64_t n) { return ~uint32_t{0} >> (32 - n); }
  static T Zero() { return _mm256_setzero_si256(); }
  static T Spread(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static T Load(const void* p) { return _mm256_loadu_si256(static_cast<const T*>(p)); }
  static T Load(const void* p, Mask mask) { return _mm256_maskz_loadu_epi8(mask, p); }
  static void Store(void* p, T v) { _mm256_storeu_si256(static_cast<T*>(p), v); }
  static void Store(void* p, T v, Mask mask) { _mm256_mask_storeu_epi8(p, mask, v); }
  static T Xor(T a, T b) { return _mm256_xor_si256(a, b); }
  static T LowBytes(T a, T b) { return _mm256_unpacklo_epi8(a, b); }
  static T HighBytes(T a, T b) { return _mm256_unpackhi_epi8(a, b); }
  static T LowWords(T a, T b) { return _mm256_unpacklo_epi16(a, b); }
  static T HighWords(T a, T b) { return _mm256_unpackhi_epi16(a, b); }
  static T Dot(T sum, T x, T w) { return _mm256_dpbusd_epi32(sum, x, w); }
  static T Shift(T v, T n) { return _mm256_srav_epi32(v, n); }
  static T PackWords(T a, T b) { return _mm256_packs_epi32(a, b); }
  static T PackSigned(T a, T b) { return _mm256_packs_epi16(a, b); }
  static T PackUnsigned(T a, T b) { return _mm256_packus_epi16(a, b); }
  static T ClampSigned(T v, T lo, T hi) { return _mm256_min_epi8(_mm256_max_epi8(v, lo), hi); }
  static T ClampUnsigned(T v, T lo, T hi) { return _mm256_min_epu8(_mm256_max_epu8(v, lo), hi); }
};

template <>
struct Bytes<16> {
  using T = __m128i;
  using Mask = __mmask16;
  static Mask MaskOf(int64_t n) { return static_cast<Mask>(0xffffu >> (16 - n)); }
  static T Zero() { return _mm_setzero_si128(); }
  static T Spread(int v) { return _mm_set1_epi8(static_cast<char>(v)); }
  static T Load(const void* p) { return _mm_loadu_si128(static_cast<const T*>(p)); }
  static T Load(const void* p, Mask mask) { return _mm_maskz_loadu_epi8(mask, p); }
  static void Store(void* p, T v) { _mm_storeu_si128(static_cast<T*>(p), v); }
  static void Store(void* p, T v, Mask mask) { _mm_mask_storeu_epi8(p, mask, v); }
  static T Xor(T a, T b) { return _mm_xor_si128(a, b); }
  static T LowBytes(T a, T b) { return _mm_unpacklo_epi8(a, b); }
  static T HighBytes(T a, T b) { return _mm_unpackhi_epi8(a, b); }
  static T LowWords(T a, T b) { return _mm_unpacklo_epi16(a, b); }
  static T HighWords(T a, T b) { return _mm_unpackhi_epi16(a, b); }
  static T Dot(T sum, T x, T w) { return _mm_dpbusd_epi32(sum, x, w); }
  static T Shift(T v, T n) { return _mm_srav_epi32(v, n); }
  static T PackWords(T a, T b) { return _mm_packs_epi32(a, b); }
  static T PackSigned(T a, T b) { return _mm_packs_epi16(a, b); }
  static T PackUnsigned(T a, T b) { return _mm_packus_epi16(a, b); }
  static T ClampSigned(T v, T lo, T hi) { return _mm_min_epi8(_mm_max_epi8(v, lo), hi); }
  static T ClampUnsigned(T v, T lo, T hi) { return _mm_min_epu8(_mm_max_epu8(v, lo), hi); }
};

}  // namespace
}  // namespace potlut
