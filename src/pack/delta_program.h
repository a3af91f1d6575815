// Deltas between programs of one structure: fields by their differences, codes by their moves.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pack/delta.h"
#include "program/program.h"

namespace potlut {

// Whether one is told by what it changes in the other: the same tensors' dims, the same operators
// on the same tensors, tables of the same sizes. All else may differ.
bool SameStructure(const Program& a, const Program& b);

// `to` as a change of `from`; both are valid and SameStructure. Counts changes in `report`. Nothing
// where names or metadata are more than readers take.
std::optional<std::vector<uint8_t>> EncodeProgramDelta(const Program& from, const Program& to,
                                                       DeltaReport& report);

// Errors: kBadInput, kUnsupported, kResourceLimit. What the result means is not checked: that is
// Validate's part.
Expected<Program> DecodeProgramDelta(const Program& from, std::span<const uint8_t> payload,
                                     const ProgramLimits& limits);

}  // namespace potlut
