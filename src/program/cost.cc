// Counts the work of a node for one image: what a float network would multiply, and what look-ups
// replace.
#include "program/program.h"

namespace potlut {
namespace {

struct Counter {
  const Program& program;
  const Node& node;
  const Tensor& in() const { return program.tensors[static_cast<size_t>(node.inputs[0])]; }
  const Tensor& out() const { return program.tensors[static_cast<size_t>(node.output)]; }

  NodeCost operator()(const ConvOp& conv) const {
    NodeCost cost;
    const int64_t in_per_group = in().dims.c / conv.groups;
    const int64_t taps = int64_t{conv.window.kernel_h} * conv.window.kernel_w * in_per_group;
    cost.macs = out().dims.count() * taps;
    cost.lookups = cost.macs;
    cost.additions = cost.macs;
    cost.weights = taps * out().dims.c;
    const int64_t codes = static_cast<int64_t>(conv.codes.size());
    cost.code_bytes = (codes * conv.alphabet.bits + 7) / 8;
    // A pair's bits are shared by its two weights.
    const int64_t positions = int64_t{out().dims.h} * out().dims.w;
    cost.bit_ops = codes * conv.alphabet.bits * positions * in().type.bits;
    return cost;
  }
  NodeCost operator()(const AddOp&) const { return {.additions = out().dims.count()}; }
  NodeCost operator()(const MulOp&) const {  // two quarter squares each, and their difference
    return {.macs = out().dims.count(),
            .lookups = 2 * out().dims.count(),
            .additions = 3 * out().dims.count()};
  }
  NodeCost operator()(const MeanOp& mean) const {
    return {.additions = out().dims.count() * mean.window.kernel_h * mean.window.kernel_w};
  }
  NodeCost operator()(const LookupOp&) const { return {.lookups = out().dims.count()}; }
  template <typename Other>  // what only compares or moves integers
  NodeCost operator()(const Other&) const {
    return {};
  }
};

}  // namespace

NodeCost CostOf(const Program& program, const Node& node) {
  return std::visit(Counter{program, node}, node.op);
}

}  // namespace potlut
