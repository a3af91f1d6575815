// NumPy's .npy (versions 1 to 3) and .npz (stored or deflated) arrays.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace potlut::data {

struct NpyArray {
  std::string dtype;  // as in the file without byte order: "u1", "i4", "f4", ...
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;  // C order, little endian (converted where the file differs)
  int64_t count() const;
};

Expected<NpyArray> ReadNpy(const std::string& path);
Expected<NpyArray> ParseNpy(std::span<const uint8_t> bytes, const std::string& what);
Expected<std::map<std::string, NpyArray>> ReadNpz(const std::string& path);
Status WriteNpy(const std::string& path, const NpyArray& array);  // atomic

}  // namespace potlut::data
