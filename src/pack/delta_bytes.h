// Deltas between any two files: runs of the old one's bytes, and bytes of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"

namespace potlut {

// What `new_bytes` may be for readers that bound their memory by what they were given.
bool ByteDeltaAllows(uint64_t old_bytes, uint64_t delta_bytes, uint64_t new_bytes);

std::vector<uint8_t> EncodeByteDelta(std::span<const uint8_t> from, std::span<const uint8_t> to);

// Exactly `new_bytes` bytes, which ByteDeltaAllows. Errors: kBadInput (text without place).
Expected<std::vector<uint8_t>> DecodeByteDelta(std::span<const uint8_t> from,
                                               std::span<const uint8_t> payload,
                                               uint64_t new_bytes);

}  // namespace potlut
