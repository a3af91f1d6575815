// Rounds of interleaved rANS by AVX2.
#include <immintrin.h>

#include "pack/ans_kernels.h"

namespace potlut {
namespace {

// For each set of eight lanes, the byte shuffle that hands 16-bit words to them in their order.
struct Expand {
  alignas(16) uint8_t bytes[256][16];
};
constexpr Expand MakeExpand() {
  Expand e{};
  for (int set = 0; set < 256; ++set) {
    int next = 0;
    for (int lane = 0; lane < 8; ++lane) {
      const bool takes = (set >> lane & 1) != 0;
      e.bytes[set][2 * lane] = static_cast<uint8_t>(takes ? next++ : 0x80);
      e.bytes[set][2 * lane + 1] = static_cast<uint8_t>(takes ? next++ : 0x80);
    }
  }
  return e;
}
constexpr Expand kExpand = MakeExpand();

__m256i ExpandWords(const uint8_t*& p, unsigned low_lanes, unsigned high_lanes) {
  const __m128i low =
      _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)),
                       _mm_load_si128(reinterpret_cast<const __m128i*>(kExpand.bytes[low_lanes])));
  p += 2 * _mm_popcnt_u32(low_lanes);
  const __m128i high =
      _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)),
                       _mm_load_si128(reinterpret_cast<const __m128i*>(kExpand.bytes[high_lanes])));
  p += 2 * _mm_popcnt_u32(high_lanes);
  return _mm256_set_m128i(high, low);
}

// Entries of 16 bits by indices 0 to 15 in 16-bit lanes.
struct Table16 {
  __m256i low, high;
};
Table16 MakeTable16(const uint16_t* values) {
  alignas(32) uint8_t low[32], high[32];
  for (int i = 0; i < 32; ++i) {
    low[i] = static_cast<uint8_t>(values[i % 16]);
    high[i] = static_cast<uint8_t>(values[i % 16] >> 8);
  }
  return {_mm256_load_si256(reinterpret_cast<const __m256i*>(low)),
          _mm256_load_si256(reinterpret_cast<const __m256i*>(high))};
}
// `even`: index | 0x8000; `odd`: index << 8 | 0x80. What is not asked for reads as 0.
inline __m256i LookUp(const Table16& table, __m256i even, __m256i odd) {
  return _mm256_or_si256(_mm256_shuffle_epi8(table.low, even),
                         _mm256_shuffle_epi8(table.high, odd));
}

// At most kBounds + 1 codes: the code is the number of codes from the second on that begin at or
// below the slot. States stand as even and odd lanes of sixteen, as in ans_avx512.cc.
template <int kBounds, int kPairs>
void Narrow(const AnsTables& tables, AnsCursor& cursor) {
  __m256i last_below[kBounds];
  for (int i = 0; i < kBounds; ++i)
    last_below[i] = _mm256_set1_epi16(static_cast<int16_t>(tables.start[i + 1] - 1));
  const Table16 starts = MakeTable16(tables.start), frequencies = MakeTable16(tables.frequency);
  const __m128i shift = _mm_cvtsi32_si128(tables.probability_bits);
  const __m256i slot_mask =
      _mm256_set1_epi16(static_cast<int16_t>((1 << tables.probability_bits) - 1));
  const __m256i low_half = _mm256_set1_epi32(0xFFFF), zero = _mm256_setzero_si256();
  const __m256i even_fill = _mm256_set1_epi16(static_cast<int16_t>(0x8000)),
                odd_fill = _mm256_set1_epi16(0x80);

  const uint8_t* p = cursor.words;
  uint8_t* out = cursor.out;
  alignas(32) uint32_t even_states[kPairs][8], odd_states[kPairs][8];
  for (int i = 0; i < 16 * kPairs; ++i)
    (i % 2 == 0 ? even_states : odd_states)[i / 16][i / 2 % 8] = cursor.state[i];
  __m256i even[kPairs], odd[kPairs];
  for (int i = 0; i < kPairs; ++i) {
    even[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(even_states[i]));
    odd[i] = _mm256_load_si256(reinterpret_cast<const __m256i*>(odd_states[i]));
  }
  while (cursor.out_end - out >= 16 * kPairs && cursor.words_end - p >= 32 * kPairs) {
    for (int i = 0; i < kPairs; ++i) {
      const __m256i slot = _mm256_and_si256(
          _mm256_blend_epi16(even[i], _mm256_slli_epi32(odd[i], 16), 0xAA), slot_mask);
      __m256i code = zero;
      for (int b = 0; b < kBounds; ++b)
        code = _mm256_sub_epi16(code, _mm256_cmpgt_epi16(slot, last_below[b]));
      _mm_storeu_si128(
          reinterpret_cast<__m128i*>(out + 16 * i),
          _mm_packus_epi16(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1)));
      const __m256i even_index = _mm256_or_si256(code, even_fill);
      const __m256i odd_index = _mm256_or_si256(_mm256_slli_epi16(code, 8), odd_fill);
      const __m256i f = LookUp(frequencies, even_index, odd_index);
      const __m256i offset = _mm256_sub_epi16(slot, LookUp(starts, even_index, odd_index));
      const __m256i next_even = _mm256_add_epi32(
          _mm256_mullo_epi32(_mm256_and_si256(f, low_half), _mm256_srl_epi32(even[i], shift)),
          _mm256_and_si256(offset, low_half));
      const __m256i next_odd = _mm256_add_epi32(
          _mm256_mullo_epi32(_mm256_srli_epi32(f, 16), _mm256_srl_epi32(odd[i], shift)),
          _mm256_srli_epi32(offset, 16));
      const __m256i low = _mm256_cmpeq_epi16(
          _mm256_blend_epi16(_mm256_srli_epi32(next_even, 16), next_odd, 0xAA), zero);
      const auto lanes = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_packs_epi16(low, zero)));
      const __m256i word = ExpandWords(p, lanes & 0xFF, lanes >> 16 & 0xFF);
      even[i] = _mm256_blendv_epi8(
          next_even,
          _mm256_or_si256(_mm256_slli_epi32(next_even, 16), _mm256_and_si256(word, low_half)),
          _mm256_cmpeq_epi32(_mm256_srli_epi32(next_even, 16), zero));
      odd[i] = _mm256_blendv_epi8(
          next_odd, _mm256_or_si256(_mm256_slli_epi32(next_odd, 16), _mm256_srli_epi32(word, 16)),
          _mm256_cmpeq_epi32(_mm256_srli_epi32(next_odd, 16), zero));
    }
    out += 16 * kPairs;
  }
  for (int i = 0; i < kPairs; ++i) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(even_states[i]), even[i]);
    _mm256_store_si256(reinterpret_cast<__m256i*>(odd_states[i]), odd[i]);
  }
  for (int i = 0; i < 16 * kPairs; ++i)
    cursor.state[i] = (i % 2 == 0 ? even_states : odd_states)[i / 16][i / 2 % 8];
  cursor.words = p;
  cursor.out = out;
}

// Any alphabet, through the tables of slots.
template <int kVectors>
void Wide(const AnsTables& tables, AnsCursor& cursor) {
  const __m128i shift = _mm_cvtsi32_si128(tables.probability_bits);
  const __m256i slot_mask = _mm256_set1_epi32((1 << tables.probability_bits) - 1);
  const __m256i low_half = _mm256_set1_epi32(0xFFFF), zero = _mm256_setzero_si256();
  const __m256i first_bytes = _mm256_set1_epi32(0x0C080400);
  const auto* const step = reinterpret_cast<const int*>(tables.step);
  const auto* const symbol = reinterpret_cast<const int*>(tables.symbol);
  const uint8_t* p = cursor.words;
  uint8_t* out = cursor.out;
  __m256i x[kVectors];
  for (int i = 0; i < kVectors; ++i)
    x[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(cursor.state + 8 * i));
  while (cursor.out_end - out >= 8 * kVectors && cursor.words_end - p >= 16 * kVectors) {
    for (int i = 0; i < kVectors; i += 2) {
      __m256i next[2], low[2];
      for (int k = 0; k < 2; ++k) {
        const __m256i slot = _mm256_and_si256(x[i + k], slot_mask);
        const __m256i entry = _mm256_i32gather_epi32(step, slot, 4);
        const __m256i code =
            _mm256_shuffle_epi8(_mm256_i32gather_epi32(symbol, slot, 1), first_bytes);
        _mm_storel_epi64(
            reinterpret_cast<__m128i*>(out + 8 * (i + k)),
            _mm_unpacklo_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1)));
        next[k] = _mm256_add_epi32(_mm256_mullo_epi32(_mm256_and_si256(entry, low_half),
                                                      _mm256_srl_epi32(x[i + k], shift)),
                                   _mm256_srli_epi32(entry, 16));
        low[k] = _mm256_cmpeq_epi32(_mm256_srli_epi32(next[k], 16), zero);
      }
      const auto first = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(low[0])));
      const auto second = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(low[1])));
      const __m256i word = ExpandWords(p, first, second);
      x[i] =
          _mm256_blendv_epi8(next[0],
                             _mm256_or_si256(_mm256_slli_epi32(next[0], 16),
                                             _mm256_cvtepu16_epi32(_mm256_castsi256_si128(word))),
                             low[0]);
      x[i + 1] = _mm256_blendv_epi8(
          next[1],
          _mm256_or_si256(_mm256_slli_epi32(next[1], 16),
                          _mm256_cvtepu16_epi32(_mm256_extracti128_si256(word, 1))),
          low[1]);
    }
    out += 8 * kVectors;
  }
  for (int i = 0; i < kVectors; ++i)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(cursor.state + 8 * i), x[i]);
  cursor.words = p;
  cursor.out = out;
}

constexpr int kNarrowCodes = 16;

template <int kPairs>
void RoundsOf(const AnsTables& tables, AnsCursor& cursor) {
  if (tables.codes > kNarrowCodes) return Wide<2 * kPairs>(tables, cursor);
  if (tables.codes <= 8) return Narrow<7, kPairs>(tables, cursor);
  Narrow<15, kPairs>(tables, cursor);
}

void Avx2Rounds(const AnsTables& tables, int lanes, AnsCursor& cursor) {
  if (lanes == 16) RoundsOf<1>(tables, cursor);
  if (lanes == 32) RoundsOf<2>(tables, cursor);
  if (lanes == 64) RoundsOf<4>(tables, cursor);
}

}  // namespace

const AnsKernel kAnsAvx2 = {Avx2Rounds, kNarrowCodes, 16};

}  // namespace potlut
