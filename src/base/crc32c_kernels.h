// Inner loops of CRC-32C. crc32c_sse42.cc is compiled with its instruction set's flags: it includes
// nothing but this header and intrinsics, and defines nothing else that other files could link to.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace potlut {

// Bytes of each of the three runs that the kernel follows at a time.
inline constexpr size_t kCrcRun = 1024;

// What kCrcRun bytes of zeros make of a remainder: the exclusive or of one entry for each of its
// four bytes.
struct CrcOverRun {
  uint32_t byte[4][256];
};

// The remainder (not inverted) after `size` more bytes.
uint32_t Crc32cSse42(uint32_t crc, const uint8_t* bytes, size_t size, const CrcOverRun& over_run);

}  // namespace potlut
