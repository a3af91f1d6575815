// The ONNX messages under a short name: `pb` is the namespace that protoc gave them.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>

namespace potlut::onnx {

namespace pb = ::onnx;

// `text` fit for a message or a node's name: control characters become '?', at most `limit` bytes.
std::string Printable(const std::string& text, size_t limit = 200);

}  // namespace potlut::onnx
