// Refinements of a layered file: which of a coarse code's children each fine code is
// (docs/format.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pack/low_reading.h"

namespace potlut {

// `codes`: fine codes of the layer, `base` its coarse ones, [out][taps][per_tap].
std::vector<uint8_t> EncodeRefinement(std::span<const uint8_t> codes, const Alphabet& fine,
                                      const LowReading& low, size_t per_tap,
                                      std::span<const uint8_t> base);

// Turns base codes into fine ones. Errors: kBadInput (text without place).
Status DecodeRefinement(std::span<const uint8_t> block, const Alphabet& fine, const LowReading& low,
                        size_t per_tap, std::span<uint8_t> codes);

}  // namespace potlut
