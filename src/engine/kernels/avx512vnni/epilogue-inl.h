// What a register tile of convolution sums becomes: requantised bytes, a residual added, a second
// map on another scale; sixteen channels a vector.
//
// Four vectors at a time are narrowed together: packing saturates, so that the clamp is done on
// bytes. Signed outputs are held as unsigned ones offset by 128 until they are stored.
#pragma once

#include <immintrin.h>

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

enum class Tail { kPlain, kAdded, kAny };

// kPlain: one map of bytes, whole vectors. kAdded: sums in 16 bits of a residual, and perhaps a
// second map; whole vectors. kAny: everything else.
inline Tail TailOf(const ConvEpilogue& e, bool whole) {
  if (!whole || e.requant.wide || e.requant.left != nullptr) return Tail::kAny;
  if (!e.add.present && !e.rescale.present) return Tail::kPlain;
  if (e.add.present) {
    // Every partial sum wraps at 16 bits, so that only the whole must fit.
    if (e.add.shift_conv > 15 || e.add.shift_residual > 15 || e.add.left != 0) return Tail::kAny;
    const int64_t r_lo = e.add.residual_signed ? -128 : 0, r_hi = r_lo + 255;
    const int64_t lo =
        (int64_t{e.requant.lo} << e.add.shift_conv) + (r_lo << e.add.shift_residual) + e.add.round;
    const int64_t hi =
        (int64_t{e.requant.hi} << e.add.shift_conv) + (r_hi << e.add.shift_residual) + e.add.round;
    if (lo < -32768 || hi > 32767 || e.add.round > 32767 || e.add.right > 15) return Tail::kAny;
  }
  if (e.rescale.present && (e.rescale.round > 16384 || e.rescale.right > 15)) return Tail::kAny;
  return Tail::kAdded;
}

// The two orders that packing mixes up: 4-byte pieces of four vectors, 8-byte pieces of two.
inline __m512i FourVectors() {
  return _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}
inline __m512i TwoVectors() { return _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7); }

// A clamp on bytes: words are narrowed to bytes that are unsigned, clamped, and made signed again.
struct ByteClamp {
  ByteClamp(int32_t lo, int32_t hi) {
    const int32_t offset = lo < 0 ? 128 : 0;
    offset_ = _mm512_set1_epi16(static_cast<int16_t>(offset));
    flip_ = _mm512_set1_epi8(static_cast<char>(offset));
    lo_ = _mm512_set1_epi8(static_cast<char>(lo + offset));
    hi_ = _mm512_set1_epi8(static_cast<char>(hi + offset));
  }
  __m512i Narrow(__m512i a, __m512i b) const {
    return _mm512_packus_epi16(_mm512_adds_epi16(a, offset_), _mm512_adds_epi16(b, offset_));
  }
  __m512i Clamp(__m512i bytes) const {
    return _mm512_xor_si512(_mm512_min_epu8(_mm512_max_epu8(bytes, lo_), hi_), flip_);
  }
  __m512i offset_, flip_, lo_, hi_;
};

// Stores the `n` (1 to 4) first vectors' bytes; vector f of the tile is pixel f / kVectors,
// channels f % kVectors * 16.
template <int kVectors>
inline void StoreBytes(__m512i bytes, uint8_t* out, int64_t pitch, int f, int n) {
  if constexpr (kVectors == 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + f / 2 * pitch),
                        _mm512_castsi512_si256(bytes));
    if (n > 2) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + (f / 2 + 1) * pitch),
                          _mm512_extracti64x4_epi64(bytes, 1));
    }
  } else {
    __m128i* const to[4] = {reinterpret_cast<__m128i*>(out + f * pitch),
                            reinterpret_cast<__m128i*>(out + (f + 1) * pitch),
                            reinterpret_cast<__m128i*>(out + (f + 2) * pitch),
                            reinterpret_cast<__m128i*>(out + (f + 3) * pitch)};
    _mm_storeu_si128(to[0], _mm512_castsi512_si128(bytes));
    if (n > 1) _mm_storeu_si128(to[1], _mm512_extracti32x4_epi32(bytes, 1));
    if (n > 2) _mm_storeu_si128(to[2], _mm512_extracti32x4_epi32(bytes, 2));
    if (n > 3) _mm_storeu_si128(to[3], _mm512_extracti32x4_epi32(bytes, 3));
  }
}

// The residual's bytes for vectors f and f + 1 (again f where `n` is 1).
template <int kVectors>
inline __m256i LoadBytes(const uint8_t* in, int64_t pitch, int f, int n) {
  if constexpr (kVectors == 2) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + f / 2 * pitch));
  } else {
    const int g = n > 1 ? f + 1 : f;
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + f * pitch))),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + g * pitch)), 1);
  }
}

// Where a tile's maps begin: at its first pixel and channel.
struct TileMaps {
  const uint8_t* residual;
  void* out;
  uint8_t* second;
  int64_t pitch;  // elements from one pixel to the next
};

template <int kHeight, int kVectors>
inline __attribute__((always_inline)) void PlainTail(const __m512i (&acc)[kHeight][kVectors],
                                                     const ConvEpilogue& e, int64_t channel,
                                                     const TileMaps& maps) {
  __m512i right[kVectors];
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    right[v] = _mm512_loadu_si512(e.requant.right + channel + 16 * v);
  }
  const ByteClamp clamp(e.requant.lo, e.requant.hi);
  const __m512i order = FourVectors();
  uint8_t* const out = static_cast<uint8_t*>(maps.out);
#pragma GCC unroll 28
  for (int f = 0; f < kHeight * kVectors; f += 4) {
    __m512i x[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const int g = f + i < kHeight * kVectors ? f + i : f;
      x[i] = _mm512_srav_epi32(acc[g / kVectors][g % kVectors], right[g % kVectors]);
    }
    const __m512i bytes =
        clamp.Narrow(_mm512_packs_epi32(x[0], x[1]), _mm512_packs_epi32(x[2], x[3]));
    StoreBytes<kVectors>(clamp.Clamp(_mm512_permutexvar_epi32(order, bytes)), out, maps.pitch, f,
                         kHeight * kVectors - f);
  }
}

template <int kHeight, int kVectors>
inline __attribute__((always_inline)) void AddedTail(const __m512i (&acc)[kHeight][kVectors],
                                                     const ConvEpilogue& e, int64_t channel,
                                                     const TileMaps& maps) {
  __m512i right[kVectors];
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    right[v] = _mm512_loadu_si512(e.requant.right + channel + 16 * v);
  }
  const auto words = [](int32_t v) { return _mm512_set1_epi16(static_cast<int16_t>(v)); };
  const auto count = [](int32_t n) { return _mm_cvtsi32_si128(n); };
  const __m512i order = TwoVectors();
  const __m512i lo = words(e.requant.lo), hi = words(e.requant.hi);
  const FusedAdd& add = e.add;
  const int32_t flip = add.residual_signed ? 128 : 0;
  const __m256i residual_flip = _mm256_set1_epi8(static_cast<char>(flip));
  const __m512i round = words(add.round - (flip << add.shift_residual));
  const __m128i shift_conv = count(add.shift_conv), shift_residual = count(add.shift_residual),
                shift = count(add.right), rescale_shift = count(e.rescale.right);
  const __m512i add_lo = words(add.lo), add_hi = words(add.hi);
  const __m512i rescale_round = words(e.rescale.round);
  const ByteClamp first =
      add.present ? ByteClamp(add.lo, add.hi) : ByteClamp(e.requant.lo, e.requant.hi);
  const ByteClamp second(e.rescale.lo, e.rescale.hi);
  uint8_t* const out = static_cast<uint8_t*>(maps.out);
#pragma GCC unroll 28
  for (int f = 0; f < kHeight * kVectors; f += 4) {
    __m512i y[2];
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      if (f + 2 * h >= kHeight * kVectors) {
        y[h] = y[0];
        continue;
      }
      const int a = f + 2 * h, b = a + 1 < kHeight * kVectors ? a + 1 : a;
      y[h] = _mm512_packs_epi32(
          _mm512_srav_epi32(acc[a / kVectors][a % kVectors], right[a % kVectors]),
          _mm512_srav_epi32(acc[b / kVectors][b % kVectors], right[b % kVectors]));
      y[h] = _mm512_permutexvar_epi64(order, y[h]);
      y[h] = _mm512_min_epi16(_mm512_max_epi16(y[h], lo), hi);
      if (add.present) {
        const __m512i r = _mm512_cvtepu8_epi16(_mm256_xor_si256(
            LoadBytes<kVectors>(maps.residual, maps.pitch, a, kHeight * kVectors - a),
            residual_flip));
        y[h] = _mm512_add_epi16(_mm512_add_epi16(_mm512_sll_epi16(y[h], shift_conv), round),
                                _mm512_sll_epi16(r, shift_residual));
        y[h] = _mm512_sra_epi16(y[h], shift);
        y[h] = _mm512_min_epi16(_mm512_max_epi16(y[h], add_lo), add_hi);
      }
    }
    if (e.first) {
      const __m512i bytes = _mm512_permutexvar_epi64(order, first.Narrow(y[0], y[1]));
      StoreBytes<kVectors>(_mm512_xor_si512(bytes, first.flip_), out, maps.pitch, f,
                           kHeight * kVectors - f);
    }
    if (e.rescale.present) {
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        y[h] = _mm512_sra_epi16(_mm512_add_epi16(y[h], rescale_round), rescale_shift);
      }
      const __m512i bytes = _mm512_permutexvar_epi64(order, second.Narrow(y[0], y[1]));
      StoreBytes<kVectors>(second.Clamp(bytes), maps.second, maps.pitch, f, kHeight * kVectors - f);
    }
  }
}

// Sixteen sums of one pixel from any epilogue; `mask` tells the channels that there are.
inline void AnyVector(__m512i sum, const ConvEpilogue& e, int64_t channel, __mmask16 mask,
                      const uint8_t* residual, void* out, uint8_t* second) {
  const auto words = [](int32_t v) { return _mm512_set1_epi32(v); };
  const auto count = [](int32_t n) { return _mm_cvtsi32_si128(n); };
  const auto clamp = [&](__m512i v, int32_t lo, int32_t hi) {
    return _mm512_min_epi32(_mm512_max_epi32(v, words(lo)), words(hi));
  };
  sum = _mm512_srav_epi32(sum, _mm512_maskz_loadu_epi32(mask, e.requant.right + channel));
  if (e.requant.left != nullptr) {
    sum = _mm512_sllv_epi32(sum, _mm512_maskz_loadu_epi32(mask, e.requant.left + channel));
  }
  sum = clamp(sum, e.requant.lo, e.requant.hi);
  if (e.add.present) {
    const __m128i bytes = _mm_maskz_loadu_epi8(mask, residual);
    const __m512i r =
        e.add.residual_signed ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
    sum = _mm512_add_epi32(_mm512_sll_epi32(sum, count(e.add.shift_conv)),
                           _mm512_sll_epi32(r, count(e.add.shift_residual)));
    sum = _mm512_sra_epi32(_mm512_add_epi32(sum, words(e.add.round)), count(e.add.right));
    sum = clamp(_mm512_sll_epi32(sum, count(e.add.left)), e.add.lo, e.add.hi);
  }
  if (e.first && e.requant.wide) _mm512_mask_storeu_epi32(out, mask, sum);
  if (e.first && !e.requant.wide) _mm_mask_storeu_epi8(out, mask, _mm512_cvtepi32_epi8(sum));
  if (e.rescale.present) {
    sum = _mm512_sra_epi32(_mm512_add_epi32(sum, words(e.rescale.round)), count(e.rescale.right));
    sum = clamp(sum, e.rescale.lo, e.rescale.hi);
    _mm_mask_storeu_epi8(second, mask, _mm512_cvtepi32_epi8(sum));
  }
}

template <int kHeight, int kVectors>
inline __attribute__((always_inline)) void AnyTail(const __m512i (&acc)[kHeight][kVectors],
                                                   const ConvEpilogue& e, int64_t channel,
                                                   int32_t channels, const TileMaps& maps) {
  // Through memory: this one need not be fast, but small.
  alignas(64) int32_t sums[kHeight][kVectors * 16];
#pragma GCC unroll 28
  for (int r = 0; r < kHeight; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) _mm512_store_si512(sums[r] + 16 * v, acc[r][v]);
  }
  const int64_t bytes = e.requant.wide ? 4 : 1;
  for (int v = 0; v < kVectors; ++v) {
    const int32_t left = channels - 16 * v;
    if (left <= 0) break;
    const __mmask16 mask = static_cast<__mmask16>(left >= 16 ? 0xffff : (1u << left) - 1);
    for (int r = 0; r < kHeight; ++r) {
      const int64_t at = r * maps.pitch + 16 * v;
      AnyVector(_mm512_load_si512(sums[r] + 16 * v), e, channel + 16 * v, mask,
                e.add.present ? maps.residual + at : nullptr,
                e.first ? static_cast<char*>(maps.out) + at * bytes : nullptr,
                e.rescale.present ? maps.second + at : nullptr);
    }
  }
}

}  // namespace
}  // namespace potlut
