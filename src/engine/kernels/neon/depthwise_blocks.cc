// Depthwise convolutions in blocks: bytes of one row at a time by smlal, with sums of 16 bits where
// these fit (they may wrap on the way), else int16 with sums of 32 bits; each column of the input
// is read once.
#include <arm_neon.h>

#include "engine/kernels/depthwise-rows-inl.h"
#include "engine/kernels/neon/repeat-inl.h"
#include "engine/kernels/neon/tables.h"

namespace potlut {
namespace {

// Sixteen channels of kBytesOfRow. Unsigned activations are offset by -128 (those of 7 bits and
// less too), for which the start makes up.
template <bool kSigned>
struct Bytes {
  struct Sum {
    int16x8_t low, high;
  };
  using Vector = int8x16_t;
  static constexpr int kWidth = 16;

  explicit Bytes(const DepthwiseBlocksParams& p, const char* block)
      : start(SumAt(block)),
        factor(SumAt(block + 32)),
        lo(vdupq_n_u8(static_cast<uint8_t>(p.lo))),
        hi(vdupq_n_u8(static_cast<uint8_t>(p.hi))),
        out_signed(p.lo < 0) {}
  static Sum SumAt(const char* at) {
    const int16_t* const words = reinterpret_cast<const int16_t*>(at);
    return {vld1q_s16(words), vld1q_s16(words + 8)};
  }
  static const char* Weights(const char* block) { return block + 64; }
  static POTLUT_INLINE Vector Weight(const char* at) {
    return vld1q_s8(reinterpret_cast<const int8_t*>(at));
  }
  static POTLUT_INLINE Vector Load(const uint8_t* p) {
    const uint8x16_t x = vld1q_u8(p);
    return vreinterpretq_s8_u8(kSigned ? x : veorq_u8(x, vdupq_n_u8(0x80)));
  }
  static POTLUT_INLINE Sum Add(const Sum& sum, Vector x, Vector w) {
    return {vmlal_s8(sum.low, vget_low_s8(x), vget_low_s8(w)), vmlal_high_s8(sum.high, x, w)};
  }
  // (v * 2^(15 - n) + 2^14) >> 15 is v shifted by n and rounded.
  POTLUT_INLINE void Store(const Sum& sum, uint8_t* out) const {
    const int16x8_t low = vqrdmulhq_s16(sum.low, factor.low);
    const int16x8_t high = vqrdmulhq_s16(sum.high, factor.high);
    if (out_signed) {
      const int8x16_t y = vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
      vst1q_u8(out, vreinterpretq_u8_s8(
                        vminq_s8(vmaxq_s8(y, vreinterpretq_s8_u8(lo)), vreinterpretq_s8_u8(hi))));
    } else {
      const uint8x16_t y = vcombine_u8(vqmovun_s16(low), vqmovun_s16(high));
      vst1q_u8(out, vminq_u8(vmaxq_u8(y, lo), hi));
    }
  }

  Sum start, factor;
  uint8x16_t lo, hi;
  bool out_signed;
};

// Eight channels of kWordsOfRow.
template <bool kSigned>
struct Words {
  struct Sum {
    int32x4_t low, high;
  };
  using Vector = int16x8_t;
  static constexpr int kWidth = 8;

  explicit Words(const DepthwiseBlocksParams& p, const char* block)
      : start(SumAt(block)),
        left(SumAt(block + 32)),
        lo(vdup_n_u8(static_cast<uint8_t>(p.lo))),
        hi(vdup_n_u8(static_cast<uint8_t>(p.hi))),
        out_signed(p.lo < 0) {
    left = {vnegq_s32(left.low), vnegq_s32(left.high)};
  }
  static Sum SumAt(const char* at) {
    const int32_t* const words = reinterpret_cast<const int32_t*>(at);
    return {vld1q_s32(words), vld1q_s32(words + 4)};
  }
  static const char* Weights(const char* block) { return block + 64; }
  static POTLUT_INLINE Vector Weight(const char* at) {
    return vld1q_s16(reinterpret_cast<const int16_t*>(at));
  }
  static POTLUT_INLINE Vector Load(const uint8_t* p) {
    const uint8x8_t x = vld1_u8(p);
    return kSigned ? vmovl_s8(vreinterpret_s8_u8(x)) : vreinterpretq_s16_u16(vmovl_u8(x));
  }
  static POTLUT_INLINE Sum Add(const Sum& sum, Vector x, Vector w) {
    return {vmlal_s16(sum.low, vget_low_s16(x), vget_low_s16(w)), vmlal_high_s16(sum.high, x, w)};
  }
  POTLUT_INLINE void Store(const Sum& sum, uint8_t* out) const {
    const int16x8_t words = vcombine_s16(vqmovn_s32(vshlq_s32(sum.low, left.low)),
                                         vqmovn_s32(vshlq_s32(sum.high, left.high)));
    if (out_signed) {
      const int8x8_t y = vmax_s8(vqmovn_s16(words), vreinterpret_s8_u8(lo));
      vst1_u8(out, vreinterpret_u8_s8(vmin_s8(y, vreinterpret_s8_u8(hi))));
    } else {
      vst1_u8(out, vmin_u8(vmax_u8(vqmovun_s16(words), lo), hi));
    }
  }

  Sum start, left;
  uint8x8_t lo, hi;
  bool out_signed;
};

// One row of outputs of one block. The sums of the outputs that a column belongs to are kept, and
// move on with the window.
template <typename Form, int kSide, int kStride>
POTLUT_NOINLINE void BlockRow(const DepthwiseBlocksParams& p, const InputRows<kSide>& input,
                              const char* block, uint8_t* __restrict out) {
  using Sum = typename Form::Sum;
  using Vector = typename Form::Vector;
  constexpr int kLive = (kSide + kStride - 1) / kStride;
  const InputRows<kSide> rows = input;
  const int32_t in_w = p.window.in_w, out_w = p.window.out_w, out_step = p.channels;
  const Form form(p, block);
  Vector weights[kSide * kSide];
  Repeat<kSide>([&](auto ky) POTLUT_INLINE {
    Repeat<kSide>([&](auto kx) POTLUT_INLINE {
      constexpr int kTap = ky * kSide + kx;
      weights[kTap] = Form::Weight(Form::Weights(block) + kTap * sizeof(Vector));
    });
  });
  Sum sums[kLive];
  // Column x of the input, which is column kFirst - o * kStride of the window of sum o.
  const auto column = [&](int32_t x, auto first) POTLUT_INLINE {
    constexpr int kFirst = decltype(first)::value;
    const bool inside = static_cast<uint32_t>(x) < static_cast<uint32_t>(in_w);
    Repeat<kSide>([&](auto ky) POTLUT_INLINE {
      const Vector v = Form::Load(inside ? rows.row[ky] + x * rows.step[ky] : kPaddingPixel);
      Repeat<kLive>([&](auto o) POTLUT_INLINE {
        constexpr int kColumn = kFirst - decltype(o)::value * kStride;
        if constexpr (kColumn >= 0) {
          sums[o] = Form::Add(sums[o], v, weights[ky * kSide + kColumn]);
        }
      });
    });
  };

  Repeat<kLive>([&](auto o) POTLUT_INLINE { sums[o] = form.start; });
  int32_t x = -p.window.pad_left;
  Repeat<kSide - kStride>([&](auto j) POTLUT_INLINE { column(x++, j); });
  for (int32_t ox = 0; ox < out_w; ++ox, out += out_step) {
    Repeat<kStride>(
        [&](auto j) POTLUT_INLINE { column(x++, Index<kSide - kStride + decltype(j)::value>{}); });
    form.Store(sums[0], out);
    Repeat<kLive - 1>([&](auto o) POTLUT_INLINE { sums[o] = sums[o + 1]; });
    sums[kLive - 1] = form.start;
  }
}

template <typename Form, int kSide, int kStride>
void Rows(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  const DepthwiseShape shape{p.form, p.channels, p.window.kernel_h, p.window.kernel_w};
  ForBlocks(p, shape, share, [&](int32_t oy, DepthwiseBlock b) {
    const InputRows<kSide> rows(p, in, oy, b.first);
    BlockRow<Form, kSide, kStride>(p, rows, static_cast<const char*>(p.blocks) + b.offset,
                                   out + int64_t{oy} * p.window.out_w * p.channels + b.first);
  });
}

template <typename Form>
void Blocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  const bool one = p.window.stride_w == 1;
  if (p.window.kernel_h == 3) {
    one ? Rows<Form, 3, 1>(p, in, out, share) : Rows<Form, 3, 2>(p, in, out, share);
  } else {
    one ? Rows<Form, 5, 1>(p, in, out, share) : Rows<Form, 5, 2>(p, in, out, share);
  }
}

template <bool kSigned>
void BlocksOf(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  p.form == DepthwiseForm::kBytesOfRow ? Blocks<Bytes<kSigned>>(p, in, out, share)
                                       : Blocks<Words<kSigned>>(p, in, out, share);
}

}  // namespace

void NeonDepthwiseBlocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out,
                         Share share) {
  p.in_signed ? BlocksOf<true>(p, in, out, share) : BlocksOf<false>(p, in, out, share);
}

}  // namespace potlut
