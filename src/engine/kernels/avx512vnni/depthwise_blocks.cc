// Depthwise convolutions in blocks: bytes of four rows in one vpdpbusd, each
// column of the input interleaved once.
#include "engine/kernels/avx512vnni/depthwise-inl.h"
#include "engine/kernels/avx512vnni/tables.h"
#include "engine/kernels/depthwise-rows-inl.h"

namespace potlut {
namespace {

// One row of outputs of one block. The sums of the outputs that a column
// belongs to are kept, and move on with the window.
template <int kWidth, int kH, int kW, int kStride, bool kSigned, bool kMasked>
POTLUT_NOINLINE void QuadRow(const DepthwiseBlocksParams& p, const InputRows<kH>& input,
                             const char* block, int64_t count, uint8_t* __restrict out) {
  using V = Bytes<kWidth>;
  using T = typename V::T;
  constexpr int kGroups = (kH + 3) / 4, kLive = (kW + kStride - 1) / kStride;
  const T* const start = reinterpret_cast<const T*>(block);
  const T* const right = start + 4;
  const T* const weights = right + 4;  // [group][kx][quarter]
  const auto mask = V::MaskOf(count);
  const InputRows<kH> rows = input;
  const int32_t in_w = p.window.in_w, out_w = p.window.out_w, out_step = p.channels;
  const bool out_signed = p.lo < 0;
  const T lo = V::Spread(p.lo), hi = V::Spread(p.hi);

  const auto load = [&](int r, int32_t x, bool inside) POTLUT_INLINE {
    const uint8_t* const at = inside ? rows.row[r] + x * rows.step[r] : kPaddingPixel;
    const T v = kMasked ? V::Load(at, mask) : V::Load(at);
    return kSigned ? V::Xor(v, V::Spread(0x80)) : v;
  };
  T acc[kLive][4];
  // Column x of the input meets the outputs for which it is column first - a *
  // kStride of the window.
  const auto column = [&](int32_t x, int first) POTLUT_INLINE {
    const bool inside = static_cast<uint32_t>(x) < static_cast<uint32_t>(in_w);
    POTLUT_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      T r[4];
      POTLUT_UNROLL
      for (int i = 0; i < 4; ++i) r[i] = 4 * g + i < kH ? load(4 * g + i, x, inside) : V::Zero();
      const T a = V::LowBytes(r[0], r[1]), b = V::HighBytes(r[0], r[1]);
      const T c = V::LowBytes(r[2], r[3]), d = V::HighBytes(r[2], r[3]);
      const T quad[4] = {V::LowWords(a, c), V::HighWords(a, c), V::LowWords(b, d),
                         V::HighWords(b, d)};
      POTLUT_UNROLL
      for (int o = 0; o < kLive; ++o) {
        const int kx = first - o * kStride;
        if (kx < 0) continue;
        POTLUT_UNROLL
        for (int q = 0; q < 4; ++q) {
          acc[o][q] = V::Dot(acc[o][q], quad[q], weights[(g * kW + kx) * 4 + q]);
        }
      }
    }
  };

  POTLUT_UNROLL
  for (int o = 0; o < kLive; ++o) {
    POTLUT_UNROLL
    for (int q = 0; q < 4; ++q) acc[o][q] = start[q];
  }
  int32_t x = -p.window.pad_left;
  POTLUT_UNROLL
  for (int j = 0; j < kW - kStride; ++j) column(x++, j);
  for (int32_t ox = 0; ox < out_w; ++ox, out += out_step) {
    POTLUT_UNROLL
    for (int j = 0; j < kStride; ++j) column(x++, kW - kStride + j);
    T v[4];
    POTLUT_UNROLL
    for (int q = 0; q < 4; ++q) v[q] = V::Shift(acc[0][q], right[q]);
    const T low = V::PackWords(v[0], v[1]), high = V::PackWords(v[2], v[3]);
    const T y = out_signed ? V::ClampSigned(V::PackSigned(low, high), lo, hi)
                           : V::ClampUnsigned(V::PackUnsigned(low, high), lo, hi);
    kMasked ? V::Store(out, y, mask) : V::Store(out, y);
    POTLUT_UNROLL
    for (int o = 0; o + 1 < kLive; ++o) {
      POTLUT_UNROLL
      for (int q = 0; q < 4; ++q) acc[o][q] = acc[o + 1][q];
    }
    POTLUT_UNROLL
    for (int q = 0; q < 4; ++q) acc[kLive - 1][q] = start[q];
  }
}

template <int kH, int kStride, bool kSigned>
void Quads(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  const DepthwiseShape shape{p.form, p.channels, p.window.kernel_h, p.window.kernel_w};
  ForBlocks(p, shape, share, [&](int32_t oy, DepthwiseBlock b) {
    const InputRows<kH> rows(p, in, oy, b.first);
    const char* const block = static_cast<const char*>(p.blocks) + b.offset;
    uint8_t* const y = out + int64_t{oy} * p.window.out_w * p.channels + b.first;
    const int64_t count = p.channels - b.first < b.width ? p.channels - b.first : b.width;
    if (b.width == 64) {
      QuadRow<64, kH, kH, kStride, kSigned, false>(p, rows, block, count, y);
    } else if (b.width == 32) {
      QuadRow<32, kH, kH, kStride, kSigned, false>(p, rows, block, count, y);
    } else if (count == 16) {
      QuadRow<16, kH, kH, kStride, kSigned, false>(p, rows, block, count, y);
    } else {
      QuadRow<16, kH, kH, kStride, kSigned, true>(p, rows, block, count, y);
    }
  });
}

template <bool kSigned>
void Blocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out, Share share) {
  const bool one = p.window.stride_w == 1;
  if (p.window.kernel_h == 3) {
    one ? Quads<3, 1, kSigned>(p, in, out, share) : Quads<3, 2, kSigned>(p, in, out, share);
  } else {
    one ? Quads<5, 1, kSigned>(p, in, out, share) : Quads<5, 2, kSigned>(p, in, out, share);
  }
}

}  // namespace

void Avx512VnniDepthwiseBlocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out,
                               Share share) {
  p.in_signed ? Blocks<true>(p, in, out, share) : Blocks<false>(p, in, out, share);
}

}  // namespace potlut
