// Small ONNX models for the tests of this room.
#include "onnx/model_for_test.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "graph/executor.h"

namespace potlut::onnx {

TestAttribute Int(const std::string& name, int64_t value) { return {name, value}; }
TestAttribute Ints(const std::string& name, std::vector<int64_t> values) {
  return {name, std::move(values)};
}
TestAttribute Float(const std::string& name, float value) { return {name, value}; }
TestAttribute Text(const std::string& name, const std::string& value) { return {name, value}; }

TestModel::TestModel(int opset, const std::vector<int64_t>& input) {
  proto_.set_ir_version(8);
  proto_.set_producer_name("test");
  proto_.set_producer_version("1.0");
  proto_.add_opset_import()->set_version(opset);
  graph().set_name("small");
  pb::ValueInfoProto& x = *graph().add_input();
  x.set_name("x");
  pb::TypeProto::Tensor& type = *x.mutable_type()->mutable_tensor_type();
  type.set_elem_type(pb::TensorProto::FLOAT);
  for (const int64_t dim : input) {
    auto& d = *type.mutable_shape()->add_dim();
    if (dim == 0) {
      d.set_dim_param("N");
    } else {
      d.set_dim_value(dim);
    }
  }
  Output("y");
}

TestModel& TestModel::Node(const std::string& op, const std::vector<std::string>& inputs,
                           const std::vector<std::string>& outputs,
                           const std::vector<TestAttribute>& attributes) {
  pb::NodeProto& node = *graph().add_node();
  node.set_op_type(op);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  for (const TestAttribute& attribute : attributes) {
    pb::AttributeProto& a = *node.add_attribute();
    a.set_name(attribute.name);
    if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
      a.set_type(pb::AttributeProto::INT);
      a.set_i(*i);
    } else if (const auto* f = std::get_if<float>(&attribute.value)) {
      a.set_type(pb::AttributeProto::FLOAT);
      a.set_f(*f);
    } else if (const auto* s = std::get_if<std::string>(&attribute.value)) {
      a.set_type(pb::AttributeProto::STRING);
      a.set_s(*s);
    } else if (const auto* list = std::get_if<std::vector<int64_t>>(&attribute.value)) {
      a.set_type(pb::AttributeProto::INTS);
      for (const int64_t v : *list) a.add_ints(v);
    } else {
      a.set_type(pb::AttributeProto::FLOATS);
      for (const float v : std::get<std::vector<float>>(attribute.value)) a.add_floats(v);
    }
  }
  return *this;
}

TestModel& TestModel::Floats(const std::string& name, const std::vector<int64_t>& dims,
                             const std::vector<float>& values) {
  pb::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(pb::TensorProto::FLOAT);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
  return *this;
}

TestModel& TestModel::Ints(const std::string& name, const std::vector<int64_t>& dims,
                           const std::vector<int64_t>& values) {
  pb::TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(pb::TensorProto::INT64);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  for (const int64_t value : values) tensor.add_int64_data(value);
  return *this;
}

TestModel& TestModel::Random(const std::string& name, const std::vector<int64_t>& dims) {
  size_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<size_t>(dim);
  return Floats(name, dims, RandomFloats(count, ++seed_));
}

TestModel& TestModel::Output(const std::string& name) {
  graph().add_output()->set_name(name);
  return *this;
}

Expected<graph::Graph> TestModel::Import(const std::string& folder,
                                         const ImportOptions& options) const {
  const std::string bytes = Bytes();
  return onnx::Import({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, folder,
                      options);
}

std::vector<float> RandomFloats(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  uint32_t state = seed * 2654435761U + 12345U;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<int32_t>(state >> 8) - (1 << 23)) /
            static_cast<float>(1 << 23);
  }
  return values;
}

namespace {

// Turns [c][h][w] into [h][w][c], or back.
std::vector<float> Reordered(const std::vector<float>& from, const graph::Shape& shape,
                             bool to_channels_last) {
  std::vector<float> to(from.size());
  const auto c_count = static_cast<size_t>(shape.c);
  const auto hw = static_cast<size_t>(shape.h) * static_cast<size_t>(shape.w);
  for (size_t c = 0; c < c_count; ++c) {
    for (size_t i = 0; i < hw; ++i) {
      const size_t chw = c * hw + i;
      const size_t hwc = i * c_count + c;
      if (to_channels_last) {
        to[hwc] = from[chw];
      } else {
        to[chw] = from[hwc];
      }
    }
  }
  return to;
}

}  // namespace

std::vector<float> Evaluated(const graph::Graph& graph, const std::vector<float>& chw,
                             size_t which) {
  auto executor = graph::Executor::Create(graph, 1, 1);
  if (!executor.ok()) {
    ADD_FAILURE() << executor.error().message;
    return {};
  }
  EXPECT_EQ(static_cast<int64_t>(chw.size()), graph.input_shape().count());
  const auto values = (*executor)->Run(Reordered(chw, graph.input_shape(), true), graph.outputs);
  if (!values.ok()) {
    ADD_FAILURE() << values.error().message;
    return {};
  }
  const graph::Node& node = graph.nodes[static_cast<size_t>(graph.outputs[which])];
  return Reordered((*values)[which], node.shape, false);
}

std::vector<float> Evaluated(const TestModel& model, const std::vector<float>& chw, size_t which) {
  const Expected<graph::Graph> graph = model.Import();
  if (!graph.ok()) {
    ADD_FAILURE() << graph.error().message;
    return {};
  }
  return Evaluated(*graph, chw, which);
}

void ExpectNear(const std::vector<float>& got, const std::vector<float>& want, float tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], want[i], tolerance * (1 + std::abs(want[i]))) << "at " << i;
  }
}

void ExpectRefused(const TestModel& model, ErrorCode code, const std::vector<std::string>& parts) {
  const Expected<graph::Graph> graph = model.Import();
  ASSERT_FALSE(graph.ok()) << "imported as " << Ops(graph);
  EXPECT_EQ(static_cast<int>(graph.error().code), static_cast<int>(code)) << graph.error().message;
  for (const std::string& part : parts) {
    EXPECT_NE(graph.error().message.find(part), std::string::npos)
        << "'" << part << "' is not in: " << graph.error().message;
  }
}

std::string Ops(const Expected<graph::Graph>& graph) {
  if (!graph.ok()) return "error: " + graph.error().message;
  std::string out;
  for (const graph::Node& node : graph->nodes) {
    if (!out.empty()) out += ' ';
    out += graph::OpName(node.op);
  }
  return out;
}

void Stop(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

}  // namespace potlut::onnx
