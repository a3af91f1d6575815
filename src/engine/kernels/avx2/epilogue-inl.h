// What a register tile of convolution sums becomes, eight channels a vector:
// requantised bytes, a residual added, a second map on another scale.
//
// Two pixels at a time are narrowed together: packing saturates, so that the
// clamp is done on bytes. Signed outputs are held as unsigned ones offset by
// 128 until they are stored.
#pragma once

#include <immintrin.h>

#include "engine/kernels/avx2/requant-inl.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/unroll-inl.h"

namespace potlut {
namespace {

enum class Tail { kPlain, kAdded, kAny };

// kPlain: one map of bytes, whole panels. kAdded: sums in 16 bits of a
// residual, and perhaps a second map; whole panels. kAny: everything else.
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

// Where a tile's maps begin: at its first pixel and channel.
struct TileMaps {
  const uint8_t* residual;
  void* out;
  uint8_t* second;
  int64_t pitch;  // elements from one pixel to the next
};

// A clamp on bytes: words are narrowed to bytes that are unsigned, clamped, and
// made signed again.
struct ByteClamp {
  ByteClamp(int32_t lo, int32_t hi) {
    const int32_t offset = lo < 0 ? 128 : 0;
    offset_ = _mm256_set1_epi16(static_cast<int16_t>(offset));
    flip_ = _mm256_set1_epi8(static_cast<char>(offset));
    lo_ = _mm256_set1_epi8(static_cast<char>(lo + offset));
    hi_ = _mm256_set1_epi8(static_cast<char>(hi + offset));
  }
  __m256i Narrow(__m256i a, __m256i b) const {
    return _mm256_packus_epi16(_mm256_adds_epi16(a, offset_), _mm256_adds_epi16(b, offset_));
  }
  __m256i Clamp(__m256i bytes) const {
    return _mm256_xor_si256(_mm256_min_epu8(_mm256_max_epu8(bytes, lo_), hi_), flip_);
  }
  __m256i offset_, flip_, lo_, hi_;
};

// The sixteen bytes of pixel r, and those of r + 1 where the tile has it.
template <int kHeight>
inline void StoreTwo(__m256i bytes, uint8_t* out, int64_t pitch, int r) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + r * pitch), _mm256_castsi256_si128(bytes));
  if (r + 1 < kHeight) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + (r + 1) * pitch),
                     _mm256_extracti128_si256(bytes, 1));
  }
}

template <int kHeight>
inline POTLUT_INLINE void PlainTail(const __m256i (&acc)[kHeight][2], const ConvEpilogue& e,
                                    int64_t channel, const TileMaps& maps) {
  const __m256i right[2] = {Load8(e.requant.right + channel), Load8(e.requant.right + channel + 8)};
  const ByteClamp clamp(e.requant.lo, e.requant.hi);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  POTLUT_UNROLL
  for (int r = 0; r < kHeight; r += 2) {
    const int s = r + 1 < kHeight ? r + 1 : r;
    const __m256i a = _mm256_packs_epi32(_mm256_srav_epi32(acc[r][0], right[0]),
                                         _mm256_srav_epi32(acc[r][1], right[1]));
    const __m256i b = _mm256_packs_epi32(_mm256_srav_epi32(acc[s][0], right[0]),
                                         _mm256_srav_epi32(acc[s][1], right[1]));
    const __m256i bytes = _mm256_permutevar8x32_epi32(clamp.Narrow(a, b), order);
    StoreTwo<kHeight>(clamp.Clamp(bytes), static_cast<uint8_t*>(maps.out), maps.pitch, r);
  }
}

template <int kHeight>
inline POTLUT_INLINE void AddedTail(const __m256i (&acc)[kHeight][2], const ConvEpilogue& e,
                                    int64_t channel, const TileMaps& maps) {
  const __m256i right[2] = {Load8(e.requant.right + channel), Load8(e.requant.right + channel + 8)};
  const auto words = [](int32_t v) { return _mm256_set1_epi16(static_cast<int16_t>(v)); };
  const auto count = [](int32_t n) { return _mm_cvtsi32_si128(n); };
  const FusedAdd& add = e.add;
  const int32_t flip = add.residual_signed ? 128 : 0;
  const __m128i residual_flip = _mm_set1_epi8(static_cast<char>(flip));
  const __m256i round = words(add.round - (flip << add.shift_residual));
  const ByteClamp first =
      add.present ? ByteClamp(add.lo, add.hi) : ByteClamp(e.requant.lo, e.requant.hi);
  const ByteClamp second(e.rescale.lo, e.rescale.hi);
  POTLUT_UNROLL
  for (int r = 0; r < kHeight; r += 2) {
    __m256i y[2];
    POTLUT_UNROLL
    for (int h = 0; h < 2; ++h) {
      if (r + h >= kHeight) {
        y[h] = y[0];
        continue;
      }
      y[h] = _mm256_packs_epi32(_mm256_srav_epi32(acc[r + h][0], right[0]),
                                _mm256_srav_epi32(acc[r + h][1], right[1]));
      y[h] = _mm256_permute4x64_epi64(y[h], 0xd8);  // channels in order
      y[h] = _mm256_min_epi16(_mm256_max_epi16(y[h], words(e.requant.lo)), words(e.requant.hi));
      if (!add.present) continue;
      const __m256i x = _mm256_cvtepu8_epi16(_mm_xor_si128(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(maps.residual + (r + h) * maps.pitch)),
          residual_flip));
      y[h] =
          _mm256_add_epi16(_mm256_add_epi16(_mm256_sll_epi16(y[h], count(add.shift_conv)), round),
                           _mm256_sll_epi16(x, count(add.shift_residual)));
      y[h] = _mm256_sra_epi16(y[h], count(add.right));
      y[h] = _mm256_min_epi16(_mm256_max_epi16(y[h], words(add.lo)), words(add.hi));
    }
    if (e.first) {
      const __m256i bytes = _mm256_permute4x64_epi64(first.Narrow(y[0], y[1]), 0xd8);
      StoreTwo<kHeight>(_mm256_xor_si256(bytes, first.flip_), static_cast<uint8_t*>(maps.out),
                        maps.pitch, r);
    }
    if (e.rescale.present) {
      POTLUT_UNROLL
      for (int h = 0; h < 2; ++h) {
        y[h] = _mm256_sra_epi16(_mm256_add_epi16(y[h], words(e.rescale.round)),
                                count(e.rescale.right));
      }
      const __m256i bytes = _mm256_permute4x64_epi64(second.Narrow(y[0], y[1]), 0xd8);
      StoreTwo<kHeight>(second.Clamp(bytes), maps.second, maps.pitch, r);
    }
  }
}

// One sum through any epilogue.
inline void AnySum(int32_t sum, const ConvEpilogue& e, int64_t channel, const uint8_t* residual,
                   void* out, uint8_t* second) {
  const auto clamp = [](int32_t v, int32_t lo, int32_t hi) {
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
  };
  const auto left = [](int32_t v, int32_t n) {
    return static_cast<int32_t>(static_cast<uint32_t>(v) << n);
  };
  int32_t v = sum >> e.requant.right[channel];
  if (e.requant.left != nullptr) v = left(v, e.requant.left[channel]);
  v = clamp(v, e.requant.lo, e.requant.hi);
  if (e.add.present) {
    const int32_t r = e.add.residual_signed ? static_cast<int8_t>(*residual) : *residual;
    const uint32_t both = static_cast<uint32_t>(left(v, e.add.shift_conv)) +
                          static_cast<uint32_t>(left(r, e.add.shift_residual)) +
                          static_cast<uint32_t>(e.add.round);
    v = clamp(left(static_cast<int32_t>(both) >> e.add.right, e.add.left), e.add.lo, e.add.hi);
  }
  if (e.first && e.requant.wide) *static_cast<int32_t*>(out) = v;
  if (e.first && !e.requant.wide) *static_cast<uint8_t*>(out) = static_cast<uint8_t>(v);
  if (e.rescale.present) {
    *second = static_cast<uint8_t>(
        clamp((v + e.rescale.round) >> e.rescale.right, e.rescale.lo, e.rescale.hi));
  }
}

// The low bytes of eight words of 32 bits.
inline void StoreEight(__m256i v, uint8_t* out) {
  const __m256i pick =
      _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                       0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m256i bytes = _mm256_shuffle_epi8(v, pick);
  _mm_storel_epi64(
      reinterpret_cast<__m128i*>(out),
      _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}

// Eight sums of one pixel through any epilogue.
inline void AnyVector(__m256i sum, const ConvEpilogue& e, int64_t channel, const uint8_t* residual,
                      void* out, uint8_t* second) {
  const auto words = [](int32_t v) { return _mm256_set1_epi32(v); };
  const auto count = [](int32_t n) { return _mm_cvtsi32_si128(n); };
  const auto clamp = [&](__m256i v, int32_t lo, int32_t hi) {
    return _mm256_min_epi32(_mm256_max_epi32(v, words(lo)), words(hi));
  };
  __m256i v = _mm256_srav_epi32(sum, Load8(e.requant.right + channel));
  if (e.requant.left != nullptr) v = _mm256_sllv_epi32(v, Load8(e.requant.left + channel));
  v = clamp(v, e.requant.lo, e.requant.hi);
  if (e.add.present) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(residual));
    const __m256i r =
        e.add.residual_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
    v = _mm256_add_epi32(_mm256_sll_epi32(v, count(e.add.shift_conv)),
                         _mm256_sll_epi32(r, count(e.add.shift_residual)));
    v = _mm256_sra_epi32(_mm256_add_epi32(v, words(e.add.round)), count(e.add.right));
    v = clamp(_mm256_sll_epi32(v, count(e.add.left)), e.add.lo, e.add.hi);
  }
  if (e.first && e.requant.wide) _mm256_storeu_si256(static_cast<__m256i*>(out), v);
  if (e.first && !e.requant.wide) StoreEight(v, static_cast<uint8_t*>(out));
  if (e.rescale.present) {
    v = _mm256_sra_epi32(_mm256_add_epi32(v, words(e.rescale.round)), count(e.rescale.right));
    StoreEight(clamp(v, e.rescale.lo, e.rescale.hi), second);
  }
}

template <int kHeight, int kVectors>
POTLUT_NOINLINE void AnyTail(const __m256i (&acc)[kHeight][kVectors], const ConvEpilogue& e,
                             int64_t channel, int32_t channels, const TileMaps& maps) {
  const int64_t bytes = e.requant.wide ? 4 : 1;
  for (int r = 0; r < kHeight; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      const int64_t c = 8 * v, at = r * maps.pitch + c;
      const uint8_t* const residual = e.add.present ? maps.residual + at : nullptr;
      char* const out = e.first ? static_cast<char*>(maps.out) + at * bytes : nullptr;
      uint8_t* const second = e.rescale.present ? maps.second + at : nullptr;
      if (c + 8 <= channels) {
        AnyVector(acc[r][v], e, channel + c, residual, out, second);
        continue;
      }
      alignas(32) int32_t sums[8];
      _mm256_store_si256(reinterpret_cast<__m256i*>(sums), acc[r][v]);
      for (int64_t i = 0; i < channels - c; ++i) {
        AnySum(sums[i], e, channel + c + i, residual == nullptr ? nullptr : residual + i,
               out == nullptr ? nullptr : out + i * bytes,
               second == nullptr ? nullptr : second + i);
      }
    }
  }
}

}  // namespace
}  // namespace potlut
