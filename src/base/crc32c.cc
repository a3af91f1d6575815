// CRC-32C: by the CPU's instruction where it has one, else by slicing-by-8 tables.
#include "base/crc32c.h"

#include <array>
#include <cstddef>

#include "base/crc32c_kernels.h"

namespace potlut {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables t{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78U : 0U);
    t[0][i] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t i = 0; i < 256; ++i) t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xFF];
  }
  return t;
}

constexpr Tables kTables = MakeTables();

#if defined(POTLUT_X86_KERNELS)

// Remainders are linear in their bits, so each bit is followed once.
CrcOverRun MakeOverRun() {
  CrcOverRun over{};
  for (size_t k = 0; k < 4; ++k) {
    for (size_t bit = 0; bit < 8; ++bit) {
      uint32_t crc = uint32_t{1} << (8 * k + bit);
      for (size_t i = 0; i < kCrcRun; ++i) crc = (crc >> 8) ^ kTables[0][crc & 0xFF];
      const size_t begin = size_t{1} << bit;
      for (size_t low = 0; low < begin; ++low) over.byte[k][begin + low] = over.byte[k][low] ^ crc;
    }
  }
  return over;
}

bool HasInstruction() {
  static const bool has = __builtin_cpu_supports("sse4.2");
  return has;
}

uint32_t ByInstruction(std::span<const uint8_t> bytes, uint32_t crc) {
  static const CrcOverRun over_run = MakeOverRun();
  return Crc32cSse42(crc, bytes.data(), bytes.size(), over_run);
}

#else
bool HasInstruction() { return false; }
uint32_t ByInstruction(std::span<const uint8_t>, uint32_t crc) { return crc; }
#endif

}  // namespace

uint32_t Crc32cPortable(std::span<const uint8_t> bytes, uint32_t seed) {
  uint32_t crc = ~seed;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    const uint8_t* p = bytes.data() + i;
    const uint32_t low =
        crc ^ (uint32_t{p[0]} | uint32_t{p[1]} << 8 | uint32_t{p[2]} << 16 | uint32_t{p[3]} << 24);
    crc = kTables[7][low & 0xFF] ^ kTables[6][(low >> 8) & 0xFF] ^ kTables[5][(low >> 16) & 0xFF] ^
          kTables[4][low >> 24] ^ kTables[3][p[4]] ^ kTables[2][p[5]] ^ kTables[1][p[6]] ^
          kTables[0][p[7]];
  }
  for (; i < bytes.size(); ++i) crc = (crc >> 8) ^ kTables[0][(crc ^ bytes[i]) & 0xFF];
  return ~crc;
}

uint32_t Crc32c(std::span<const uint8_t> bytes, uint32_t seed) {
  if (!HasInstruction()) return Crc32cPortable(bytes, seed);
  return ~ByInstruction(bytes, ~seed);
}

}  // namespace potlut
