// Products of bytes without the dot-product instructions: smull and smlal of two neighbouring pairs
// in 16 bits, which always fit (no level is -128, so 2 * 128 * 127 is the most), then sadalp.
#pragma once

#include <arm_neon.h>

#include "engine/kernels/kernels.h"
#include "engine/kernels/neon/repeat-inl.h"

namespace potlut {
namespace {

struct WideProduct {
  static constexpr int kGroup = 2;           // bytes of a channel that lie together
  static constexpr int kTallest[] = {8, 4};  // tiles of 8 and of 16 channels

  // Of kVectors * 4 channels four bytes each: [2][channel][2].
  template <int kVectors>
  struct Weights {
    int8x16_t pairs[kVectors];
  };

  template <int kVectors>
  static POTLUT_INLINE Weights<kVectors> Load(const uint8_t* w) {
    Weights<kVectors> weights;
    Repeat<kVectors>([&](auto v) POTLUT_INLINE {
      weights.pairs[v] = vld1q_s8(reinterpret_cast<const int8_t*>(w) + 16 * v);
    });
    return weights;
  }

  // Sixteen channels of codes, [2][channel of the first half][2], those of the other half in the
  // high bits.
  static POTLUT_INLINE Weights<4> Decode(const uint8_t* w, int8x16_t levels) {
    Weights<4> weights;
    Repeat<2>([&](auto half) POTLUT_INLINE {
      const uint8x16_t codes = vld1q_u8(w + 16 * half);
      weights.pairs[2 * half] = vqtbl1q_s8(levels, vandq_u8(codes, vdupq_n_u8(15)));
      weights.pairs[2 * half + 1] = vqtbl1q_s8(levels, vshrq_n_u8(codes, 4));
    });
    return weights;
  }

  // Adds the products of four bytes of the activations.
  template <int kVectors>
  static POTLUT_INLINE void Add(const uint8_t* a, const Weights<kVectors>& w,
                                int32x4_t (&sums)[kVectors]) {
    int32_t four;
    __builtin_memcpy(&four, a, 4);
    const int16x4_t x = vreinterpret_s16_s32(vdup_n_s32(four));
    const int8x16_t first = vreinterpretq_s8_s16(vdupq_lane_s16(x, 0));
    const int8x16_t second = vreinterpretq_s8_s16(vdupq_lane_s16(x, 1));
    Repeat<kVectors / 2>([&](auto v) POTLUT_INLINE {
      const int8x16_t one = w.pairs[v], two = w.pairs[v + kVectors / 2];
      int16x8_t low = vmull_s8(vget_low_s8(one), vget_low_s8(first));
      int16x8_t high = vmull_high_s8(one, first);
      low = vmlal_s8(low, vget_low_s8(two), vget_low_s8(second));
      high = vmlal_high_s8(high, two, second);
      sums[2 * v] = vpadalq_s16(sums[2 * v], low);
      sums[2 * v + 1] = vpadalq_s16(sums[2 * v + 1], high);
    });
  }

  // The same of two bytes, for the last half of a step.
  template <int kVectors>
  static POTLUT_INLINE void AddPair(const uint8_t* a, const uint8_t* w,
                                    int32x4_t (&sums)[kVectors]) {
    int16_t two;
    __builtin_memcpy(&two, a, 2);
    const int8x16_t first = vreinterpretq_s8_s16(vdupq_n_s16(two));
    Repeat<kVectors / 2>([&](auto v) POTLUT_INLINE {
      const int8x16_t one = vld1q_s8(reinterpret_cast<const int8_t*>(w) + 16 * v);
      sums[2 * v] = vpadalq_s16(sums[2 * v], vmull_s8(vget_low_s8(one), vget_low_s8(first)));
      sums[2 * v + 1] = vpadalq_s16(sums[2 * v + 1], vmull_high_s8(one, first));
    });
  }
};

}  // namespace
}  // namespace potlut
