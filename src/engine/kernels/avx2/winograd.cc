// Winograd's convolutions with vpmaddubsw (bytes, whose pairs do not saturate) and vpmaddwd
// (int16): tiles of 6 by 16 channels.
#include <immintrin.h>

#include "engine/kernels/avx2/epilogue-inl.h"
#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/winograd-inl.h"

namespace potlut {
namespace {

struct WinogradIsa {
  struct Sums {
    __m256i half[2];
  };
  static constexpr int kRows = 6, kPanels = 1, kAhead = 2048;

  static POTLUT_INLINE Sums Load(const void* p) {
    const char* const at = static_cast<const char*>(p);
    return {{Load8(at), Load8(at + 32)}};
  }
  static POTLUT_INLINE void Store(void* p, const Sums& v) {
    __m256i* const at = static_cast<__m256i*>(p);
    _mm256_storeu_si256(at, v.half[0]);
    _mm256_storeu_si256(at + 1, v.half[1]);
  }
  static POTLUT_INLINE Sums Add(const Sums& a, const Sums& b) {
    return {{_mm256_add_epi32(a.half[0], b.half[0]), _mm256_add_epi32(a.half[1], b.half[1])}};
  }
  static POTLUT_INLINE Sums Sub(const Sums& a, const Sums& b) {
    return {{_mm256_sub_epi32(a.half[0], b.half[0]), _mm256_sub_epi32(a.half[1], b.half[1])}};
  }
  template <int kBits>
  static POTLUT_INLINE Sums Shl(const Sums& a) {
    return {{_mm256_slli_epi32(a.half[0], kBits), _mm256_slli_epi32(a.half[1], kBits)}};
  }
  static POTLUT_INLINE Sums Scale(const Sums& a, int32_t factor) {
    const __m256i f = _mm256_set1_epi32(factor);
    return {{_mm256_mullo_epi32(a.half[0], f), _mm256_mullo_epi32(a.half[1], f)}};
  }

  template <typename Lane>
  static POTLUT_INLINE void Dot(int32_t four, const Sums (&w)[1], Sums (&acc)[1]) {
    const __m256i x = _mm256_set1_epi32(four);
    POTLUT_UNROLL
    for (int h = 0; h < 2; ++h) {
      const __m256i product =
          sizeof(Lane) == 1
              ? _mm256_madd_epi16(_mm256_maddubs_epi16(x, w[0].half[h]), _mm256_set1_epi16(1))
              : _mm256_madd_epi16(x, w[0].half[h]);
      acc[0].half[h] = _mm256_add_epi32(acc[0].half[h], product);
    }
  }

  class Tail {
   public:
    explicit Tail(const ConvEpilogue& e) : tail_(TailOf(e, true)) {}

    // kWidth neighbouring pixels, sixteen channels from `channel` on of `channels`; `at`: where
    // they lie in the maps.
    template <int kWidth>
    POTLUT_INLINE void Store(const Sums (&y)[kWidth], const ConvEpilogue& e, int64_t channel,
                             int64_t channels, const ConvBuffers& b, int64_t at) const {
      const int64_t left = channels - channel;
      __m256i acc[kWidth][2];
      POTLUT_UNROLL
      for (int j = 0; j < kWidth; ++j) {
        acc[j][0] = y[j].half[0];
        acc[j][1] = y[j].half[1];
      }
      const TileMaps maps = {e.add.present ? b.residual + at : nullptr,
                             e.first ? static_cast<uint8_t*>(b.out) + at : nullptr,
                             e.rescale.present ? b.second + at : nullptr, channels};
      if (left < 16) {
        AnyTail(acc, e, channel, static_cast<int32_t>(left), maps);
      } else if (tail_ == potlut::Tail::kPlain) {
        PlainTail(acc, e, channel, maps);
      } else if (tail_ == potlut::Tail::kAdded) {
        AddedTail(acc, e, channel, maps);
      } else {
        AnyTail(acc, e, channel, 16, maps);
      }
    }

   private:
    potlut::Tail tail_;
  };
};

using Bytes = Winograd<WinogradIsa, uint8_t>;
using Words16 = Winograd<WinogradIsa, int16_t>;

}  // namespace

void Avx2Winograd(const WinogradParams& p, const ConvBuffers& buffers, Share share) {
  p.tile == 2 ? Bytes::Run(p, buffers, share) : Words16::Run(p, buffers, share);
}

size_t Avx2WinogradScratch(const WinogradParams& p) {
  return p.tile == 2 ? Bytes::Scratch(p) : Words16::Scratch(p);
}

}  // namespace potlut
