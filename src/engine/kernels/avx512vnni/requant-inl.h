// Sixteen sums to sixteen outputs: shift, clamp, narrow, store.
#pragma once

#include <immintrin.h>

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

class Requant16 {
 public:
  // Channels [first, first + min(count, 16)).
  Requant16(const ConvRequant& q, int64_t first, int64_t count)
      : mask_(static_cast<__mmask16>(count >= 16 ? 0xffff : (1u << count) - 1)), wide_(q.wide) {
    right_ = _mm512_maskz_loadu_epi32(mask_, q.right + first);
    left_ = _mm512_maskz_loadu_epi32(mask_, q.left + first);
    lo_ = _mm512_set1_epi32(q.lo);
    hi_ = _mm512_set1_epi32(q.hi);
  }

  void Store(__m512i sum, void* out) const {
    sum = _mm512_sllv_epi32(_mm512_srav_epi32(sum, right_), left_);
    sum = _mm512_min_epi32(_mm512_max_epi32(sum, lo_), hi_);
    if (wide_) {
      _mm512_mask_storeu_epi32(out, mask_, sum);
      return;
    }
    const __m128i bytes = _mm512_cvtepi32_epi8(sum);
    if (mask_ == 0xffff) {
      _mm_storeu_si128(static_cast<__m128i*>(out), bytes);
    } else {
      _mm_mask_storeu_epi8(out, mask_, bytes);
    }
  }

 private:
  __m512i right_, left_, lo_, hi_;
  __mmask16 mask_;
  bool wide_;
};

}  // namespace
}  // namespace potlut
