// CRC-32C by the instruction of SSE4.2. One takes three cycles, but one can begin each cycle: three
// runs of bytes go on side by side and are joined (as in V. Gopal et al., "Fast CRC Computation for
// iSCSI Polynomial Using CRC32 Instruction", 2011).
#include <nmmintrin.h>
#include <string.h>

#include "base/crc32c_kernels.h"

namespace potlut {
namespace {

uint64_t Load(const uint8_t* p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

uint64_t OverRun(const CrcOverRun& table, uint64_t crc) {
  return table.byte[0][crc & 0xFF] ^ table.byte[1][crc >> 8 & 0xFF] ^
         table.byte[2][crc >> 16 & 0xFF] ^ table.byte[3][crc >> 24 & 0xFF];
}

}  // namespace

uint32_t Crc32cSse42(uint32_t crc, const uint8_t* bytes, size_t size, const CrcOverRun& over_run) {
  uint64_t first = crc;
  for (; size >= 3 * kCrcRun; bytes += 3 * kCrcRun, size -= 3 * kCrcRun) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < kCrcRun; i += 8) {
      first = _mm_crc32_u64(first, Load(bytes + i));
      second = _mm_crc32_u64(second, Load(bytes + kCrcRun + i));
      third = _mm_crc32_u64(third, Load(bytes + 2 * kCrcRun + i));
    }
    first = OverRun(over_run, OverRun(over_run, first) ^ second) ^ third;
  }
  for (; size >= 8; bytes += 8, size -= 8) first = _mm_crc32_u64(first, Load(bytes));
  auto last = static_cast<uint32_t>(first);
  for (; size > 0; ++bytes, --size) last = _mm_crc32_u8(last, *bytes);
  return last;
}

}  // namespace potlut
