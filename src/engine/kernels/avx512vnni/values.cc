// Operators on values with vectors of 64 bytes.
#include <immintrin.h>

#include "engine/kernels/avx512vnni/tables.h"
#include "engine/kernels/values-inl.h"

namespace potlut {
namespace {

struct V {
  using T = __m512i;
  static constexpr int64_t kWidth = 64;
  static T Zero() { return _mm512_setzero_si512(); }
  static T Bytes(int32_t v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  static T Words(int32_t v) { return _mm512_set1_epi16(static_cast<int16_t>(v)); }
  static T Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static void Store(uint8_t* p, T v) { _mm512_storeu_si512(p, v); }
  static T Load(const uint8_t* p, int64_t n) {
    return _mm512_maskz_loadu_epi8(~uint64_t{0} >> (64 - n), p);
  }
  static void Store(uint8_t* p, T v, int64_t n) {
    _mm512_mask_storeu_epi8(p, ~uint64_t{0} >> (64 - n), v);
  }
  static T Xor(T a, T b) { return _mm512_xor_si512(a, b); }
  static T LowBytes(T a, T b) { return _mm512_unpacklo_epi8(a, b); }
  static T HighBytes(T a, T b) { return _mm512_unpackhi_epi8(a, b); }
  static T RightSigned(T v, int32_t n) { return _mm512_sra_epi16(v, _mm_cvtsi32_si128(n)); }
  static T RightUnsigned(T v, int32_t n) { return _mm512_srl_epi16(v, _mm_cvtsi32_si128(n)); }
  static T AddWords(T a, T b) { return _mm512_add_epi16(a, b); }
  static T MulWords(T a, T b) { return _mm512_mullo_epi16(a, b); }
  static T AverageWords(T a, T b) { return _mm512_avg_epu16(a, b); }
  static T LeastUnsignedWords(T a, T b) { return _mm512_min_epu16(a, b); }
  static T PackSigned(T a, T b) { return _mm512_packs_epi16(a, b); }
  static T PackUnsigned(T a, T b) { return _mm512_packus_epi16(a, b); }
  static T MaxSigned(T a, T b) { return _mm512_max_epi8(a, b); }
  static T MinSigned(T a, T b) { return _mm512_min_epi8(a, b); }
  static T MaxUnsigned(T a, T b) { return _mm512_max_epu8(a, b); }
  static T MinUnsigned(T a, T b) { return _mm512_min_epu8(a, b); }
};

}  // namespace

void Avx512VnniAdd(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  VectorAdd<V>(p, a, b, out);
}
void Avx512VnniMul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  VectorMul<V>(p, a, b, out);
}
void Avx512VnniMaxPool(const PoolParams& p, const uint8_t* in, void* out) {
  VectorMaxPool<V>(p, in, out);
}
void Avx512VnniMean(const PoolParams& p, const uint8_t* in, void* out) {
  VectorMean<V>(p, in, out);
}

}  // namespace potlut
