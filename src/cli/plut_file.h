// A .plut file with its bytes, from a path or from stdin.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "pack/plut.h"

namespace potlut::cli {

struct PlutFile {
  std::vector<uint8_t> bytes;
  Program program;
  std::vector<LayerBytes> layers;
};

// `path` "-" reads stdin. `low_bits` not 0: the low reading of a layered file. Errors: those of
// ReadFile, Unpack and UnpackLow, with the path.
Expected<PlutFile> ReadPlut(const std::string& path, int low_bits = 0);

}  // namespace potlut::cli
