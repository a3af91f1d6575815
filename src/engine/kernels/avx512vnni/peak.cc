// The pace of vpdpbusd: chains enough to hide its latency, operands in registers.
#include <immintrin.h>

#include "engine/kernels/avx512vnni/tables.h"
#include "engine/kernels/unroll-inl.h"

namespace potlut {

int64_t Avx512VnniPeak(int64_t rounds) {
  constexpr int kChains = 16;
  __m512i acc[kChains];
  for (int i = 0; i < kChains; ++i) acc[i] = _mm512_set1_epi32(i);
  __m512i x = _mm512_set1_epi8(3);
  const __m512i w = _mm512_set1_epi8(-2);
  for (int64_t r = 0; r < rounds; ++r) {
    POTLUT_UNROLL
    for (int i = 0; i < kChains; ++i) acc[i] = _mm512_dpbusd_epi32(acc[i], x, w);
    __asm__ volatile("" : "+v"(x));  // not known to be the same in the next round
  }
  __m512i sum = acc[0];
  for (int i = 1; i < kChains; ++i) sum = _mm512_add_epi32(sum, acc[i]);
  __asm__ volatile("" : : "v"(sum));
  return rounds * kChains * 64;
}

}  // namespace potlut
