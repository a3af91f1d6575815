// Graph nodes as ONNX nodes, one after the other.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "onnx/export_writer.h"

namespace potlut::onnx {

class OpExporter {
 public:
  // Both must outlive the exporter; the graph is a valid one.
  OpExporter(const graph::Graph& graph, ModelWriter& writer);

  // Writes graph input, nodes and graph outputs.
  void Run();

 private:
  // What stands for a graph node's value: [N, C, H, W] (rank 4) or [N, C] (rank 2).
  struct Exported {
    std::string name;
    int rank = 4;
    std::string as_map, as_vector;  // the value in the other form, where something wanted it
  };

  void FindLive();
  void FindDense();
  void WriteOutputs();
  void WriteNode(int32_t index);

  // One for each kind of operator; `at` is the node being written.
  void Write(const graph::Input&) {}
  void Write(const graph::Conv& op);
  void Write(const graph::Affine& op);
  void Write(const graph::Activation& op);
  void Write(const graph::Add& op);
  void Write(const graph::Mul&);
  void Write(const graph::MaxPool& op);
  void Write(const graph::AvgPool& op);
  void Write(const graph::Concat&);
  void Write(const graph::Flatten& op);
  void Write(const graph::Pad& op);
  void Write(const graph::Slice& op);
  void Write(const graph::Shuffle& op);
  void Write(const graph::Resize& op);
  void Write(const graph::Lrn& op);
  void Write(const graph::Softmax&);
  void Write(const graph::ArgMax&);

  void WriteGemm(const graph::Conv& op);
  // What opset 13 has no operator for.
  void WriteComposed(graph::Function function, const std::string& x);

  const graph::Node& node() const { return graph_.nodes[static_cast<size_t>(at_)]; }
  const std::string& name() const { return node().name; }
  int32_t in(size_t i = 0) const { return node().inputs[i]; }
  const graph::Shape& shape_in(size_t i = 0) const {
    return graph_.nodes[static_cast<size_t>(in(i))].shape;
  }
  bool dense(int32_t index) const { return dense_[static_cast<size_t>(index)]; }
  Exported& value(int32_t index) { return values_[static_cast<size_t>(index)]; }

  // The name of this input's value in its present form, as a map, as a vector.
  const std::string& Plain(size_t i = 0) { return value(in(i)).name; }
  const std::string& AsMap(size_t i = 0);
  const std::string& AsVector(size_t i = 0);
  // All inputs in one form: as vectors where each is one; gives the node that rank.
  std::vector<std::string> Alike();
  // A name for a part of this node.
  std::string Part(std::string_view part) {
    return writer_.MakeName(name() + "/" + std::string(part));
  }
  // A node that is a part of this one; returns its value's name.
  std::string PartNode(std::string_view op, std::string_view part,
                       const std::vector<std::string>& inputs);
  // One value, or one a channel, to be met by this node's rank by ONNX's rules of broadcasting.
  std::string Channelwise(std::string_view part, const std::vector<float>& values);

  const graph::Graph& graph_;
  ModelWriter& writer_;
  std::vector<bool> live_;
  std::vector<bool> read_;   // by a live node
  std::vector<bool> dense_;  // a convolution that becomes Gemm
  std::vector<Exported> values_;
  int32_t at_ = 0;
};

}  // namespace potlut::onnx
