// The pace of vpmaddubsw with sums in 16 bits, the quickest exact way to multiply-accumulate here.
#include <immintrin.h>

#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/unroll-inl.h"

namespace potlut {

int64_t Avx2Peak(int64_t rounds) {
  constexpr int kChains = 12;
  __m256i acc[kChains];
  for (int i = 0; i < kChains; ++i) acc[i] = _mm256_set1_epi16(static_cast<int16_t>(i));
  __m256i x = _mm256_set1_epi8(3);
  __m256i w = _mm256_set1_epi8(-2);
  for (int64_t r = 0; r < rounds; ++r) {
    POTLUT_UNROLL
    for (int i = 0; i < kChains; ++i) {
      acc[i] = _mm256_add_epi16(acc[i], _mm256_maddubs_epi16(x, w));
      __asm__ volatile("" : "+x"(w));  // not known to be the same the next time
    }
  }
  __m256i sum = acc[0];
  for (int i = 1; i < kChains; ++i) sum = _mm256_add_epi16(sum, acc[i]);
  __asm__ volatile("" : : "x"(sum));
  return rounds * kChains * 32;
}

}  // namespace potlut
