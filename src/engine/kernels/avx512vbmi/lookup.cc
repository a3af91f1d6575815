// Look-ups in tables of 256 bytes with vpermi2b: 64 at a time. Ice Lake, Zen 4 and later.
#include <immintrin.h>

#include "engine/kernels/avx512vbmi/tables.h"

namespace potlut {
namespace {

// kChannels vectors hold 64 pixels; byte i of vector v is of channel (64 v + i) % kChannels.
template <int kChannels>
struct Tables {
  explicit Tables(const uint8_t* t) {
    for (int c = 0; c < kChannels; ++c) {
      for (int i = 0; i < 4; ++i) quarter[c][i] = _mm512_loadu_si512(t + 256 * c + 64 * i);
      for (int v = 0; v < kChannels; ++v) {
        mask[v][c] = 0;
        for (int i = 0; i < 64; ++i) {
          mask[v][c] |= uint64_t{(64 * v + i) % kChannels == c} << i;
        }
      }
    }
  }
  __m512i operator()(__m512i x, int v) const {
    const __mmask64 high = _mm512_movepi8_mask(x);
    __m512i y = _mm512_setzero_si512();
    for (int c = 0; c < kChannels; ++c) {
      const __m512i a = _mm512_permutex2var_epi8(quarter[c][0], x, quarter[c][1]);
      const __m512i b = _mm512_permutex2var_epi8(quarter[c][2], x, quarter[c][3]);
      y = _mm512_mask_blend_epi8(mask[v][c], y, _mm512_mask_blend_epi8(high, a, b));
    }
    return y;
  }
  __m512i quarter[kChannels][4];
  __mmask64 mask[kChannels][kChannels];
};

template <int kChannels>
void LookUpChannels(const uint8_t* tables, const uint8_t* in, int64_t bytes, uint8_t* out) {
  const Tables<kChannels> look_up(tables);
  int64_t i = 0;
  for (; i + 64 * kChannels <= bytes; i += 64 * kChannels) {
    for (int v = 0; v < kChannels; ++v) {
      _mm512_storeu_si512(out + i + 64 * v, look_up(_mm512_loadu_si512(in + i + 64 * v), v));
    }
  }
  for (int v = 0; i < bytes; i += 64, ++v) {
    const __mmask64 some = bytes - i >= 64 ? ~uint64_t{0} : (uint64_t{1} << (bytes - i)) - 1;
    _mm512_mask_storeu_epi8(out + i, some, look_up(_mm512_maskz_loadu_epi8(some, in + i), v));
  }
}

}  // namespace

void Avx512VbmiLookup(const LookupParams& p, const uint8_t* in, int64_t bytes, uint8_t* out) {
  switch (p.channels) {
    case 1:
      return LookUpChannels<1>(p.tables, in, bytes, out);
    case 2:
      return LookUpChannels<2>(p.tables, in, bytes, out);
    case 3:
      return LookUpChannels<3>(p.tables, in, bytes, out);
    default:
      return LookUpChannels<4>(p.tables, in, bytes, out);
  }
}

}  // namespace potlut
