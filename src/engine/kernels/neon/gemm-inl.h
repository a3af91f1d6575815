// Convolutions as products of matrices, on a Product of bytes (product-inl.h): tiles of up to
// kTallest[1] windows by 16 channels. Lanes are signed bytes; unsigned activations of 8 bits are
// offset by -128 while they are gathered, for which the requantisation's start makes up.
#pragma once

#include "engine/kernels/gemm-inl.h"
#include "engine/kernels/neon/copy-inl.h"
#include "engine/kernels/neon/requant-inl.h"

namespace potlut {
namespace {

template <typename Product>
struct GemmTraits {
  using Lane = uint8_t;
  static constexpr int kRows = Product::kTallest[1];
  static constexpr int kPanel = 16;
  static constexpr int kVector = 8;
  static constexpr int kGroup = Product::kGroup;

  static inline void Copy(uint8_t* dst, const uint8_t* src, int64_t n, bool flip) {
    CopyBytes(dst, src, n, flip);
  }

  template <int kHeight, int kPanels>
  static POTLUT_NOINLINE void TileOf(const TileArgs<uint8_t>& t) {
    constexpr int kVectors = 2 * kPanels;
    int32x4_t sums[kHeight][kVectors];
    Repeat<kVectors>([&](auto v) POTLUT_INLINE {
      const int32x4_t first = vld1q_s32(t.requant->start + t.first + 4 * v);
      Repeat<kHeight>([&](auto r) POTLUT_INLINE { sums[r][v] = first; });
    });
    const uint8_t* a = t.a;
    const uint8_t* w = static_cast<const uint8_t*>(t.w);
    const int64_t pitch = t.pitch, bytes = t.steps * kGroup;
    for (int64_t i = 0; i + 4 <= bytes; i += 4, a += 4, w += 16 * kVectors) {
      const auto weights = Product::template Load<kVectors>(w);
      Repeat<kHeight>([&](auto r) POTLUT_INLINE {
        Product::template Add<kVectors>(a + r * pitch, weights, sums[r]);
      });
    }
    if constexpr (kGroup == 2) {
      if (bytes % 4 != 0) {
        Repeat<kHeight>([&](auto r) POTLUT_INLINE {
          Product::template AddPair<kVectors>(a + r * pitch, w, sums[r]);
        });
      }
    }
    const RequantRow<kVectors> requant(*t.requant, t.first);
    const int64_t row = t.out_pitch * (t.requant->wide ? 4 : 1);
    char* const out = static_cast<char*>(t.out);
    Repeat<kHeight>([&](auto r)
                        POTLUT_INLINE { requant.Store(sums[r], t.channels, out + r * row); });
  }

  static inline void Tile(int height, const TileArgs<uint8_t>& t) {
    TileOfHeight<GemmTraits>(height, t);
  }
};

}  // namespace
}  // namespace potlut
