// Filling in messages.
#include "onnx/export_writer.h"

#include <bit>
#include <cstring>

#include "base/text.h"

namespace potlut::onnx {
namespace {

constexpr int64_t kIrVersion = 7;  // of ONNX 1.8, which brought opset 13
constexpr int64_t kOpset = 13;

static_assert(std::endian::native == std::endian::little, "raw tensor data is little endian");

template <typename T>
void SetRaw(pb::TensorProto& tensor, const std::vector<T>& values) {
  std::string& raw = *tensor.mutable_raw_data();
  raw.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
}

}  // namespace

pb::AttributeProto& NodeWriter::Add(std::string_view name, pb::AttributeProto::AttributeType type) {
  pb::AttributeProto& attribute = *node_.add_attribute();
  attribute.set_name(std::string(name));
  attribute.set_type(type);
  return attribute;
}

NodeWriter& NodeWriter::Int(std::string_view name, int64_t value) {
  Add(name, pb::AttributeProto::INT).set_i(value);
  return *this;
}

NodeWriter& NodeWriter::Ints(std::string_view name, const std::vector<int64_t>& values) {
  pb::AttributeProto& attribute = Add(name, pb::AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
  return *this;
}

NodeWriter& NodeWriter::Float(std::string_view name, float value) {
  Add(name, pb::AttributeProto::FLOAT).set_f(value);
  return *this;
}

NodeWriter& NodeWriter::Text(std::string_view name, std::string_view value) {
  Add(name, pb::AttributeProto::STRING).set_s(std::string(value));
  return *this;
}

ModelWriter::ModelWriter() {
  proto_.set_ir_version(kIrVersion);
  proto_.set_producer_name("potlut");
  pb::OperatorSetIdProto& opset = *proto_.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
}

std::string ModelWriter::MakeName(const std::string& base) {
  if (names_.insert(base).second) return base;
  int64_t& number = next_number_[base];
  std::string name;
  do {
    name = Cat(base, "_", ++number + 1);
  } while (!names_.insert(name).second);
  return name;
}

NodeWriter ModelWriter::Node(std::string_view op, const std::string& name,
                             const std::vector<std::string>& inputs) {
  pb::NodeProto& node = *graph().add_node();
  node.set_op_type(std::string(op));
  node.set_name(name);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(name);
  return NodeWriter(node);
}

std::string ModelWriter::Floats(const std::string& base, const std::vector<int64_t>& dims,
                                const std::vector<float>& values) {
  pb::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(MakeName(base));
  tensor.set_data_type(pb::TensorProto::FLOAT);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  SetRaw(tensor, values);
  return tensor.name();
}

std::string ModelWriter::Integers(const std::string& base, const std::vector<int64_t>& values) {
  pb::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(MakeName(base));
  tensor.set_data_type(pb::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  SetRaw(tensor, values);
  return tensor.name();
}

void ModelWriter::Describe(pb::ValueInfoProto& info, const std::string& name,
                           pb::TensorProto::DataType type, const std::vector<int64_t>& sides) {
  info.set_name(name);
  pb::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape()->add_dim()->set_dim_param("N");
  for (const int64_t side : sides) tensor.mutable_shape()->add_dim()->set_dim_value(side);
}

}  // namespace potlut::onnx
