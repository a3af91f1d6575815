// Constants of the .plut format (docs/format.md): ids, limits and names for messages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace potlut {

inline constexpr std::array<uint8_t, 8> kPlutMagic = {0x89, 'P', 'L', 'U', 'T', '\r', '\n', 0x1A};
inline constexpr uint16_t kPlutVersion = 1;
inline constexpr size_t kPlutAlignment = 64;
inline constexpr size_t kPlutHeaderBytes = 24;
inline constexpr size_t kPlutEntryBytes = 24;
inline constexpr size_t kPlutTrailerBytes = 4;

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

// What a file may unfold to: codes, tables, biases, shifts and names together, in bytes. Keeps a
// small file from asking for gigabytes through layers and names that cost it nearly nothing.
inline constexpr uint64_t kUnfoldBase = uint64_t{16} << 20;
inline constexpr uint64_t kUnfoldPerByte = 64;

}  // namespace potlut
