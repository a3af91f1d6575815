// SHA-256 (FIPS 180-4) of bytes in memory: what a file is known by where a checksum is too weak.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace potlut {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::span<const uint8_t> bytes);

}  // namespace potlut
