// Bytes to ModelProto, and the checks on a model as a whole.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/status.h"
#include "onnx/proto.h"

namespace potlut::onnx {

constexpr int kMinOpset = 7;
constexpr int kMaxOpset = 21;

struct Model {
  std::unique_ptr<pb::ModelProto> proto;
  int opset = 0;  // of the standard domain
};

// Parses without a word on stderr. Errors: kBadInput where the bytes are no ONNX model,
// kUnsupported for opsets outside 7..21, kResourceLimit past 2 GiB or a million messages.
Expected<Model> ReadModel(std::span<const uint8_t> bytes);

}  // namespace potlut::onnx
