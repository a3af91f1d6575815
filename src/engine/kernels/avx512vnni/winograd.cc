// Winograd's convolutions with vpdpbusd (bytes) and vpdpwssd (int16): tiles of 8 by 32 channels.
#include <immintrin.h>

#include "engine/kernels/avx512vnni/epilogue-inl.h"
#include "engine/kernels/avx512vnni/tables.h"
#include "engine/kernels/winograd-inl.h"

namespace potlut {
namespace {

struct WinogradIsa {
  using Sums = __m512i;
  static constexpr int kRows = 8, kPanels = 2, kAhead = 16384;

  static Sums Load(const void* p) { return _mm512_loadu_si512(p); }
  static void Store(void* p, Sums v) { _mm512_storeu_si512(p, v); }
  static Sums Add(Sums a, Sums b) { return _mm512_add_epi32(a, b); }
  static Sums Sub(Sums a, Sums b) { return _mm512_sub_epi32(a, b); }
  template <int kBits>
  static Sums Shl(Sums a) {
    return _mm512_slli_epi32(a, kBits);
  }
  static Sums Scale(Sums a, int32_t factor) {
    return _mm512_mullo_epi32(a, _mm512_set1_epi32(factor));
  }

  // One broadcast against each vector of weights.
  template <typename Lane, int kVectors>
  static POTLUT_INLINE void Dot(int32_t four, const Sums (&w)[kVectors], Sums (&acc)[kVectors]) {
    const __m512i x = _mm512_set1_epi32(four);
    POTLUT_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      acc[v] = sizeof(Lane) == 1 ? _mm512_dpbusd_epi32(acc[v], x, w[v])
                                 : _mm512_dpwssd_epi32(acc[v], x, w[v]);
    }
  }

  class Tail {
   public:
    explicit Tail(const ConvEpilogue& e) : vectors_(e) {}

    // kWidth neighbouring pixels, sixteen channels from `channel` on of `channels`; `at`: where
    // they lie in the maps.
    template <int kWidth>
    POTLUT_INLINE void Store(const Sums (&y)[kWidth], const ConvEpilogue& e, int64_t channel,
                             int64_t channels, const ConvBuffers& b, int64_t at) const {
      const int64_t left = channels - channel;
      __m512i acc[kWidth][1];
      POTLUT_UNROLL
      for (int j = 0; j < kWidth; ++j) acc[j][0] = y[j];
      const TileMaps maps = {e.add.present ? b.residual + at : nullptr,
                             e.first ? static_cast<uint8_t*>(b.out) + at : nullptr,
                             e.rescale.present ? b.second + at : nullptr, channels,
                             left >= 16 ? 0xffffu : (1u << left) - 1};
      if (left < 16) {
        AnyTail(acc, e, channel, maps);
      } else if (vectors_.tail == potlut::Tail::kPlain) {
        PlainTail<true>(acc, e, vectors_, channel, maps);
      } else if (vectors_.tail == potlut::Tail::kAdded) {
        AddedTail<true>(acc, e, vectors_, channel, maps);
      } else {
        AnyTail(acc, e, channel, maps);
      }
    }

   private:
    TailVectors vectors_;
  };
};

using Bytes = Winograd<WinogradIsa, uint8_t>;
using Words16 = Winograd<WinogradIsa, int16_t>;

}  // namespace

void Avx512VnniWinograd(const WinogradParams& p, const ConvBuffers& buffers, Share share) {
  p.tile == 2 ? Bytes::Run(p, buffers, share) : Words16::Run(p, buffers, share);
}

size_t Avx512VnniWinogradScratch(const WinogradParams& p) {
  return p.tile == 2 ? Bytes::Scratch(p) : Words16::Scratch(p);
}

}  // namespace potlut
