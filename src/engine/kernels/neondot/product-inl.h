// Products of bytes with sdot: four of a channel at a time.
#pragma once

#include <arm_neon.h>

#include "engine/kernels/kernels.h"
#include "engine/kernels/neon/repeat-inl.h"

namespace potlut {
namespace {

struct DotProduct {
  static constexpr int kGroup = 4;           // bytes of a channel that lie together
  static constexpr int kTallest[] = {8, 6};  // tiles of 8 and of 16 channels

  // Of kVectors * 4 channels four bytes each: [channel][4].
  template <int kVectors>
  struct Weights {
    int8x16_t fours[kVectors];
  };

  template <int kVectors>
  static POTLUT_INLINE Weights<kVectors> Load(const uint8_t* w) {
    Weights<kVectors> weights;
    Repeat<kVectors>([&](auto v) POTLUT_INLINE {
      weights.fours[v] = vld1q_s8(reinterpret_cast<const int8_t*>(w) + 16 * v);
    });
    return weights;
  }

  // Sixteen channels of codes, [channel of the first half][4], those of the other half in the high
  // bits.
  static POTLUT_INLINE Weights<4> Decode(const uint8_t* w, int8x16_t levels) {
    Weights<4> weights;
    Repeat<2>([&](auto v) POTLUT_INLINE {
      const uint8x16_t codes = vld1q_u8(w + 16 * v);
      weights.fours[v] = vqtbl1q_s8(levels, vandq_u8(codes, vdupq_n_u8(15)));
      weights.fours[v + 2] = vqtbl1q_s8(levels, vshrq_n_u8(codes, 4));
    });
    return weights;
  }

  // Adds the products of four bytes of the activations.
  template <int kVectors>
  static POTLUT_INLINE void Add(const uint8_t* a, const Weights<kVectors>& w,
                                int32x4_t (&sums)[kVectors]) {
    int32_t four;
    __builtin_memcpy(&four, a, 4);
    const int8x8_t x = vreinterpret_s8_s32(vset_lane_s32(four, vdup_n_s32(0), 0));
    Repeat<kVectors>([&](auto v)
                         POTLUT_INLINE { sums[v] = vdotq_lane_s32(sums[v], w.fours[v], x, 0); });
  }
};

}  // namespace
}  // namespace potlut
