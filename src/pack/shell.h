// The outer shell of a version 2 file: a fixed beginning, the head, blocks of codes, checksums
// (docs/format.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/format.h"

namespace potlut {

struct Shell2 {
  uint16_t flags = 0;
  uint32_t head_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t low_bytes = 0;  // of a layered file: what its low reading needs, a checksum included

  bool layered() const { return (flags & kPlutLayeredFlag) != 0; }
  uint64_t head_at() const { return kPlutShellBytes + (layered() ? kPlutLowBytes : 0); }
  // Where blocks begin: after the head and its checksum.
  uint64_t blocks_at() const { return head_at() + head_bytes + kPlutTrailerBytes; }
};

// The version that a file says it is of; 0 for fewer than 10 bytes.
uint16_t PlutVersionOf(std::span<const uint8_t> file);

// `parts`: runs of blocks, each followed by a checksum of all that stands before it; two where
// `flags` say layered, else one.
std::vector<uint8_t> WriteShell2(uint16_t flags, std::span<const uint8_t> head,
                                 std::span<const std::vector<uint8_t>> parts);

// The beginning of a file: kPlutShellBytes, and kPlutLowBytes more where it is layered (whose
// low_bytes is 0 where they are not there). Errors: kBadInput, kUnsupported for an unknown version.
Expected<Shell2> ReadShell2(std::span<const uint8_t> bytes);

// Of a whole file (`low`: or of what its low reading needs): sizes and checksums. Errors: kBadInput
// with the offset, kUnsupported.
Expected<Shell2> CheckShell2(std::span<const uint8_t> file, bool low = false);

// Makes the checksums of a changed file right again: for RepairChecksums (container.h).
void RepairShell2(std::span<uint8_t> file);

uint32_t LoadU32(std::span<const uint8_t> bytes, uint64_t offset);
void StoreU32(std::span<uint8_t> bytes, uint64_t offset, uint32_t v);

}  // namespace potlut
