// Names, bytes and scales.
#include "onnx/qdq_writer.h"

#include <cmath>

#include "base/text.h"

namespace potlut::onnx {

std::string SafeName(const std::string& name) {
  std::string safe = name.empty() ? "unnamed" : name;
  for (char& c : safe) c = c > ' ' && c < 127 ? c : '_';
  return safe;
}

std::string QdqWriter::Part(std::string_view part) {
  return writer_.MakeName(Cat(node_ == nullptr ? "output" : SafeName(node_->name), "/", part));
}

std::string QdqWriter::PartNode(std::string_view op, std::string_view part, const Names& inputs) {
  const std::string name = Part(part);
  writer_.Node(op, name, inputs);
  return name;
}

std::string QdqWriter::Byte(std::string_view part, int32_t value) {
  return Constant<uint8_t>(part, pb::TensorProto::UINT8, {}, {static_cast<uint8_t>(value)});
}

float QdqWriter::AsFloat(double scale) {
  const auto f = static_cast<float>(scale);
  if (error_.ok() && !std::isnormal(f)) {
    error_ = Unsupported("node '", node_ == nullptr ? "output" : node_->name, "': its scale ",
                         scale, " is no 32-bit float");
  }
  return f;
}

}  // namespace potlut::onnx
