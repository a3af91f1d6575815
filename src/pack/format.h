// Constants of the .plut format (docs/format.md): ids, limits and names for messages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace potlut {

inline constexpr std::array<uint8_t, 8> kPlutMagic = {0x89, 'P', 'L', 'U', 'T', '\r', '\n', 0x1A};
inline constexpr size_t kPlutTrailerBytes = 4;

// ---- Version 1: sections of plain fields (container.h, sections.h) ----

inline constexpr uint16_t kPlutVersion1 = 1;
inline constexpr size_t kPlutAlignment = 64;
inline constexpr size_t kPlutHeaderBytes = 24;
inline constexpr size_t kPlutEntryBytes = 24;

// Sections, in the order in which a file holds them. What a receiver must know to take weights
// layer by layer from a stream stands before the weights.
enum class SectionKind : uint16_t {
  kMetadata = 1,
  kNames = 2,
  kTensors = 3,
  kNodes = 4,
  kTables = 5,
  kWeights = 6,
};
inline constexpr size_t kSectionCount = 6;
inline constexpr std::array<std::string_view, kSectionCount> kSectionNames = {
    "metadata", "names", "tensors", "nodes", "tables", "weights"};

inline constexpr uint64_t kMaxNameBytes = 4096;
inline constexpr uint64_t kMaxTextBytes = uint64_t{16} << 20;  // of a metadata value

// What a file of version 1 may unfold to: codes, tables, biases, shifts and names together, in
// bytes. Keeps a small file from asking for gigabytes through layers and names that cost it nearly
// nothing.
inline constexpr uint64_t kUnfoldBase = uint64_t{16} << 20;
inline constexpr uint64_t kUnfoldPerByte = 64;
constexpr uint64_t UnfoldLimit(uint64_t file_bytes) {
  return kUnfoldBase + kUnfoldPerByte * file_bytes;
}

// ---- Version 2: a coded head, then one block of codes a layer (head.h, shell.h) ----

inline constexpr uint16_t kPlutVersion2 = 2;
inline constexpr size_t kPlutShellBytes = 24;     // before the head
inline constexpr uint16_t kPlutLayeredFlag = 1;   // codes stand in two parts: base, refinements
inline constexpr size_t kPlutLowBytes = 8;        // and the size of the first is told
inline constexpr uint64_t kUnfold2PerByte = 256;  // as kUnfoldPerByte, without names
constexpr uint64_t Unfold2Limit(uint64_t file_bytes) {
  return kUnfoldBase + kUnfold2PerByte * file_bytes;
}

// Codes that are not raw: kCodesPerByte for each byte of their block, and kCodesBase more in all
// layers together. Bounds a reader's work, as the limits above bound its memory.
inline constexpr uint64_t kCodesBase = uint64_t{1} << 18;
inline constexpr uint64_t kCodesPerByte = 256;

// What a head of n bytes may hold: bytes of text, and numbers coded one by one.
constexpr uint64_t HeadTextLimit(uint64_t head_bytes) { return 32768 + 64 * head_bytes; }
constexpr uint64_t HeadNumberLimit(uint64_t head_bytes) { return 262144 + 64 * head_bytes; }

}  // namespace potlut
