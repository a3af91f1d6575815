// The outer shell of version 1 of the .plut file: header, section table, aligned payloads,
// checksums (docs/format1.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/format.h"

namespace potlut {

// The payloads in the order of SectionKind.
using SectionPayloads = std::array<std::vector<uint8_t>, kSectionCount>;

struct SectionView {
  std::span<const uint8_t> bytes;
  uint64_t offset = 0;  // in the file
};
using SectionViews = std::array<SectionView, kSectionCount>;

std::vector<uint8_t> WriteContainer(const SectionPayloads& payloads);

// Checks every byte of the shell and all checksums. Errors: kBadInput with the offset; kUnsupported
// for an unknown version, flag or section.
Expected<SectionViews> ReadContainer(std::span<const uint8_t> file);

// Makes the checksums of a file of either version (whose shell is readable as far as it goes) right
// again after its bytes were changed. For tests and fuzzing: without it nothing behind the
// checksums is ever reached.
void RepairChecksums(std::span<uint8_t> file);

}  // namespace potlut
