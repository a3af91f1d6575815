// The pace of int16 products with sums in 32 bits, as the compiler makes vectors of them.
#include "engine/kernels/portable/tables.h"

namespace potlut {

int64_t PortablePeak(int64_t rounds) {
  constexpr int kLanes = 32;
  int16_t x[2 * kLanes], w[2 * kLanes];
  uint32_t acc[kLanes];
  for (int i = 0; i < 2 * kLanes; ++i) {
    x[i] = static_cast<int16_t>(i % 7);
    w[i] = static_cast<int16_t>(i % 5 - 2);
  }
  for (int i = 0; i < kLanes; ++i) acc[i] = 0;
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kLanes; ++i) {
      acc[i] += static_cast<uint32_t>(x[2 * i] * w[2 * i] + x[2 * i + 1] * w[2 * i + 1]);
    }
    __asm__ volatile(""
                     :
                     : "r"(x), "r"(w)
                     : "memory");  // not known to be the same in the next round
  }
  __asm__ volatile("" : : "r"(acc) : "memory");
  return rounds * 2 * kLanes;
}

}  // namespace potlut
