// Small ONNX models, written in a few lines, and their float values: for the tests of this room.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "graph/graph.h"
#include "onnx/import.h"
#include "onnx/proto.h"

namespace potlut::onnx {

struct TestAttribute {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>> value;
};
TestAttribute Int(const std::string& name, int64_t value);
TestAttribute Ints(const std::string& name, std::vector<int64_t> values);
TestAttribute Float(const std::string& name, float value);
TestAttribute Text(const std::string& name, const std::string& value);

class TestModel {
 public:
  // A float input "x" of these dimensions (0: symbolic) and an output "y".
  explicit TestModel(int opset = 13, const std::vector<int64_t>& input = {0, 4, 6, 6});

  TestModel& Node(const std::string& op, const std::vector<std::string>& inputs,
                  const std::vector<std::string>& outputs,
                  const std::vector<TestAttribute>& attributes = {});
  TestModel& Floats(const std::string& name, const std::vector<int64_t>& dims,
                    const std::vector<float>& values);
  TestModel& Ints(const std::string& name, const std::vector<int64_t>& dims,
                  const std::vector<int64_t>& values);
  // An initialiser of pseudo random floats.
  TestModel& Random(const std::string& name, const std::vector<int64_t>& dims);
  TestModel& Output(const std::string& name);  // one more

  pb::ModelProto& proto() { return proto_; }
  pb::GraphProto& graph() { return *proto_.mutable_graph(); }
  pb::NodeProto& last() { return *graph().mutable_node(graph().node_size() - 1); }
  std::string Bytes() const { return proto_.SerializeAsString(); }
  Expected<graph::Graph> Import(const std::string& folder = {},
                                const ImportOptions& options = {}) const;

 private:
  pb::ModelProto proto_;
  uint32_t seed_ = 1;
};

// Pseudo random numbers in -1..1, the same on every machine.
std::vector<float> RandomFloats(size_t count, uint32_t seed);

// Imports and runs the model on one sample in C, H, W order; the values of output `which` come in
// C, H, W order too. A failure is reported to GoogleTest and gives no values.
std::vector<float> Evaluated(const TestModel& model, const std::vector<float>& chw,
                             size_t which = 0);
std::vector<float> Evaluated(const graph::Graph& graph, const std::vector<float>& chw,
                             size_t which = 0);

// Expects equal lengths and values within `tolerance`.
void ExpectNear(const std::vector<float>& got, const std::vector<float>& want,
                float tolerance = 1e-5F);

// Expects that the import fails with this code and a message that holds all of `parts`.
void ExpectRefused(const TestModel& model, ErrorCode code, const std::vector<std::string>& parts);

// The operator names of the graph's nodes: "input conv activation".
std::string Ops(const Expected<graph::Graph>& graph);

// Ends the test program with these words: what follows in a test could not make sense.
[[noreturn]] void Stop(const std::string& why);

// The single node of this operator type; stops where there is none or more.
template <typename T>
T Only(const Expected<graph::Graph>& graph) {
  if (!graph.ok()) Stop(graph.error().message);
  const T* found = nullptr;
  for (const graph::Node& node : graph->nodes) {
    if (const T* op = std::get_if<T>(&node.op)) {
      if (found != nullptr) Stop("several nodes of the wanted kind: " + Ops(graph));
      found = op;
    }
  }
  if (found == nullptr) Stop("no node of the wanted kind: " + Ops(graph));
  return *found;
}

}  // namespace potlut::onnx
