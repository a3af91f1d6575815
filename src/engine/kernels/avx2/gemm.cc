// Convolutions with vpmaddwd: tiles of 6 windows by 16 channels, two k at a time. Activations and
// weights are widened to int16, so that no sum of two products saturates (as those of vpmaddubsw
// would).
#include <immintrin.h>

#include "engine/kernels/avx2/requant-inl.h"
#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/gemm-inl.h"

namespace potlut {
namespace {

struct Traits {
  using Lane = int16_t;
  static constexpr int kRows = 6;
  static constexpr int kPanel = 16;
  static constexpr int kVector = 8;
  static constexpr int kGroup = 2;

  template <bool kSigned>
  static inline void CopyAs(int16_t* dst, const uint8_t* src, int64_t n) {
    const auto widen = [](const uint8_t* s, int16_t* d) {
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(s));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(d),
                          kSigned ? _mm256_cvtepi8_epi16(x) : _mm256_cvtepu8_epi16(x));
    };
    if (n < 16) {
      for (int64_t i = 0; i < n; ++i) {
        dst[i] = kSigned ? static_cast<int16_t>(static_cast<int8_t>(src[i]))
                         : static_cast<int16_t>(src[i]);
      }
      return;
    }
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) widen(src + i, dst + i);
    if (i < n) widen(src + n - 16, dst + n - 16);  // the rest, overlapping what is done
  }

  static inline void Copy(int16_t* dst, const uint8_t* src, int64_t n, bool is_signed) {
    is_signed ? CopyAs<true>(dst, src, n) : CopyAs<false>(dst, src, n);
  }

  template <int kHeight, int kVectors>
  static void TileOf(const TileArgs<int16_t>& t) {
    __m256i acc[kHeight][kVectors];
    const int32_t* start = t.requant->start + t.first;
    POTLUT_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m256i first = Load8(start + 8 * v);
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) acc[r][v] = first;
    }
    const int16_t* a = t.a;
    const int16_t* w = static_cast<const int16_t*>(t.w);
    for (int64_t s = 0; s < t.steps; ++s, a += 2, w += 16 * kVectors) {
      __m256i weights[kVectors];
      POTLUT_UNROLL
      for (int v = 0; v < kVectors; ++v) weights[v] = Load8(w + 16 * v);
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) {
        int32_t two;
        __builtin_memcpy(&two, a + r * t.pitch, 4);
        const __m256i x = _mm256_set1_epi32(two);
        POTLUT_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          acc[r][v] = _mm256_add_epi32(acc[r][v], _mm256_madd_epi16(x, weights[v]));
        }
      }
    }
    const int64_t bytes = t.requant->wide ? 4 : 1;
    POTLUT_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const int32_t left = t.channels - 8 * v;
      if (left <= 0) break;
      const Requant8 requant(*t.requant, t.first + 8 * v);
      char* out = static_cast<char*>(t.out) + 8 * v * bytes;
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r)
        requant.Store(acc[r][v], left, out + r * t.out_pitch * bytes);
    }
  }

  static inline void Tile(int height, const TileArgs<int16_t>& t) {
    TileOfHeight<Traits>(height, t);
  }
};

}  // namespace

void Avx2Gemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch) {
  Gemm<Traits>(p, in, out, scratch);
}

}  // namespace potlut
