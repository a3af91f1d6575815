// Deltas between models: what turns one .plut file into another, in far fewer bytes than the other
// has (docs/delta.md).
//
// A delta names the file that it is for by its SHA-256 and is refused on any other. What it makes
// is the new file byte for byte, proven by SHA-256 before anything of it is returned.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "program/validate.h"

namespace potlut {

// How a delta says what the new file is. Ids are part of the format.
enum class DeltaMethod : uint8_t {
  kProgram = 0,  // codes that moved and numbers that changed; the result is packed anew
  kBytes = 1,    // runs of the old file's bytes, and bytes of its own
  kWhole = 2,    // the new file itself
};
std::string_view DeltaMethodName(DeltaMethod method);  // "program", "bytes", "whole"

// What a delta has cost and why, for people.
struct DeltaReport {
  DeltaMethod method = DeltaMethod::kProgram;
  int64_t bytes = 0;
  int64_t weights = 0;         // of the new model
  int64_t layers = 0;          // with weights
  int64_t layers_changed = 0;  // whose codes, alphabet, biases or shifts differ; all, where the
                               // models are of another structure
  int64_t codes_changed = 0;   // in layers of as many codes as before; all of others
};

// What the outside of a delta says.
struct DeltaHeader {
  DeltaMethod method = DeltaMethod::kProgram;
  uint8_t packing = 0;  // kProgram: how the new file was packed (docs/delta.md, section 3)
  uint64_t bytes = 0;   // of the delta
  uint64_t old_bytes = 0, new_bytes = 0;
  Sha256Digest old_digest{}, new_digest{};
};
inline constexpr size_t kDeltaHeaderBytes = 100;
inline constexpr size_t kDeltaTrailerBytes = 4;

// Both files are to be sound. Deterministic. Errors: those of Unpack, with "old file" or "new file"
// before them.
Expected<std::vector<uint8_t>> MakeDelta(std::span<const uint8_t> old_file,
                                         std::span<const uint8_t> new_file,
                                         const ProgramLimits& limits = {},
                                         DeltaReport* report = nullptr);

// The new file. Trusts nothing: memory and work are bounded by the two inputs and by `limits`.
// Errors: kBadInput for a delta that is malformed or for another base; kUnsupported for an unknown
// version, method or packing; kBadInput too where what it makes is not the file that it names (this
// potlut may pack otherwise than the one that made the delta); those of Unpack; kResourceLimit.
Expected<std::vector<uint8_t>> ApplyDelta(std::span<const uint8_t> old_file,
                                          std::span<const uint8_t> delta,
                                          const ProgramLimits& limits = {});

// Checks size, checksum, version and method. Errors: kBadInput, kUnsupported.
Expected<DeltaHeader> ReadDeltaHeader(std::span<const uint8_t> delta);

// True where `bytes` begin like a delta.
bool LooksLikeDelta(std::span<const uint8_t> bytes);

// Makes the checksum of a changed delta right again, for tests and fuzzing.
void RepairDelta(std::span<uint8_t> delta);

}  // namespace potlut
