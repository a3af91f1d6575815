// An ONNX model while it is being written: nodes, attributes and constants, all names unique.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "onnx/proto.h"

namespace potlut::onnx {

// One node's attributes, set in a chain.
class NodeWriter {
 public:
  explicit NodeWriter(pb::NodeProto& node) : node_(node) {}
  NodeWriter& Int(std::string_view name, int64_t value);
  NodeWriter& Ints(std::string_view name, const std::vector<int64_t>& values);
  NodeWriter& Float(std::string_view name, float value);
  NodeWriter& Text(std::string_view name, std::string_view value);

 private:
  pb::AttributeProto& Add(std::string_view name, pb::AttributeProto::AttributeType type);
  pb::NodeProto& node_;
};

class ModelWriter {
 public:
  // Opset 13, producer "potlut".
  ModelWriter();

  pb::ModelProto& proto() { return proto_; }
  pb::GraphProto& graph() { return *proto_.mutable_graph(); }

  // Keeps `name` from being made up.
  void Reserve(const std::string& name) { names_.insert(name); }
  // `base`, or with a number where it is taken.
  std::string MakeName(const std::string& base);

  // A node `name` with the one output `name`.
  NodeWriter Node(std::string_view op, const std::string& name,
                  const std::vector<std::string>& inputs);

  // Constants; each returns the name it was given.
  std::string Floats(const std::string& base, const std::vector<int64_t>& dims,
                     const std::vector<float>& values);
  std::string Scalar(const std::string& base, float value) { return Floats(base, {}, {value}); }
  std::string Integers(const std::string& base, const std::vector<int64_t>& values);

  // A graph input or output: dimension 0 is the batch "N".
  static void Describe(pb::ValueInfoProto& info, const std::string& name,
                       pb::TensorProto::DataType type, const std::vector<int64_t>& sides);

 private:
  pb::ModelProto proto_;
  std::set<std::string> names_;
  std::map<std::string, int64_t> next_number_;
};

}  // namespace potlut::onnx
