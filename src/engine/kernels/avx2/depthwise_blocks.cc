// Depthwise convolutions in blocks: bytes of two rows in one vpmaddubsw where
// sums fit 16 bits, else int16 of two rows in one vpmaddwd; each column of the
// input is interleaved once.
#include <immintrin.h>

#include "engine/kernels/avx2/requant-inl.h"
#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/depthwise-rows-inl.h"
#include "engine/kernels/unroll-inl.h"

namespace potlut {
namespace {

template <bool kSigned>
inline __m256i Widen8(const uint8_t* p) {
  const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return kSigned ? _mm256_cvtepi8_epi32(x) : _mm256_cvtepu8_epi32(x);
}

// How one form of blocks computes: sixteen channels of kWords.
template <bool kSigned>
struct Words {
  struct Sum {
    __m256i low, high;
  };
  static constexpr int kWeights = 2;  // vectors a tap
  template <bool kBoth>
  struct Column {
    Column(const uint8_t* a, const uint8_t* b) {
      if (kBoth) {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a));
        const __m128i y = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b));
        const __m128i first = _mm_unpacklo_epi8(x, y), second = _mm_unpackhi_epi8(x, y);
        low = kSigned ? _mm256_cvtepi8_epi16(first) : _mm256_cvtepu8_epi16(first);
        high = kSigned ? _mm256_cvtepi8_epi16(second) : _mm256_cvtepu8_epi16(second);
      } else {  // the high half, 0 or -1, meets 0
        low = Widen8<kSigned>(a);
        high = Widen8<kSigned>(a + 8);
      }
    }
    Sum AddTo(Sum sum, const __m256i* w) const {
      return {_mm256_add_epi32(sum.low, _mm256_madd_epi16(low, w[0])),
              _mm256_add_epi32(sum.high, _mm256_madd_epi16(high, w[1]))};
    }
    __m256i low, high;
  };
  struct Scale {
    Scale(const DepthwiseBlocksParams& p, const __m256i* block)
        : start{block[0], block[1]},
          right{block[2], block[3]},
          lo(_mm_set1_epi8(static_cast<char>(p.lo))),
          hi(_mm_set1_epi8(static_cast<char>(p.hi))),
          out_signed(p.lo < 0) {}
    static const __m256i* Weights(const __m256i* block) { return block + 4; }
    void Store(Sum sum, uint8_t* out) const {
      __m256i v = _mm256_packs_epi32(_mm256_srav_epi32(sum.low, right.low),
                                     _mm256_srav_epi32(sum.high, right.high));
      v = _mm256_permute4x64_epi64(v, 0xd8);  // halves in order
      const __m128i a = _mm256_castsi256_si128(v), b = _mm256_extracti128_si256(v, 1);
      const __m128i y = out_signed ? _mm_min_epi8(_mm_max_epi8(_mm_packs_epi16(a, b), lo), hi)
                                   : _mm_min_epu8(_mm_max_epu8(_mm_packus_epi16(a, b), lo), hi);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), y);
    }
    Sum start, right;
    __m128i lo, hi;
    bool out_signed;
  };
};

// Thirty-two channels of kPairs. Signed activations are offset by 128, for
// which the start makes up.
template <bool kSigned>
struct Pairs {
  struct Sum {
    __m256i low, high;
  };
  static constexpr int kWeights = 2;
  static inline __m256i Load(const uint8_t* p) {
    return kSigned ? _mm256_xor_si256(Load8(p), _mm256_set1_epi8(static_cast<char>(0x80)))
                   : Load8(p);
  }
  template <bool kBoth>
  struct Column {
    Column(const uint8_t* a, const uint8_t* b) {
      const __m256i x = Load(a), y = kBoth ? Load(b) : _mm256_setzero_si256();
      low = _mm256_unpacklo_epi8(x, y);
      high = _mm256_unpackhi_epi8(x, y);
    }
    Sum AddTo(Sum sum, const __m256i* w) const {
      return {_mm256_add_epi16(sum.low, _mm256_maddubs_epi16(low, w[0])),
              _mm256_add_epi16(sum.high, _mm256_maddubs_epi16(high, w[1]))};
    }
    __m256i low, high;
  };
  // (v * 2^(15 - n) + 2^14) >> 15 is v shifted by n and rounded.
  struct Scale {
    Scale(const DepthwiseBlocksParams& p, const __m256i* block)
        : start{block[0], block[1]},
          factor{block[2], block[3]},
          lo(_mm256_set1_epi8(static_cast<char>(p.lo))),
          hi(_mm256_set1_epi8(static_cast<char>(p.hi))),
          out_signed(p.lo < 0) {}
    static const __m256i* Weights(const __m256i* block) { return block + 4; }
    void Store(Sum sum, uint8_t* out) const {
      const __m256i low = _mm256_mulhrs_epi16(sum.low, factor.low);
      const __m256i high = _mm256_mulhrs_epi16(sum.high, factor.high);
      __m256i y;
      if (out_signed) {
        y = _mm256_min_epi8(_mm256_max_epi8(_mm256_packs_epi16(low, high), lo), hi);
      } else {
        y = _mm256_min_epu8(_mm256_max_epu8(_mm256_packus_epi16(low, high), lo), hi);
      }
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), y);
    }
    Sum start, factor;
    __m256i lo, hi;
    bool out_signed;
  };
};

// One row of outputs of one block. The sums of the outputs that a column
// belongs to are kept, and move on with the window.
template <typename Form, int kH, int kW, int kStride>
POTLUT_NOINLINE void BlockRow(const DepthwiseBlocksParams& p, const InputRows<kH>& input,
                              const __m256i* block, uint8_t* __restrict out) {
  using Sum = typename Form::Sum;
  constexpr int kGroups = (kH + 1) / 2, kLive = (kW + kStride - 1) / kStride;
  const InputRows<kH> rows = input;
  const int32_t in_w = p.window.in_w, out_w = p.window.out_w, out_step = p.channels;
  const typename Form::Scale scale(p, block);
  const __m256i* const weights = Form::Scale::Weights(block);  // [group][kx]
  Sum acc[kLive];
  const auto at = [&](int r, int32_t x, bool inside) POTLUT_INLINE {
    return inside ? rows.row[r] + x * rows.step[r] : kPaddingPixel;
  };
  const auto meet = [&](const auto& column, int g, int first) POTLUT_INLINE {
    POTLUT_UNROLL
    for (int o = 0; o < kLive; ++o) {
      const int kx = first - o * kStride;
      if (kx >= 0) acc[o] = column.AddTo(acc[o], weights + (g * kW + kx) * Form::kWeights);
    }
  };
  const auto column = [&](int32_t x, int first) POTLUT_INLINE {
    const bool inside = static_cast<uint32_t>(x) < static_cast<uint32_t>(in_w);
    POTLUT_UNROLL
    for (int g = 0; g < kH / 2; ++g) {
      const uint8_t* const a = at(2 * g, x, inside);
      meet(typename Form::template Column<true>(a, at(2 * g + 1, x, inside)), g, first);
    }
    meet(typename Form::template Column<false>(at(kH - 1, x, inside), nullptr), kGroups - 1, first);
  };

  POTLUT_UNROLL
  for (int o = 0; o < kLive; ++o) acc[o] = scale.start;
  int32_t x = -p.window.pad_left;
  POTLUT_UNROLL
  for (int j = 0; j < kW - kStride; ++j) column(x++, j);
  for (int32_t ox = 0; ox < out_w; ++ox, out += out_step) {
    POTLUT_UNROLL
    for (int j = 0; j < kStride; ++j) column(x++, kW - kStride + j);
    scale.Store(acc[0], out);
    // Not a loop, which clang would make a copy in memory.
    if constexpr (kLive > 1) acc[0] = acc[1];
    if constexpr (kLive > 2) acc[1] = acc[2];
    if constexpr (kLive > 3) acc[2] = acc[3];
    if constexpr (kLive > 4) acc[3] = acc[4];
    static_assert(kLive <= 5);
    acc[kLive - 1] = scale.start;
  }
}

template <typename Form, int kH, int kStride>
void Blocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  const DepthwiseShape shape{p.form, p.channels, p.window.kernel_h, p.window.kernel_w};
  ForBlocks(p, shape, share, [&](int32_t oy, DepthwiseBlock b) {
    const InputRows<kH> rows(p, in, oy, b.first);
    BlockRow<Form, kH, kH, kStride>(
        p, rows, reinterpret_cast<const __m256i*>(static_cast<const char*>(p.blocks) + b.offset),
        out + int64_t{oy} * p.window.out_w * p.channels + b.first);
  });
}

template <typename Form>
void Blocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  const bool one = p.window.stride_w == 1;
  if (p.window.kernel_h == 3) {
    one ? Blocks<Form, 3, 1>(p, in, out, share) : Blocks<Form, 3, 2>(p, in, out, share);
  } else {
    one ? Blocks<Form, 5, 1>(p, in, out, share) : Blocks<Form, 5, 2>(p, in, out, share);
  }
}

template <bool kSigned>
void BlocksOf(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  if (p.form == DepthwiseForm::kPairs) {
    Blocks<Pairs<kSigned>>(p, in, out, share);
  } else {
    Blocks<Words<kSigned>>(p, in, out, share);
  }
}

}  // namespace

void Avx2DepthwiseBlocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out,
                         Share share) {
  p.in_signed ? BlocksOf<true>(p, in, out, share) : BlocksOf<false>(p, in, out, share);
}

}  // namespace potlut
