// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as in RFC 3720 appendix B.4.
#pragma once

#include <cstdint>
#include <span>

namespace potlut {

// The CRC of `bytes`; pass an earlier result as `seed` to go on from there. Uses the CPU's
// instruction where there is one.
uint32_t Crc32c(std::span<const uint8_t> bytes, uint32_t seed = 0);

// The same by tables: what CPUs without the instruction run.
uint32_t Crc32cPortable(std::span<const uint8_t> bytes, uint32_t seed = 0);

}  // namespace potlut
