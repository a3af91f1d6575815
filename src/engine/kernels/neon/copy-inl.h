// Runs of bytes, copied as they are or offset by 128.
#pragma once

#include <arm_neon.h>

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

template <typename T>
inline void CopyEnds(uint8_t* dst, const uint8_t* src, int64_t n, T flip) {
  T first, last;
  __builtin_memcpy(&first, src, sizeof(T));
  __builtin_memcpy(&last, src + n - sizeof(T), sizeof(T));
  first ^= flip;
  last ^= flip;
  __builtin_memcpy(dst, &first, sizeof(T));
  __builtin_memcpy(dst + n - sizeof(T), &last, sizeof(T));
}

// Reads and writes nothing past the ends.
inline void CopyBytes(uint8_t* dst, const uint8_t* src, int64_t n, bool flip) {
  if (n <= 0) return;
  const uint64_t flips = flip ? 0x8080808080808080u : 0;
  if (n < 16) {
    if (n >= 8) return CopyEnds<uint64_t>(dst, src, n, flips);
    if (n >= 4) return CopyEnds<uint32_t>(dst, src, n, static_cast<uint32_t>(flips));
    for (int64_t i = 0; i < n; ++i) dst[i] = static_cast<uint8_t>(src[i] ^ (flip ? 0x80 : 0));
    return;
  }
  const uint8x16_t top = vdupq_n_u8(flip ? 0x80 : 0);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) vst1q_u8(dst + i, veorq_u8(vld1q_u8(src + i), top));
  // The rest, overlapping what is done.
  if (i < n) vst1q_u8(dst + n - 16, veorq_u8(vld1q_u8(src + n - 16), top));
}

// May write 15 bytes past the end.
inline void FillBytes(uint8_t* dst, int64_t n, uint8_t value) {
  const uint8x16_t x = vdupq_n_u8(value);
  for (; n > 0; n -= 16, dst += 16) vst1q_u8(dst, x);
}

}  // namespace
}  // namespace potlut
