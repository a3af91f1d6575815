// The graph while it is being made, and the steps that operators share: emitting nodes, putting a
// value's axes in order, spreading constants over channels.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "onnx/node_view.h"
#include "onnx/value.h"

namespace potlut::onnx {

class GraphBuilder {
 public:
  // `folder`: where external data may lie; `max_elements`: of all constants that the model stores.
  GraphBuilder(std::string folder, int64_t max_elements)
      : folder_(std::move(folder)), stored_(max_elements), derived_(kFreeElements) {}

  graph::Graph& graph() { return graph_; }
  const graph::Shape& ShapeOf(const Tensor& tensor) const {
    return graph_.nodes[static_cast<size_t>(tensor.node)].shape;
  }
  // The batch size that shapes fold with: the model's where it is fixed, else 1.
  int64_t batch() const { return batch_; }
  void set_batch(int64_t batch) { batch_ = batch; }

  // A tensor of the model; what may be derived from constants grows with it.
  Expected<ConstantPtr> ReadStored(const pb::TensorProto& tensor, const std::string& what);
  // Asks for room for computed constants: at most 16 elements for each that the model stores, and 4
  // million.
  Status TakeDerived(const NodeView& node, int64_t elements);

  // `name`, or with a number where another node has it; never empty.
  std::string UniqueName(const std::string& name);

  // Appends a node that computes `op`. It is named after `node`; `part` tells apart what one ONNX
  // node becomes.
  Expected<int32_t> Emit(const NodeView& node, graph::Op op, std::vector<int32_t> inputs,
                         std::string_view part = {}, const graph::Shape& wanted = {});
  // The same for a function of one value that keeps its axes.
  Expected<Tensor> EmitOn(const NodeView& node, graph::Op op, const Tensor& input,
                          std::string_view part = {});

  // The same value with channels in one axis and in order (a Shuffle where they were regrouped),
  // and with one axis of all elements turned into a vector (a Flatten). Errors: kUnsupported where
  // no such node does it.
  Expected<Tensor> Arranged(const NodeView& node, const Tensor& tensor);
  // The same value as N, C, H, W; as N, C with h = w = 1.
  Expected<Tensor> AsMap(const NodeView& node, const Tensor& tensor);
  Expected<Tensor> AsVector(const NodeView& node, const Tensor& tensor);

  // `constant`, broadcast to the tensor by ONNX's rules, as one value or one a channel. Where the
  // tensor's axes must be put in order for that, `tensor` becomes the ordered one. Errors:
  // kUnsupported where the constant differs within a map or makes the result larger, kBadInput
  // where shapes do not fit.
  Expected<std::vector<float>> PerChannel(const NodeView& node, Tensor& tensor,
                                          const Constant& constant);

 private:
  static constexpr int64_t kFreeElements = int64_t{1} << 22;

  Expected<std::vector<float>> Spread(const NodeView& node, const Tensor& tensor,
                                      const Constant& constant);
  Expected<Tensor> Flattened(const NodeView& node, const Tensor& tensor, size_t axis);

  graph::Graph graph_;
  std::string folder_;
  Budget stored_;
  Budget derived_;
  int64_t batch_ = 1;
  std::set<std::string> names_;
  std::map<std::string, int64_t> next_number_;
  std::map<std::pair<int32_t, int32_t>, int32_t> shuffles_;  // (node, groups) to the Shuffle
  std::map<std::pair<int32_t, int32_t>, int32_t> flattens_;  // (node, order) to the Flatten
};

}  // namespace potlut::onnx
