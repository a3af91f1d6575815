// Eight sums to eight outputs: shift, clamp, narrow, store.
#pragma once

#include <immintrin.h>

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

inline __m256i Load8(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }

class Requant8 {
 public:
  // Channels [first, first + 8): the arrays hold that many, padded.
  Requant8(const ConvRequant& q, int64_t first)
      : right_(Load8(q.right + first)),
        left_(Load8(q.left + first)),
        lo_(_mm256_set1_epi32(q.lo)),
        hi_(_mm256_set1_epi32(q.hi)),
        wide_(q.wide) {}

  // Stores the first `count` (8 where it is more).
  void Store(__m256i sum, int64_t count, void* out) const {
    sum = _mm256_sllv_epi32(_mm256_srav_epi32(sum, right_), left_);
    sum = _mm256_min_epi32(_mm256_max_epi32(sum, lo_), hi_);
    if (wide_) {
      if (count >= 8) {
        _mm256_storeu_si256(static_cast<__m256i*>(out), sum);
        return;
      }
      alignas(32) int32_t words[8];
      _mm256_store_si256(reinterpret_cast<__m256i*>(words), sum);
      __builtin_memcpy(out, words, static_cast<size_t>(count) * 4);
      return;
    }
    // The low byte of each sum, gathered at the bottom of each half.
    const __m256i pick =
        _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                         0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i bytes = _mm256_shuffle_epi8(sum, pick);
    const __m128i eight =
        _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    if (count >= 8) {
      _mm_storel_epi64(static_cast<__m128i*>(out), eight);
      return;
    }
    int64_t all;
    _mm_storel_epi64(reinterpret_cast<__m128i*>(&all), eight);
    __builtin_memcpy(out, &all, static_cast<size_t>(count));
  }

 private:
  __m256i right_, left_, lo_, hi_;
  bool wide_;
};

}  // namespace
}  // namespace potlut
