// Finds convolutions that may end in an addition and a change of scale.
#include "engine/fuse.h"

#include <algorithm>

namespace potlut {
namespace {

class Fuser {
 public:
  explicit Fuser(const Program& program)
      : program_(program),
        maker_(program.tensors.size(), -1),
        readers_(program.tensors.size()),
        is_output_(program.tensors.size(), false),
        home_(program.nodes.size()) {
    for (size_t n = 0; n < program.nodes.size(); ++n) {
      const Node& node = program.nodes[n];
      home_[n] = static_cast<int32_t>(n);
      maker_[static_cast<size_t>(node.output)] = static_cast<int32_t>(n);
      for (const int32_t t : node.inputs)
        readers_[static_cast<size_t>(t)].push_back(static_cast<int32_t>(n));
    }
    for (const int32_t t : program.outputs) is_output_[static_cast<size_t>(t)] = true;
  }

  std::vector<Step> Steps() {
    std::vector<FusedConv> convs(program_.nodes.size());
    for (size_t n = 0; n < convs.size(); ++n) {
      if (Is<ConvOp>(n)) convs[n].conv = &program_.nodes[n];
    }
    for (size_t n = 0; n < convs.size(); ++n) {
      if (Is<AddOp>(n)) FuseAdd(n, convs);
    }
    for (FusedConv& fused : convs) {
      if (fused.conv != nullptr) FuseLookup(fused);
    }

    // A step stands where its addition does, when both inputs are there; else where its first node
    // does.
    std::vector<Step> steps;
    for (size_t n = 0; n < convs.size(); ++n) {
      if (Is<ReshapeOp>(n)) continue;
      const size_t home = static_cast<size_t>(home_[n]);
      if (Is<AddOp>(n) && home != n) {
        steps.push_back(ConvStep(home, convs[home]));
      } else if (home == n && Is<ConvOp>(n)) {
        if (convs[n].add == nullptr) steps.push_back(ConvStep(n, convs[n]));
      } else if (home == n) {
        const Node& node = program_.nodes[n];
        steps.push_back({{static_cast<int32_t>(n)}, {}, node.inputs, {node.output}});
      }
    }
    return steps;
  }

 private:
  template <typename Op>
  bool Is(size_t n) const {
    return std::holds_alternative<Op>(program_.nodes[n].op);
  }
  const Tensor& TensorAt(int32_t t) const { return program_.tensors[static_cast<size_t>(t)]; }
  int32_t IndexOf(const Node& node) const {
    return static_cast<int32_t>(&node - program_.nodes.data());
  }

  // The convolution that writes `tensor` for this one reader alone; -1 where there is none.
  int32_t OnlyFor(int32_t tensor) const {
    const size_t t = static_cast<size_t>(tensor);
    if (maker_[t] < 0 || is_output_[t] || readers_[t].size() != 1 ||
        !Is<ConvOp>(static_cast<size_t>(maker_[t]))) {
      return -1;
    }
    return maker_[t];
  }

  void FuseAdd(size_t n, std::vector<FusedConv>& convs) {
    const Node& add = program_.nodes[n];
    const int32_t a = add.inputs[0], b = add.inputs[1];
    if (a == b || !(TensorAt(a).dims == TensorAt(b).dims) || TensorAt(add.output).type.wide())
      return;
    const int32_t conv = std::max(OnlyFor(a), OnlyFor(b));
    if (conv < 0) return;
    convs[static_cast<size_t>(conv)].add = &add;
    home_[n] = conv;
  }

  void FuseLookup(FusedConv& fused) {
    const int32_t map = fused.first();
    const std::vector<int32_t>& readers = readers_[static_cast<size_t>(map)];
    for (const int32_t n : readers) {
      if (!Is<LookupOp>(static_cast<size_t>(n))) continue;
      const Node& lookup = program_.nodes[static_cast<size_t>(n)];
      if (!RescaleOf(program_, lookup).present) continue;
      fused.lookup = &lookup;
      fused.keep_first = readers.size() > 1 || is_output_[static_cast<size_t>(map)];
      home_[static_cast<size_t>(n)] = IndexOf(*fused.conv);
      return;
    }
  }

  Step ConvStep(size_t n, const FusedConv& fused) const {
    Step step{{static_cast<int32_t>(n)}, fused, {fused.input()}, {fused.first()}};
    if (fused.add != nullptr) {
      step.nodes.push_back(IndexOf(*fused.add));
      step.inputs.push_back(fused.residual());
    }
    if (fused.lookup != nullptr) {
      step.nodes.push_back(IndexOf(*fused.lookup));
      step.outputs.push_back(fused.second());
    }
    return step;
  }

  const Program& program_;
  std::vector<int32_t> maker_;                 // node that writes a tensor; -1: the image
  std::vector<std::vector<int32_t>> readers_;  // nodes that read a tensor, once for each time
  std::vector<bool> is_output_;
  std::vector<int32_t> home_;  // the node whose step runs a node
};

}  // namespace

std::vector<Step> FuseProgram(const Program& program) { return Fuser(program).Steps(); }

}  // namespace potlut
