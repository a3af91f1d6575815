// What a register tile of convolution sums becomes, four channels a vector: requantised bytes, a
// residual added, a second map on another scale.
//
// Narrowing saturates, so that the clamp is done on bytes.
#pragma once

#include <arm_neon.h>

#include "engine/kernels/kernels.h"
#include "engine/kernels/neon/requant-inl.h"

namespace potlut {
namespace {

// kPlain: one map of bytes. kAdded: sums in 16 bits of a residual, and perhaps a second map. Both
// of whole tiles. kAny: everything else.
enum class Tail { kPlain, kAdded, kAny };

inline Tail TailOf(const ConvEpilogue& e, bool whole) {
  if (!whole || e.requant.wide || e.requant.left != nullptr) return Tail::kAny;
  if (!e.add.present && !e.rescale.present) return Tail::kPlain;
  if (e.add.present) {
    const FusedAdd& add = e.add;
    if (add.shift_conv > 15 || add.shift_residual > 15 || add.left != 0 || add.right > 15 ||
        add.round > 32767) {
      return Tail::kAny;
    }
    // Every partial sum wraps at 16 bits, so that only the whole must fit.
    const int64_t r_lo = add.residual_signed ? -128 : 0, r_hi = r_lo + 255;
    const int64_t conv = int64_t{1} << add.shift_conv, residual = int64_t{1} << add.shift_residual;
    if (e.requant.lo * conv + r_lo * residual + add.round < -32768 ||
        e.requant.hi * conv + r_hi * residual + add.round > 32767) {
      return Tail::kAny;
    }
  }
  const bool far = e.rescale.present && (e.rescale.round > 16384 || e.rescale.right > 15);
  return far ? Tail::kAny : Tail::kAdded;
}

// Where a tile's maps begin: at its first pixel and channel.
struct TileMaps {
  const uint8_t* residual;
  void* out;
  uint8_t* second;
  int64_t pitch;  // elements from one pixel to the next
};

inline TileMaps MapsAt(const ConvBuffers& b, const ConvEpilogue& e, int64_t at, int64_t pitch) {
  return {e.add.present ? b.residual + at : nullptr,
          e.first ? static_cast<char*>(b.out) + at * (e.requant.wide ? 4 : 1) : nullptr,
          e.rescale.present ? b.second + at : nullptr, pitch};
}

inline int16x8_t Shifted(int16x8_t v, int32_t left) {
  return vshlq_s16(v, vdupq_n_s16(static_cast<int16_t>(left)));
}
inline int32x4_t Shifted(int32x4_t v, int32_t left) { return vshlq_s32(v, vdupq_n_s32(left)); }

inline int16x8_t Clamped(int16x8_t v, int32_t lo, int32_t hi) {
  return vminq_s16(vmaxq_s16(v, vdupq_n_s16(static_cast<int16_t>(lo))),
                   vdupq_n_s16(static_cast<int16_t>(hi)));
}
inline int32x4_t Clamped(int32x4_t v, int32_t lo, int32_t hi) {
  return vminq_s32(vmaxq_s32(v, vdupq_n_s32(lo)), vdupq_n_s32(hi));
}

// Words to bytes within [lo, hi].
class ByteClamp {
 public:
  ByteClamp(int32_t lo, int32_t hi)
      : lo_(vdup_n_u8(static_cast<uint8_t>(lo))),
        hi_(vdup_n_u8(static_cast<uint8_t>(hi))),
        signed_(lo < 0) {}
  POTLUT_INLINE uint8x8_t operator()(int16x8_t v) const {
    if (!signed_) return vmin_u8(vmax_u8(vqmovun_s16(v), lo_), hi_);
    return vreinterpret_u8_s8(
        vmin_s8(vmax_s8(vqmovn_s16(v), vreinterpret_s8_u8(lo_)), vreinterpret_s8_u8(hi_)));
  }

 private:
  uint8x8_t lo_, hi_;
  bool signed_;
};

// Eight channels of sums as words, rounded already and shifted.
inline POTLUT_INLINE int16x8_t NarrowSums(int32x4_t a, int32x4_t b, int32x4_t shift_a,
                                          int32x4_t shift_b) {
  return vcombine_s16(vqmovn_s32(vshlq_s32(a, shift_a)), vqmovn_s32(vshlq_s32(b, shift_b)));
}

template <int kHeight, int kVectors>
inline POTLUT_INLINE void PlainTail(const int32x4_t (&sums)[kHeight][kVectors],
                                    const ConvEpilogue& e, int64_t channel, const TileMaps& maps) {
  const ByteClamp clamp(e.requant.lo, e.requant.hi);
  uint8_t* const out = static_cast<uint8_t*>(maps.out);
  Repeat<kVectors / 2>([&](auto v) POTLUT_INLINE {
    const int32x4_t low = ShiftsOf(e.requant.right, nullptr, channel + 8 * v);
    const int32x4_t high = ShiftsOf(e.requant.right, nullptr, channel + 8 * v + 4);
    Repeat<kHeight>([&](auto r) POTLUT_INLINE {
      const int16x8_t words = NarrowSums(sums[r][2 * v], sums[r][2 * v + 1], low, high);
      vst1_u8(out + r * maps.pitch + 8 * v, clamp(words));
    });
  });
}

template <int kHeight, int kVectors>
inline POTLUT_INLINE void AddedTail(const int32x4_t (&sums)[kHeight][kVectors],
                                    const ConvEpilogue& e, int64_t channel, const TileMaps& maps) {
  const FusedAdd& add = e.add;
  const ByteClamp first =
      add.present ? ByteClamp(add.lo, add.hi) : ByteClamp(e.requant.lo, e.requant.hi);
  const ByteClamp second(e.rescale.lo, e.rescale.hi);
  uint8_t* const out = static_cast<uint8_t*>(maps.out);
  Repeat<kVectors / 2>([&](auto v) POTLUT_INLINE {
    const int32x4_t low = ShiftsOf(e.requant.right, nullptr, channel + 8 * v);
    const int32x4_t high = ShiftsOf(e.requant.right, nullptr, channel + 8 * v + 4);
    Repeat<kHeight>([&](auto r) POTLUT_INLINE {
      const int64_t at = r * maps.pitch + 8 * v;
      int16x8_t y = NarrowSums(sums[r][2 * v], sums[r][2 * v + 1], low, high);
      y = Clamped(y, e.requant.lo, e.requant.hi);
      if (add.present) {
        const uint8x8_t bytes = vld1_u8(maps.residual + at);
        const int16x8_t x = add.residual_signed ? vmovl_s8(vreinterpret_s8_u8(bytes))
                                                : vreinterpretq_s16_u16(vmovl_u8(bytes));
        y = vaddq_s16(Shifted(y, add.shift_conv), Shifted(x, add.shift_residual));
        y = vaddq_s16(y, vdupq_n_s16(static_cast<int16_t>(add.round)));
        y = Clamped(Shifted(y, -add.right), add.lo, add.hi);
      }
      if (e.first) vst1_u8(out + at, first(y));
      if (e.rescale.present) {
        y = vaddq_s16(y, vdupq_n_s16(static_cast<int16_t>(e.rescale.round)));
        vst1_u8(maps.second + at, second(Shifted(y, -e.rescale.right)));
      }
    });
  });
}

// The low bytes of four words.
inline void StoreFour(int32x4_t v, uint8_t* out) {
  const int8x8_t bytes = LowBytes(v, v);
  __builtin_memcpy(out, &bytes, 4);
}

// Four sums of one pixel through any epilogue.
inline void AnyVector(int32x4_t sums, const ConvEpilogue& e, int64_t channel,
                      const uint8_t* residual, void* out, uint8_t* second) {
  int32x4_t v = vshlq_s32(sums, ShiftsOf(e.requant.right, e.requant.left, channel));
  v = Clamped(v, e.requant.lo, e.requant.hi);
  if (e.add.present) {
    int32_t r[4];
    for (int i = 0; i < 4; ++i) {
      r[i] = e.add.residual_signed ? static_cast<int8_t>(residual[i]) : residual[i];
    }
    v = vaddq_s32(Shifted(v, e.add.shift_conv), Shifted(vld1q_s32(r), e.add.shift_residual));
    v = Shifted(vaddq_s32(v, vdupq_n_s32(e.add.round)), -e.add.right);
    v = Clamped(Shifted(v, e.add.left), e.add.lo, e.add.hi);
  }
  if (e.first && e.requant.wide) vst1q_s32(static_cast<int32_t*>(out), v);
  if (e.first && !e.requant.wide) StoreFour(v, static_cast<uint8_t*>(out));
  if (e.rescale.present) {
    v = Shifted(vaddq_s32(v, vdupq_n_s32(e.rescale.round)), -e.rescale.right);
    StoreFour(Clamped(v, e.rescale.lo, e.rescale.hi), second);
  }
}

// The first `channels` of kVectors * 4, which may be fewer.
template <int kHeight, int kVectors>
POTLUT_NOINLINE void AnyTail(const int32x4_t (&sums)[kHeight][kVectors], const ConvEpilogue& e,
                             int64_t channel, int32_t channels, const TileMaps& maps) {
  const int64_t size = e.requant.wide ? 4 : 1;
  for (int r = 0; r < kHeight; ++r) {
    for (int v = 0; v < kVectors && 4 * v < channels; ++v) {
      const int64_t c = 4 * v, at = r * maps.pitch + c;
      const size_t count = static_cast<size_t>(channels - c < 4 ? channels - c : 4);
      // By copies on the stack, as no byte past the valid channels may be touched.
      uint8_t residual[4] = {}, second[4];
      int32_t out[4];
      if (e.add.present) __builtin_memcpy(residual, maps.residual + at, count);
      AnyVector(sums[r][v], e, channel + c, residual, out, second);
      if (e.first) {
        __builtin_memcpy(static_cast<char*>(maps.out) + at * size, out,
                         count * static_cast<size_t>(size));
      }
      if (e.rescale.present) __builtin_memcpy(maps.second + at, second, count);
    }
  }
}

}  // namespace
}  // namespace potlut
