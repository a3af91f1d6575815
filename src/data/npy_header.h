// The header of a .npy file, parsed apart from its data so that large arrays can be read record by
// record.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace potlut::data {

struct NpyHeader {
  std::string dtype;  // kind and bytes, "u1", "f4"
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<int64_t> shape;
  size_t item_bytes = 0;
  size_t data_offset = 0;  // where the first element stands
  size_t data_bytes = 0;   // product of shape and item_bytes, checked not to wrap
};

// `bytes` is the beginning of the file (64 KiB of it are enough for any sane header); `what` names
// the file in errors. Errors: kBadInput where it is no .npy header; kUnsupported for objects,
// records and text.
Expected<NpyHeader> ParseNpyHeader(std::span<const uint8_t> bytes, const std::string& what);

inline constexpr size_t kNpyHeaderRoom = size_t{64} << 10;

}  // namespace potlut::data
