// Tensor data that lies in a file beside the model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace potlut::onnx {

// Where the model says that a tensor's bytes are.
struct ExternalLocation {
  std::string location;  // relative to the model's folder
  int64_t offset = 0;
  int64_t length = -1;  // -1: to the end of the file
};

// Reads exactly `bytes` bytes. `folder` is the model's (empty: external data is not allowed).
// Errors: kBadInput on an absolute path, a "..", a link out of the folder, anything but a regular
// file, and sizes that do not fit; nothing is allocated before the sizes were checked.
Expected<std::vector<uint8_t>> ReadExternal(const std::string& folder,
                                            const ExternalLocation& where, int64_t bytes);

}  // namespace potlut::onnx
