// Convolutions with vpdpbusd: tiles of 12 windows by 32 channels, four k at a time.
//
// Signed activations are offset by 128 while they are gathered; the requantisation's start takes
// 128 times the sum of the weights off again. The non-saturating vpdpbusd wraps at 2^32 like the
// correction, and the true sum fits.
#include <immintrin.h>

#include "engine/kernels/avx512vnni/requant-inl.h"
#include "engine/kernels/avx512vnni/tables.h"
#include "engine/kernels/gemm-inl.h"

namespace potlut {
namespace {

struct Traits {
  using Lane = uint8_t;
  static constexpr int kRows = 12;
  static constexpr int kPanel = 32;
  static constexpr int kVector = 16;
  static constexpr int kGroup = 4;

  // Stores whole vectors; what goes past the end is overwritten by what follows, or is slack.
  static inline void Copy(uint8_t* dst, const uint8_t* src, int64_t n, bool is_signed) {
    const __m512i flip = _mm512_set1_epi8(is_signed ? static_cast<char>(0x80) : 0);
    for (; n > 64; n -= 64, dst += 64, src += 64) {
      _mm512_storeu_si512(dst, _mm512_xor_si512(_mm512_loadu_si512(src), flip));
    }
    const __mmask64 mask = ~uint64_t{0} >> (64 - n);
    _mm512_storeu_si512(dst, _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, src), flip));
  }

  template <int kHeight, int kVectors>
  static void TileOf(const TileArgs<uint8_t>& t) {
    __m512i acc[kHeight][kVectors];
    const int32_t* start = t.requant->start + t.first;
    POTLUT_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m512i first = _mm512_loadu_si512(start + 16 * v);
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) acc[r][v] = first;
    }
    const uint8_t* a = t.a;
    const int8_t* w = static_cast<const int8_t*>(t.w);
    for (int64_t s = 0; s < t.steps; ++s, a += 4, w += 64 * kVectors) {
      __m512i weights[kVectors];
      POTLUT_UNROLL
      for (int v = 0; v < kVectors; ++v) weights[v] = _mm512_loadu_si512(w + 64 * v);
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) {
        int32_t four;
        __builtin_memcpy(&four, a + r * t.pitch, 4);
        const __m512i x = _mm512_set1_epi32(four);
        POTLUT_UNROLL
        for (int v = 0; v < kVectors; ++v)
          acc[r][v] = _mm512_dpbusd_epi32(acc[r][v], x, weights[v]);
      }
    }
    const int64_t bytes = t.requant->wide ? 4 : 1;
    POTLUT_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const int32_t left = t.channels - 16 * v;
      if (left <= 0) break;
      const Requant16 requant(*t.requant, t.first + 16 * v, left);
      char* out = static_cast<char*>(t.out) + 16 * v * bytes;
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) requant.Store(acc[r][v], out + r * t.out_pitch * bytes);
    }
  }

  static inline void Tile(int height, const TileArgs<uint8_t>& t) {
    TileOfHeight<Traits>(height, t);
  }
};

}  // namespace

void Avx512VnniGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch) {
  Gemm<Traits>(p, in, out, scratch);
}

}  // namespace potlut
