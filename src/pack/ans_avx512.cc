// Rounds of interleaved rANS by AVX-512 (F, BW, VL, VBMI2).
#include <immintrin.h>

#include "pack/ans_kernels.h"

namespace potlut {
namespace {

// 32 states as two vectors, those of even and those of odd lanes, so that 16-bit halves of both
// make one vector in the order of the lanes.
struct Pair {
  __m512i even, odd;
};

constexpr __mmask32 kOddWords = 0xAAAAAAAA;

// All bits where slot < bound, else none: both are below 2^15.
inline __m512i Below(__m512i slot, __m512i bound) {
  return _mm512_srai_epi16(_mm512_sub_epi16(slot, bound), 15);
}

Pair LoadPair(const uint32_t* state) {
  const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  const __m512i low = _mm512_loadu_si512(state), high = _mm512_loadu_si512(state + 16);
  return {_mm512_permutex2var_epi32(low, even, high),
          _mm512_permutex2var_epi32(low, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high)};
}

void StorePair(uint32_t* state, Pair x) {
  const __m512i low = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  _mm512_storeu_si512(state, _mm512_permutex2var_epi32(x.even, low, x.odd));
  _mm512_storeu_si512(state + 16, _mm512_permutex2var_epi32(
                                      x.even, _mm512_add_epi32(low, _mm512_set1_epi32(8)), x.odd));
}

// A search in two steps: which group of four codes, by comparison with the first slots of groups 1
// to kGroups - 1; then which of the four.
template <int kGroups, int kPairs>
void Narrow(const AnsTables& tables, AnsCursor& cursor) {
  alignas(64) uint16_t within[3][32];
  for (int k = 0; k < 3; ++k) {
    for (int g = 0; g < 32; ++g) within[k][g] = tables.start[4 * (g % 8) + k + 1];
  }
  const __m512i second = _mm512_load_si512(within[0]), third = _mm512_load_si512(within[1]),
                fourth = _mm512_load_si512(within[2]);
  const __m512i starts = _mm512_loadu_si512(tables.start),
                frequencies = _mm512_loadu_si512(tables.frequency);
  __m512i group_start[kGroups];
  for (int g = 0; g < kGroups; ++g)
    group_start[g] = _mm512_set1_epi16(static_cast<int16_t>(tables.start[4 * g]));
  const __m128i shift = _mm_cvtsi32_si128(tables.probability_bits);
  const __m512i slot_mask =
      _mm512_set1_epi16(static_cast<int16_t>((1 << tables.probability_bits) - 1));
  const __m512i low_half = _mm512_set1_epi32(0xFFFF), high_half = _mm512_set1_epi32(~0xFFFF);
  const __m512i last_group = _mm512_set1_epi16(kGroups - 1), three = _mm512_set1_epi16(3);

  const uint8_t* p = cursor.words;
  uint8_t* out = cursor.out;
  Pair x[kPairs];
  for (int i = 0; i < kPairs; ++i) x[i] = LoadPair(cursor.state + 32 * i);
  while (cursor.out_end - out >= 32 * kPairs && cursor.words_end - p >= 64 * kPairs) {
    for (int i = 0; i < kPairs; ++i) {
      const __m512i slot = _mm512_and_si512(
          _mm512_mask_blend_epi16(kOddWords, x[i].even, _mm512_slli_epi32(x[i].odd, 16)),
          slot_mask);
      __m512i group = last_group;
      for (int g = 1; g < kGroups; ++g)
        group = _mm512_add_epi16(group, Below(slot, group_start[g]));
      const __m512i a = Below(slot, _mm512_permutexvar_epi16(group, second)),
                    b = Below(slot, _mm512_permutexvar_epi16(group, third)),
                    c = Below(slot, _mm512_permutexvar_epi16(group, fourth));
      const __m512i code = _mm512_add_epi16(
          _mm512_add_epi16(_mm512_add_epi16(_mm512_slli_epi16(group, 2), three), a),
          _mm512_add_epi16(b, c));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * i), _mm512_cvtepi16_epi8(code));
      const __m512i f = _mm512_permutexvar_epi16(code, frequencies);
      const __m512i offset = _mm512_sub_epi16(slot, _mm512_permutexvar_epi16(code, starts));
      const __m512i even = _mm512_add_epi32(
          _mm512_mullo_epi32(_mm512_and_si512(f, low_half), _mm512_srl_epi32(x[i].even, shift)),
          _mm512_and_si512(offset, low_half));
      const __m512i odd = _mm512_add_epi32(
          _mm512_mullo_epi32(_mm512_srli_epi32(f, 16), _mm512_srl_epi32(x[i].odd, shift)),
          _mm512_srli_epi32(offset, 16));
      // States below 2^16 take the next words, in the order of the lanes.
      const __mmask32 low = _mm512_testn_epi16_mask(
          _mm512_mask_blend_epi16(kOddWords, _mm512_srli_epi32(even, 16), odd),
          _mm512_set1_epi16(-1));
      const __m512i word = _mm512_maskz_expand_epi16(low, _mm512_loadu_si512(p));
      p += 2 * _mm_popcnt_u32(low);
      x[i].even =
          _mm512_mask_or_epi32(even, _mm512_testn_epi32_mask(even, high_half),
                               _mm512_slli_epi32(even, 16), _mm512_and_si512(word, low_half));
      x[i].odd = _mm512_mask_or_epi32(odd, _mm512_testn_epi32_mask(odd, high_half),
                                      _mm512_slli_epi32(odd, 16), _mm512_srli_epi32(word, 16));
    }
    out += 32 * kPairs;
  }
  for (int i = 0; i < kPairs; ++i) StorePair(cursor.state + 32 * i, x[i]);
  cursor.words = p;
  cursor.out = out;
}

// Any alphabet, through the tables of slots.
template <int kVectors>
void Wide(const AnsTables& tables, AnsCursor& cursor) {
  const __m128i shift = _mm_cvtsi32_si128(tables.probability_bits);
  const __m512i slot_mask = _mm512_set1_epi32((1 << tables.probability_bits) - 1);
  const __m512i low_half = _mm512_set1_epi32(0xFFFF), high_half = _mm512_set1_epi32(~0xFFFF);
  const uint8_t* p = cursor.words;
  uint8_t* out = cursor.out;
  __m512i x[kVectors];
  for (int i = 0; i < kVectors; ++i) x[i] = _mm512_loadu_si512(cursor.state + 16 * i);
  while (cursor.out_end - out >= 16 * kVectors && cursor.words_end - p >= 32 * kVectors) {
    for (int i = 0; i < kVectors; ++i) {
      const __m512i slot = _mm512_and_si512(x[i], slot_mask);
      const __m512i step = _mm512_i32gather_epi32(slot, tables.step, 4);
      const __m512i code = _mm512_i32gather_epi32(slot, tables.symbol, 1);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * i), _mm512_cvtepi32_epi8(code));
      const __m512i next = _mm512_add_epi32(
          _mm512_mullo_epi32(_mm512_and_si512(step, low_half), _mm512_srl_epi32(x[i], shift)),
          _mm512_srli_epi32(step, 16));
      const __mmask16 low = _mm512_testn_epi32_mask(next, high_half);
      const __m512i word = _mm512_maskz_expand_epi32(
          low, _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
      p += 2 * _mm_popcnt_u32(low);
      x[i] = _mm512_mask_or_epi32(next, low, _mm512_slli_epi32(next, 16), word);
    }
    out += 16 * kVectors;
  }
  for (int i = 0; i < kVectors; ++i) _mm512_storeu_si512(cursor.state + 16 * i, x[i]);
  cursor.words = p;
  cursor.out = out;
}

template <int kPairs>
void RoundsOf(const AnsTables& tables, AnsCursor& cursor) {
  if (tables.codes > kAnsNarrowCodes) return Wide<2 * kPairs>(tables, cursor);
  if (tables.codes <= 8) return Narrow<2, kPairs>(tables, cursor);
  if (tables.codes <= 16) return Narrow<4, kPairs>(tables, cursor);
  Narrow<8, kPairs>(tables, cursor);
}

void Avx512Rounds(const AnsTables& tables, int lanes, AnsCursor& cursor) {
  if (lanes == 32) RoundsOf<1>(tables, cursor);
  if (lanes == 64) RoundsOf<2>(tables, cursor);
}

}  // namespace

const AnsKernel kAnsAvx512 = {Avx512Rounds, kAnsNarrowCodes, 32};

}  // namespace potlut
