// What the QDQ export writes with: parts of a program's node, constants of any type, scales.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "onnx/export_writer.h"
#include "program/program.h"

namespace potlut::onnx {

// Fit for a name in any runtime: printable ASCII, not empty.
std::string SafeName(const std::string& name);

class QdqWriter {
 public:
  using Names = std::vector<std::string>;

 protected:
  explicit QdqWriter(ModelWriter& writer) : writer_(writer) {}

  // A name for a part of the node being written.
  std::string Part(std::string_view part);
  // A node that is a part of it; returns its value's name.
  std::string PartNode(std::string_view op, std::string_view part, const Names& inputs);

  template <typename T>
  std::string Constant(std::string_view part, pb::TensorProto::DataType type,
                       const std::vector<int64_t>& dims, const std::vector<T>& values) {
    pb::TensorProto& tensor = *writer_.graph().add_initializer();
    tensor.set_name(Part(part));
    tensor.set_data_type(type);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    std::string& raw = *tensor.mutable_raw_data();
    raw.resize(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
    return tensor.name();
  }
  std::string Byte(std::string_view part, int32_t value);

  // A scale as the float it has to be; where it is none, error_ says so.
  float AsFloat(double scale);

  ModelWriter& writer_;
  const Node* node_ = nullptr;  // being written
  Status error_;
};

}  // namespace potlut::onnx
