// Operators on values with vectors of 32 bytes.
#include <immintrin.h>

#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/values-inl.h"

namespace potlut {
namespace {

struct V {
  using T = __m256i;
  static constexpr int64_t kWidth = 32;
  static T Zero() { return _mm256_setzero_si256(); }
  static T Bytes(int32_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static T Words(int32_t v) { return _mm256_set1_epi16(static_cast<int16_t>(v)); }
  static T Load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const T*>(p)); }
  static void Store(uint8_t* p, T v) { _mm256_storeu_si256(reinterpret_cast<T*>(p), v); }
  static T Load(const uint8_t* p, int64_t n) {
    alignas(32) uint8_t bytes[32] = {};
    __builtin_memcpy(bytes, p, static_cast<size_t>(n));
    return Load(bytes);
  }
  static void Store(uint8_t* p, T v, int64_t n) {
    alignas(32) uint8_t bytes[32];
    Store(bytes, v);
    __builtin_memcpy(p, bytes, static_cast<size_t>(n));
  }
  static T Xor(T a, T b) { return _mm256_xor_si256(a, b); }
  static T LowBytes(T a, T b) { return _mm256_unpacklo_epi8(a, b); }
  static T HighBytes(T a, T b) { return _mm256_unpackhi_epi8(a, b); }
  static T RightSigned(T v, int32_t n) { return _mm256_sra_epi16(v, _mm_cvtsi32_si128(n)); }
  static T RightUnsigned(T v, int32_t n) { return _mm256_srl_epi16(v, _mm_cvtsi32_si128(n)); }
  static T AddWords(T a, T b) { return _mm256_add_epi16(a, b); }
  static T MulWords(T a, T b) { return _mm256_mullo_epi16(a, b); }
  static T AverageWords(T a, T b) { return _mm256_avg_epu16(a, b); }
  static T LeastUnsignedWords(T a, T b) { return _mm256_min_epu16(a, b); }
  static T PackSigned(T a, T b) { return _mm256_packs_epi16(a, b); }
  static T PackUnsigned(T a, T b) { return _mm256_packus_epi16(a, b); }
  static T MaxSigned(T a, T b) { return _mm256_max_epi8(a, b); }
  static T MinSigned(T a, T b) { return _mm256_min_epi8(a, b); }
  static T MaxUnsigned(T a, T b) { return _mm256_max_epu8(a, b); }
  static T MinUnsigned(T a, T b) { return _mm256_min_epu8(a, b); }
};

}  // namespace

void Avx2Add(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  VectorAdd<V>(p, a, b, out);
}
void Avx2Mul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  VectorMul<V>(p, a, b, out);
}
void Avx2MaxPool(const PoolParams& p, const uint8_t* in, void* out) {
  VectorMaxPool<V>(p, in, out);
}
void Avx2Mean(const PoolParams& p, const uint8_t* in, void* out) { VectorMean<V>(p, in, out); }

}  // namespace potlut
