// Refinements of a layered file: which of a coarse code's children each fine code is
// (docs/format.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pack/low_reading.h"

namespace potlut {

// `codes`: fine codes of the layer.
std::vector<uint8_t> EncodeRefinement(std::span<const uint8_t> codes, const Alphabet& fine,
                                      const LowReading& low);

// Turns base codes into fine ones. Errors: kBadInput (text without place).
Status DecodeRefinement(std::span<const uint8_t> block, const Alphabet& fine, const LowReading& low,
                        std::span<uint8_t> codes);

}  // namespace potlut
