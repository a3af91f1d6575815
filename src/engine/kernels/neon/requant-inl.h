// Sums of 32 bits to outputs: shift, clamp, narrow, store.
#pragma once

#include <arm_neon.h>

#include "engine/kernels/kernels.h"
#include "engine/kernels/neon/repeat-inl.h"

namespace potlut {
namespace {

// Four channels' net shifts to the left: one of a channel's two shifts is 0. `left` may be null.
inline int32x4_t ShiftsOf(const int32_t* right, const int32_t* left, int64_t channel) {
  const int32x4_t to_right = vnegq_s32(vld1q_s32(right + channel));
  return left == nullptr ? to_right : vaddq_s32(to_right, vld1q_s32(left + channel));
}

// The low bytes of four or of two times four words.
inline int8x8_t LowBytes(int32x4_t a, int32x4_t b) {
  return vmovn_s16(vcombine_s16(vmovn_s32(a), vmovn_s32(b)));
}

// kVectors * 4 channels of one pixel.
template <int kVectors>
class RequantRow {
 public:
  // Channels from `first` on: the arrays hold that many, padded.
  RequantRow(const ConvRequant& q, int64_t first)
      : lo_(vdupq_n_s32(q.lo)), hi_(vdupq_n_s32(q.hi)), wide_(q.wide) {
    Repeat<kVectors>([&](auto v)
                         POTLUT_INLINE { shift_[v] = ShiftsOf(q.right, q.left, first + 4 * v); });
  }

  // Stores the first `count` (all where it is more).
  POTLUT_INLINE void Store(const int32x4_t (&sums)[kVectors], int64_t count, void* out) const {
    int32x4_t y[kVectors];
    Repeat<kVectors>([&](auto v) POTLUT_INLINE {
      y[v] = vminq_s32(vmaxq_s32(vshlq_s32(sums[v], shift_[v]), lo_), hi_);
    });
    if (count >= 4 * kVectors) return Put(y, out);
    int32_t part[4 * kVectors];
    Put(y, part);
    __builtin_memcpy(out, part, static_cast<size_t>(count) * (wide_ ? 4 : 1));
  }

 private:
  POTLUT_INLINE void Put(const int32x4_t (&y)[kVectors], void* out) const {
    if (wide_) {
      Repeat<kVectors>([&](auto v)
                           POTLUT_INLINE { vst1q_s32(static_cast<int32_t*>(out) + 4 * v, y[v]); });
    } else {
      Repeat<kVectors / 2>([&](auto v) POTLUT_INLINE {
        vst1_s8(static_cast<int8_t*>(out) + 8 * v, LowBytes(y[2 * v], y[2 * v + 1]));
      });
    }
  }

  int32x4_t shift_[kVectors], lo_, hi_;
  bool wide_;
};

}  // namespace
}  // namespace potlut
