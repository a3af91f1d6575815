// The pace of sdot.
#include <arm_neon.h>

#include "engine/kernels/neon/repeat-inl.h"
#include "engine/kernels/neondot/tables.h"

namespace potlut {

int64_t NeonDotPeak(int64_t rounds) {
  constexpr int kChains = 12;
  int32x4_t sums[kChains];
  Repeat<kChains>([&](auto i) POTLUT_INLINE { sums[i] = vdupq_n_s32(i); });
  const int8x16_t x = vdupq_n_s8(3);
  int8x16_t w = vdupq_n_s8(-2);
  for (int64_t r = 0; r < rounds; ++r) {
    Repeat<kChains>([&](auto i) POTLUT_INLINE {
      sums[i] = vdotq_s32(sums[i], x, w);
      __asm__ volatile("" : "+w"(w));  // not known to be the same the next time
    });
  }
  Repeat<kChains>([&](auto i) POTLUT_INLINE { __asm__ volatile("" : : "w"(sums[i])); });
  return rounds * kChains * 16;
}

}  // namespace potlut
