// Version 1: a program as section payloads and back (docs/format1.md).
#pragma once

#include <cstdint>
#include <vector>

#include "pack/container.h"
#include "pack/plut.h"

namespace potlut {

// Bytes that a program unfolds to beyond what its file bounds by itself: codes, tables, biases,
// shifts and names. A file of n bytes may unfold to kUnfoldBase + kUnfoldPerByte * n.
uint64_t UnfoldedBytes(const Program& program);

// `program` passes Validate. Errors: kBadInput for text that is not UTF-8, kResourceLimit for text
// that is too long. `max_codes_per_byte` as for EncodeCodes.
Expected<SectionPayloads> EncodeSections(const Program& program, const PackOptions& options,
                                         uint64_t max_codes_per_byte,
                                         std::vector<LayerBytes>* layers);

// Adds to `sizes` what the sections of a file take; `program` and `layers` are what was read from
// it.
void MeasureSections(const SectionViews& views, const Program& program,
                     const std::vector<LayerBytes>& layers, PlutSizes& sizes);

// Errors: kBadInput, kUnsupported and kResourceLimit with section, offset and field. What the
// result means is not checked: that is Validate's part.
Expected<Program> DecodeSections(const SectionViews& views, uint64_t file_bytes,
                                 const ProgramLimits& limits, std::vector<LayerBytes>* layers);

}  // namespace potlut
