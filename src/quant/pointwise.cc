// Finds pointwise values, fuses clamps into what they clamp, evaluates functions of one variable.
#include "quant/pointwise.h"

#include <algorithm>
#include <numeric>

namespace potlut::quant {

Pointwise::Pointwise(const graph::Graph& g) : g_(g), consumers_(graph::Consumers(g)) {
  const size_t n = g.nodes.size();
  root_.resize(n);
  std::iota(root_.begin(), root_.end(), 0);
  for (const int32_t o : g.outputs) is_output_.insert(o);
  for (size_t i = 0; i < n; ++i) Classify(static_cast<int32_t>(i));
}

void Pointwise::Classify(int32_t i) {
  const graph::Node& node = g_.nodes[static_cast<size_t>(i)];
  int32_t& root = root_[static_cast<size_t>(i)];
  if (std::holds_alternative<graph::Affine>(node.op)) {
    root = this->root(node.inputs[0]);
  } else if (const auto* activation = std::get_if<graph::Activation>(&node.op)) {
    if (Absorbs(node.inputs[0], *activation)) {
      absorbs_[node.inputs[0]] = i;
      fused_[i] = activation;
      return;  // a root of its own
    }
    root = this->root(node.inputs[0]);
  } else if (std::holds_alternative<graph::Add>(node.op) ||
             std::holds_alternative<graph::Mul>(node.op)) {
    const int32_t a = node.inputs[0], b = node.inputs[1];
    const bool one_shape =
        g_.nodes[static_cast<size_t>(a)].shape == g_.nodes[static_cast<size_t>(b)].shape;
    // x + x would do as a table too, but only where one side is more than the root itself.
    if (one_shape && this->root(a) == this->root(b)) root = this->root(a);
  }
}
// Whether `from` requantises its output and is read by this clamp alone.
bool Pointwise::Absorbs(int32_t from, const graph::Activation& a) const {
  if (a.function != graph::Function::kRelu && a.function != graph::Function::kClip) return false;
  if (is_output(from) || consumers(from).size() != 1 || pointwise(from)) return false;
  const graph::Op& op = g_.nodes[static_cast<size_t>(from)].op;
  return std::holds_alternative<graph::Conv>(op) || std::holds_alternative<graph::Add>(op) ||
         std::holds_alternative<graph::Mul>(op) || std::holds_alternative<graph::AvgPool>(op);
}

PointwiseFunction::PointwiseFunction(const graph::Graph& g, int32_t root, int32_t value) : g_(g) {
  std::set<int32_t> needed, open{value};
  while (!open.empty()) {
    const int32_t i = *open.begin();
    open.erase(open.begin());
    if (i == root || !needed.insert(i).second) continue;
    for (const int32_t in : g.nodes[static_cast<size_t>(i)].inputs) open.insert(in);
  }
  nodes_.assign(needed.begin(), needed.end());
  for (const int32_t i : nodes_) {
    std::vector<size_t>& operands = operands_.emplace_back();
    for (const int32_t in : g.nodes[static_cast<size_t>(i)].inputs) {
      const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), in);
      operands.push_back(in == root ? SIZE_MAX : static_cast<size_t>(at - nodes_.begin()));
    }
  }
}

double PointwiseFunction::operator()(double x, int32_t channel) const {
  if (nodes_.empty()) return x;
  std::vector<double> values(nodes_.size());
  for (size_t k = 0; k < nodes_.size(); ++k) {
    const graph::Op& op = g_.nodes[static_cast<size_t>(nodes_[k])].op;
    const auto input = [&](size_t i) {
      const size_t from = operands_[k][i];
      return from == SIZE_MAX ? x : values[from];
    };
    if (const auto* affine = std::get_if<graph::Affine>(&op)) {
      const auto pick = [&](const std::vector<float>& v) {
        return double{v[v.size() == 1 ? 0 : static_cast<size_t>(channel)]};
      };
      values[k] = input(0) * pick(affine->scale) + pick(affine->shift);
    } else if (const auto* activation = std::get_if<graph::Activation>(&op)) {
      values[k] = graph::Evaluate(*activation, static_cast<float>(input(0)), channel);
    } else if (const auto* add = std::get_if<graph::Add>(&op)) {
      values[k] = add->subtract ? input(0) - input(1) : input(0) + input(1);
    } else {
      values[k] = input(0) * input(1);  // Mul: nothing else is pointwise
    }
  }
  return values.back();
}

}  // namespace potlut::quant
