// The pace of two products of bytes in 16 bits, widened in pairs.
#include <arm_neon.h>

#include "engine/kernels/neon/repeat-inl.h"
#include "engine/kernels/neon/tables.h"

namespace potlut {

int64_t NeonPeak(int64_t rounds) {
  constexpr int kChains = 12;
  int32x4_t sums[kChains];
  Repeat<kChains>([&](auto i) POTLUT_INLINE { sums[i] = vdupq_n_s32(i); });
  const int8x8_t x = vdup_n_s8(3);
  int8x8_t w = vdup_n_s8(-2);
  for (int64_t r = 0; r < rounds; ++r) {
    Repeat<kChains>([&](auto i) POTLUT_INLINE {
      const int16x8_t one = vmull_s8(x, w);
      __asm__ volatile("" : "+w"(w));  // not known to be the same the next time
      sums[i] = vpadalq_s16(sums[i], vmlal_s8(one, x, w));
    });
  }
  Repeat<kChains>([&](auto i) POTLUT_INLINE { __asm__ volatile("" : : "w"(sums[i])); });
  return rounds * kChains * 16;
}

}  // namespace potlut
