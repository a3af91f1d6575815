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

enum class Tail { kPlain, kAdded, kPartPlain, kPartAdded, kAny };

// What an operand of an addition is multiplied by, in AddedTail; `shift` at most 13.
inline int32_t ScaleOf(const FusedAdd& add, int32_t shift) {
  return 1 << (shift + (add.right == 0 ? 1 : 0));
}

// kPlain: one map of bytes. kAdded: a residual's sums in 16 bits, or a second map. kAny: everything
// else. Tiles that lack channels have their own.
inline Tail TailOf(const ConvEpilogue& e) {
  if (e.requant.wide || e.requant.left != nullptr) return Tail::kAny;
  if (!e.add.present && !e.rescale.present) return Tail::kPlain;
  if (e.add.present) {
    const FusedAdd& add = e.add;
    // vpmulhrsw by 2^(15 - n) is the shift with its rounding constant; n = 0 is 1 of the double.
    if (add.right > 15 || add.round != (1 << add.right) / 2 || add.left != 0 ||
        add.shift_conv > 13 || add.shift_residual > 13) {
      return Tail::kAny;
    }
    const int64_t r_lo = add.residual_signed ? -128 : 0, r_hi = r_lo + 255;
    const int64_t conv = ScaleOf(add, add.shift_conv);
    const int64_t residual = ScaleOf(add, add.shift_residual);
    // Products may wrap, as their sum fits.
    if (e.requant.lo * conv + r_lo * residual < -32768 ||
        e.requant.hi * conv + r_hi * residual > 32767) {
      return Tail::kAny;
    }
  }
  const FusedRescale& rescale = e.rescale;
  if (rescale.present && rescale.right > 0 &&
      (rescale.right > 15 || rescale.round != 1 << (rescale.right - 1))) {
    return Tail::kAny;
  }
  return rescale.present && rescale.right == 0 && rescale.round != 0 ? Tail::kAny : Tail::kAdded;
}

// Undoes the order in which packing leaves four vectors: 4-byte pieces of each in turn.
inline __m512i FourVectors() {
  return _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}

// A clamp on bytes: words are narrowed to bytes that are unsigned, clamped, and made signed again.
// Limits of wide outputs mean nothing here, but must not overflow.
struct ByteClamp {
  ByteClamp(int32_t low, int32_t high) {
    const uint32_t half = low < 0 ? 128 : 0;
    offset = _mm512_set1_epi16(static_cast<int16_t>(half));
    flip = _mm512_set1_epi8(static_cast<char>(half));
    lo = _mm512_set1_epi8(static_cast<char>(static_cast<uint32_t>(low) + half));
    hi = _mm512_set1_epi8(static_cast<char>(static_cast<uint32_t>(high) + half));
  }
  __m512i Narrow(__m512i a, __m512i b) const {
    return _mm512_packus_epi16(_mm512_adds_epi16(a, offset), _mm512_adds_epi16(b, offset));
  }
  __m512i Clamp(__m512i bytes) const {
    return _mm512_xor_si512(_mm512_min_epu8(_mm512_max_epu8(bytes, lo), hi), flip);
  }
  __m512i offset, flip, lo, hi;
};

inline __m512i Words(int32_t v) { return _mm512_set1_epi16(static_cast<int16_t>(v)); }
inline int32_t Power(int32_t n) { return n >= 0 && n < 16 ? 1 << n : 0; }
// Of additions that take another way, anything.
inline __m512i ScaleWords(const FusedAdd& add, int32_t shift) {
  return Words(shift < 14 ? ScaleOf(add, shift) : 0);
}

// The constants of an epilogue, read from memory by every tile: the registers are the sums'.
struct TailVectors {
  explicit TailVectors(const ConvEpilogue& e)
      : tail(TailOf(e)),
        conv(e.requant.lo, e.requant.hi),
        first(e.add.present ? e.add.lo : e.requant.lo, e.add.present ? e.add.hi : e.requant.hi),
        second(e.rescale.lo, e.rescale.hi),
        lo(Words(e.requant.lo)),
        hi(Words(e.requant.hi)),
        scale_conv(ScaleWords(e.add, e.add.shift_conv)),
        scale_residual(ScaleWords(e.add, e.add.shift_residual)),
        shift(Words(Power(e.add.right == 0 ? 14 : 15 - e.add.right))),
        add_lo(Words(e.add.lo)),
        add_hi(Words(e.add.hi)),
        rescale_shift(Words(Power(15 - e.rescale.right))),
        order(FourVectors()) {}
  Tail tail;
  ByteClamp conv, first, second;
  __m512i lo, hi, scale_conv, scale_residual, shift, add_lo, add_hi, rescale_shift, order;
};

// Where a tile's maps begin: at its first pixel and channel.
struct TileMaps {
  const uint8_t* residual;
  void* out;
  uint8_t* second;
  int64_t pitch;   // elements from one pixel to the next
  uint32_t valid;  // a bit for each channel that there is
};

// Stores the `n` (1 to 4) first vectors' bytes; vector f of the tile is pixel f / kVectors,
// channels f % kVectors * 16. Tiles of two vectors may lack channels (kWhole false).
template <int kVectors, bool kWhole>
inline __attribute__((always_inline)) void StoreBytes(__m512i bytes, uint8_t* out,
                                                      const TileMaps& maps, int f, int n) {
  static_assert(kWhole || kVectors == 2);
  const int64_t pitch = maps.pitch;
  if constexpr (kVectors == 2) {
    uint8_t* const first = out + f / 2 * pitch;
    uint8_t* const second = out + (f / 2 + 1) * pitch;
    const __m256i low = _mm512_castsi512_si256(bytes);
    const __m256i high = _mm512_extracti64x4_epi64(bytes, 1);
    if constexpr (kWhole) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(first), low);
      if (n > 2) _mm256_storeu_si256(reinterpret_cast<__m256i*>(second), high);
    } else {
      _mm256_mask_storeu_epi8(first, maps.valid, low);
      if (n > 2) _mm256_mask_storeu_epi8(second, maps.valid, high);
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

// The residual's bytes for vectors f and f + 1 (again f where `n` is 1), in the order in which two
// vectors of sums are packed: four channels of the one, four of the other.
template <int kVectors, bool kWhole>
inline __attribute__((always_inline)) __m256i LoadBytes(const TileMaps& maps, int f, int n) {
  const int64_t pitch = maps.pitch;
  __m256i bytes;
  if constexpr (kVectors == 2) {
    const uint8_t* const from = maps.residual + f / 2 * pitch;
    bytes = kWhole ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))
                   : _mm256_maskz_loadu_epi8(maps.valid, from);
  } else {
    const uint8_t* const first = maps.residual + f * pitch;
    const uint8_t* const second = n > 1 ? first + pitch : first;
    bytes = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(first))),
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(second)), 1);
  }
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

template <bool kWhole, int kHeight, int kVectors>
inline __attribute__((always_inline)) void PlainTail(const __m512i (&acc)[kHeight][kVectors],
                                                     const ConvEpilogue& e, const TailVectors& k,
                                                     int64_t channel, const TileMaps& maps) {
  __m512i right[kVectors];
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    right[v] = _mm512_loadu_si512(e.requant.right + channel + 16 * v);
  }
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
        k.conv.Narrow(_mm512_packs_epi32(x[0], x[1]), _mm512_packs_epi32(x[2], x[3]));
    StoreBytes<kVectors, kWhole>(k.conv.Clamp(_mm512_permutexvar_epi32(k.order, bytes)), out, maps,
                                 f, kHeight * kVectors - f);
  }
}

template <bool kWhole, int kHeight, int kVectors>
inline __attribute__((always_inline)) void AddedTail(const __m512i (&acc)[kHeight][kVectors],
                                                     const ConvEpilogue& e, const TailVectors& k,
                                                     int64_t channel, const TileMaps& maps) {
  __m512i right[kVectors];
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    right[v] = _mm512_loadu_si512(e.requant.right + channel + 16 * v);
  }
  uint8_t* const out = static_cast<uint8_t*>(maps.out);
#pragma GCC unroll 28
  for (int f = 0; f < kHeight * kVectors; f += 4) {
    // One chunk after the other: interleaved, they would need more registers than there are.
    asm volatile("" ::: "memory");
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
      y[h] = _mm512_min_epi16(_mm512_max_epi16(y[h], k.lo), k.hi);
      if (e.add.present) {
        const __m256i bytes = LoadBytes<kVectors, kWhole>(maps, a, kHeight * kVectors - a);
        const __m512i r =
            e.add.residual_signed ? _mm512_cvtepi8_epi16(bytes) : _mm512_cvtepu8_epi16(bytes);
        y[h] = _mm512_mulhrs_epi16(_mm512_add_epi16(_mm512_mullo_epi16(y[h], k.scale_conv),
                                                    _mm512_mullo_epi16(r, k.scale_residual)),
                                   k.shift);
      }
    }
    if (e.first) {
      const __m512i bytes = _mm512_permutexvar_epi32(k.order, k.first.Narrow(y[0], y[1]));
      StoreBytes<kVectors, kWhole>(k.first.Clamp(bytes), out, maps, f, kHeight * kVectors - f);
    }
    if (e.rescale.present) {
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        if (e.add.present) y[h] = _mm512_min_epi16(_mm512_max_epi16(y[h], k.add_lo), k.add_hi);
        if (e.rescale.right > 0) y[h] = _mm512_mulhrs_epi16(y[h], k.rescale_shift);
      }
      const __m512i bytes = _mm512_permutexvar_epi32(k.order, k.second.Narrow(y[0], y[1]));
      StoreBytes<kVectors, kWhole>(k.second.Clamp(bytes), maps.second, maps, f,
                                   kHeight * kVectors - f);
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
                                                   const TileMaps& maps) {
  // Through memory: this one need not be fast, but small.
  alignas(64) int32_t sums[kHeight][kVectors * 16];
#pragma GCC unroll 28
  for (int r = 0; r < kHeight; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) _mm512_store_si512(sums[r] + 16 * v, acc[r][v]);
  }
  const int64_t bytes = e.requant.wide ? 4 : 1;
  for (int v = 0; v < kVectors; ++v) {
    const __mmask16 mask = static_cast<__mmask16>(maps.valid >> 16 * v);
    if (mask == 0) break;
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
