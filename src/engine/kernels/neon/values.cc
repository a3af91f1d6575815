// Operators on values with vectors of 16 bytes.
#include <arm_neon.h>

#include "engine/kernels/neon/tables.h"
#include "engine/kernels/values-inl.h"

namespace potlut {
namespace {

// Bytes throughout; words, signed or not, are other readings of them.
struct V {
  using T = uint8x16_t;
  static constexpr int64_t kWidth = 16;
  static int8x16_t S8(T v) { return vreinterpretq_s8_u8(v); }
  static int16x8_t S16(T v) { return vreinterpretq_s16_u8(v); }
  static uint16x8_t U16(T v) { return vreinterpretq_u16_u8(v); }
  static T Of(int8x16_t v) { return vreinterpretq_u8_s8(v); }
  static T Of(int16x8_t v) { return vreinterpretq_u8_s16(v); }
  static T Of(uint16x8_t v) { return vreinterpretq_u8_u16(v); }
  static int16x8_t Right(int32_t n) { return vdupq_n_s16(static_cast<int16_t>(-n)); }

  static T Zero() { return vdupq_n_u8(0); }
  static T Bytes(int32_t v) { return vdupq_n_u8(static_cast<uint8_t>(v)); }
  static T Words(int32_t v) { return Of(vdupq_n_s16(static_cast<int16_t>(v))); }
  static T Load(const uint8_t* p) { return vld1q_u8(p); }
  static void Store(uint8_t* p, T v) { vst1q_u8(p, v); }
  static T Load(const uint8_t* p, int64_t n) {
    uint8_t bytes[16] = {};
    __builtin_memcpy(bytes, p, static_cast<size_t>(n));
    return Load(bytes);
  }
  static void Store(uint8_t* p, T v, int64_t n) {
    uint8_t bytes[16];
    Store(bytes, v);
    __builtin_memcpy(p, bytes, static_cast<size_t>(n));
  }
  static T Xor(T a, T b) { return veorq_u8(a, b); }
  static T LowBytes(T a, T b) { return vzip1q_u8(a, b); }
  static T HighBytes(T a, T b) { return vzip2q_u8(a, b); }
  static T RightSigned(T v, int32_t n) { return Of(vshlq_s16(S16(v), Right(n))); }
  static T RightUnsigned(T v, int32_t n) { return Of(vshlq_u16(U16(v), Right(n))); }
  static T AddWords(T a, T b) { return Of(vaddq_s16(S16(a), S16(b))); }
  static T MulWords(T a, T b) { return Of(vmulq_s16(S16(a), S16(b))); }
  static T AverageWords(T a, T b) { return Of(vrhaddq_u16(U16(a), U16(b))); }
  static T LeastUnsignedWords(T a, T b) { return Of(vminq_u16(U16(a), U16(b))); }
  static T PackSigned(T a, T b) { return Of(vcombine_s8(vqmovn_s16(S16(a)), vqmovn_s16(S16(b)))); }
  static T PackUnsigned(T a, T b) { return vcombine_u8(vqmovun_s16(S16(a)), vqmovun_s16(S16(b))); }
  static T MaxSigned(T a, T b) { return Of(vmaxq_s8(S8(a), S8(b))); }
  static T MinSigned(T a, T b) { return Of(vminq_s8(S8(a), S8(b))); }
  static T MaxUnsigned(T a, T b) { return vmaxq_u8(a, b); }
  static T MinUnsigned(T a, T b) { return vminq_u8(a, b); }
};

}  // namespace

void NeonAdd(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  VectorAdd<V>(p, a, b, out);
}
void NeonMul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out) {
  VectorMul<V>(p, a, b, out);
}
void NeonMaxPool(const PoolParams& p, const uint8_t* in, void* out) {
  VectorMaxPool<V>(p, in, out);
}
void NeonMean(const PoolParams& p, const uint8_t* in, void* out) { VectorMean<V>(p, in, out); }

}  // namespace potlut
