// A look at serialised bytes before protobuf sees them: a few bytes can ask for a whole message
// object.
#pragma once

#include <cstdint>
#include <span>

#include <google/protobuf/descriptor.h>

#include "base/status.h"

namespace potlut::onnx {

struct WireLimits {
  int64_t messages = 1'000'000;  // message and string objects, all together
  int depth = 24;                // of nested messages
};

// Walks `bytes` as a message of type `root`. Errors: kBadInput with the offset where the bytes are
// no such message, kResourceLimit where they hold more objects than allowed.
Status CheckWire(std::span<const uint8_t> bytes, const google::protobuf::Descriptor& root,
                 const WireLimits& limits = {});

}  // namespace potlut::onnx
