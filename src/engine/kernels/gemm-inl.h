// Convolution as gather and tiled matrix product, for one instruction set (included by
// kernels/<isa>/gemm.cc only).
//
// Traits gives:
//   Lane                     uint8_t or int16_t, what a gathered activation is
//   kRows, kPanel, kVector, kGroup
//   Copy(Lane* dst, const uint8_t* src, int64_t n, bool is_signed)   may write kGatherSlack bytes
//   past dst + n Tile(rows, const Lane* a, int64_t pitch, const Weight* w, int32_t channels,
//   int64_t steps, ...)
#pragma once

#include "engine/kernels/kernels.h"

#if defined(__clang__)
#define POTLUT_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define POTLUT_UNROLL _Pragma("GCC unroll 16")
#else
#define POTLUT_UNROLL
#endif

namespace potlut {
namespace {

// One register tile: `rows` windows by `channels` (of a packed panel of `width`), all of k.
template <typename Lane>
struct TileArgs {
  const Lane* a;  // first window
  int64_t pitch;  // lanes from one window to the next
  const void* w;  // packed panel
  int64_t steps;  // k_padded / k_group
  const ConvRequant* requant;
  int64_t first;      // first channel's place in the requantisation arrays
  void* out;          // first element
  int64_t out_pitch;  // elements from one pixel to the next
  int32_t channels;   // valid ones, 1..panel
};

inline int64_t Smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t Larger(int64_t a, int64_t b) { return a > b ? a : b; }

template <typename Lane>
inline void Fill(Lane* dst, int64_t n, Lane value) {
  for (int64_t i = 0; i < n; ++i) dst[i] = value;
}

// Lays window (oy, ox) of channels [c0, c0 + in_per_group) out as one row; what lies outside the
// map is `zero`.
template <typename Traits, typename Lane = typename Traits::Lane>
inline void GatherWindow(const GemmParams& p, const uint8_t* in, int32_t c0, int32_t oy, int32_t ox,
                         Lane zero, Lane* dst) {
  const MapWindow& m = p.window;
  const int64_t c = p.in_per_group;
  const int64_t x0 = int64_t{ox} * m.stride_w - m.pad_left;
  for (int32_t ky = 0; ky < m.kernel_h; ++ky) {
    const int64_t y = int64_t{oy} * m.stride_h - m.pad_top + int64_t{ky} * m.dilation_h;
    if (y < 0 || y >= m.in_h) {
      Fill(dst, m.kernel_w * c, zero);
      dst += m.kernel_w * c;
      continue;
    }
    const uint8_t* row = in + y * m.in_w * p.in_c + c0;
    if (m.dilation_w == 1 && p.groups == 1) {  // the taps of a row are neighbours: one run of bytes
      const int64_t left = Smaller(Larger(-x0, 0), m.kernel_w);
      const int64_t end = Larger(Smaller(m.kernel_w, m.in_w - x0), left);
      Fill(dst, left * c, zero);
      if (end > left)
        Traits::Copy(dst + left * c, row + (x0 + left) * c, (end - left) * c, p.in_signed);
      Fill(dst + end * c, (m.kernel_w - end) * c, zero);
      dst += m.kernel_w * c;
      continue;
    }
    for (int32_t kx = 0; kx < m.kernel_w; ++kx, dst += c) {
      const int64_t x = x0 + int64_t{kx} * m.dilation_w;
      if (x < 0 || x >= m.in_w) {
        Fill(dst, c, zero);
      } else {
        Traits::Copy(dst, row + x * p.in_c, c, p.in_signed);
      }
    }
  }
}

template <typename Traits>
void Gemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch) {
  using Lane = typename Traits::Lane;
  const Lane zero = static_cast<Lane>(sizeof(Lane) == 1 && p.in_signed ? 0x80 : 0);
  const int64_t pixels = int64_t{p.window.out_h} * p.window.out_w;
  const int64_t weight_bytes =
      sizeof(Lane);  // int8 weights meet byte lanes, int16 weights int16 lanes
  const int64_t out_bytes = p.requant.wide ? 4 : 1;

  for (int32_t g = 0; g < p.groups; ++g) {
    const char* const weights =
        static_cast<const char*>(p.weights) + g * int64_t{p.out_padded} * p.k_padded * weight_bytes;
    int32_t oy = 0, ox = 0;
    for (int64_t m0 = 0; m0 < pixels; m0 += p.block) {
      const int64_t rows = Smaller(p.block, pixels - m0);
      const Lane* a;
      if (p.direct) {
        a = reinterpret_cast<const Lane*>(in) + m0 * p.k;
      } else {
        Lane* dst = static_cast<Lane*>(scratch);
        a = dst;
        for (int64_t r = 0; r < rows; ++r, dst += p.k_padded) {
          GatherWindow<Traits>(p, in, g * p.in_per_group, oy, ox, zero, dst);
          Fill(dst + p.k, p.k_padded - p.k, zero);
          if (++ox == p.window.out_w) ox = 0, ++oy;
        }
      }
      for (int32_t n0 = 0; n0 < p.out_per_group; n0 += Traits::kPanel) {
        TileArgs<Lane> t;
        t.pitch = p.k_padded;
        t.w = weights + n0 * p.k_padded * weight_bytes;
        t.steps = p.k_padded / Traits::kGroup;
        t.requant = &p.requant;
        t.first = int64_t{g} * p.out_padded + n0;
        t.out_pitch = p.out_c;
        t.channels = static_cast<int32_t>(Smaller(Traits::kPanel, p.out_per_group - n0));
        // Tiles of equal height instead of full ones and a thin last one.
        int64_t tiles = (rows + Traits::kRows - 1) / Traits::kRows;
        for (int64_t r = 0; tiles > 0; --tiles) {
          const int64_t height = (rows - r + tiles - 1) / tiles;
          t.a = a + r * t.pitch;
          t.out = static_cast<char*>(out) +
                  ((m0 + r) * p.out_c + int64_t{g} * p.out_per_group + n0) * out_bytes;
          Traits::Tile(static_cast<int>(height), t);
          r += height;
        }
      }
    }
  }
}

// Calls Traits::Tile<height, vectors>: a jump table over all heights of a tile.
template <typename Traits, int kHeight = Traits::kRows>
inline void TileOfHeight(int height, const TileArgs<typename Traits::Lane>& t) {
  if constexpr (kHeight > 0) {
    if (height != kHeight) return TileOfHeight<Traits, kHeight - 1>(height, t);
    if (t.channels > Traits::kVector) {
      Traits::template TileOf<kHeight, Traits::kPanel / Traits::kVector>(t);
    } else {
      Traits::template TileOf<kHeight, 1>(t);
    }
  }
}

}  // namespace
}  // namespace potlut
