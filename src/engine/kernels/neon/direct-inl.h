// Direct convolutions on a Product of bytes (product-inl.h): tiles of up to kTallest[1] pixels by
// 16 channels or kTallest[0] by 8, four bytes of a run at a time. See gemm-inl.h for the offset of
// activations.
#pragma once

#include "engine/kernels/direct-inl.h"
#include "engine/kernels/neon/copy-inl.h"
#include "engine/kernels/neon/epilogue-inl.h"

namespace potlut {
namespace {

template <typename Product, int kHeight, int kVectors, bool kCoded, Tail kTail>
POTLUT_NOINLINE void DirectTileOf(const DirectTile& t) {
  const DirectParams& p = *t.params;
  const ConvEpilogue& e = p.epilogue;
  int32x4_t sums[kHeight][kVectors];
  Repeat<kVectors>([&](auto v) POTLUT_INLINE {
    const int32x4_t first = vld1q_s32(e.requant.start + t.channel + 4 * v);
    Repeat<kHeight>([&](auto r) POTLUT_INLINE { sums[r][v] = first; });
  });
  const int8x16_t levels = vld1q_s8(p.weights.levels);
  const uint8_t* w = t.w;
  const int64_t pitch = t.pitch, run = p.run;
  for (int32_t ky = 0; ky < p.window.kernel_h; ++ky) {
    const uint8_t* a = t.a + t.runs[ky];
    const uint8_t* const end = a + run;
    do {
      typename Product::template Weights<kVectors> weights;
      if constexpr (kCoded) {
        weights = Product::Decode(w, levels);
      } else {
        weights = Product::template Load<kVectors>(w);
      }
      w += kVectors * (kCoded ? 8 : 16);
      Repeat<kHeight>([&](auto r) POTLUT_INLINE {
        Product::template Add<kVectors>(a + r * pitch, weights, sums[r]);
      });
      a += 4;
    } while (a != end);
  }
  const TileMaps maps = MapsAt(*t.buffers, e, t.pixel * p.out_c + t.channel, p.out_c);
  if constexpr (kTail == Tail::kPlain) PlainTail(sums, e, t.channel, maps);
  if constexpr (kTail == Tail::kAdded) AddedTail(sums, e, t.channel, maps);
  if constexpr (kTail == Tail::kAny) AnyTail(sums, e, t.channel, t.channels, maps);
}

template <typename Product, int kVectors, bool kCoded, Tail kTail,
          int kHeight = Product::kTallest[kVectors == 4]>
inline void DirectTileOfHeight(const DirectTile& t) {
  if constexpr (kHeight > 0) {
    if (t.height != kHeight) {
      return DirectTileOfHeight<Product, kVectors, kCoded, kTail, kHeight - 1>(t);
    }
    DirectTileOf<Product, kHeight, kVectors, kCoded, kTail>(t);
  }
}

template <typename Product>
struct DirectTraits {
  static constexpr int kPanel = 16;

  static int64_t Height(int64_t channels) { return Product::kTallest[channels > 8]; }

  static inline void Copy(uint8_t* dst, const uint8_t* src, int64_t n, bool flip) {
    CopyBytes(dst, src, n, flip);
  }
  static inline void Fill(uint8_t* dst, int64_t n, uint8_t value) { FillBytes(dst, n, value); }

  template <Tail kTail>
  static inline void TileWith(const DirectTile& t) {
    if (t.width <= 8) {  // never coded, and seldom: one tail will do
      return DirectTileOfHeight<Product, 2, false, Tail::kAny>(t);
    }
    t.params->weights.coded ? DirectTileOfHeight<Product, 4, true, kTail>(t)
                            : DirectTileOfHeight<Product, 4, false, kTail>(t);
  }
  static inline void Tile(const DirectTile& t) {
    switch (TailOf(t.params->epilogue, t.channels == t.width)) {
      case Tail::kPlain:
        return TileWith<Tail::kPlain>(t);
      case Tail::kAdded:
        return TileWith<Tail::kAdded>(t);
      case Tail::kAny:
        return TileWith<Tail::kAny>(t);
    }
  }
};

}  // namespace
}  // namespace potlut
