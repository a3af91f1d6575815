// Which values of a graph are functions of one other value, element by element: what becomes a
// table, or a clamp.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "graph/graph.h"

namespace potlut::quant {

// Which values are functions of one other value alone, element by element.
class Pointwise {
 public:
  explicit Pointwise(const graph::Graph& g);
  // The value that i is a function of; i itself where it is computed otherwise.
  int32_t root(int32_t i) const { return root_[static_cast<size_t>(i)]; }
  bool pointwise(int32_t i) const { return root(i) != i; }
  // The clamp that was fused into i's root, if i is such a clamp.
  const graph::Activation* fused(int32_t i) const {
    const auto it = fused_.find(i);
    return it == fused_.end() ? nullptr : it->second;
  }
  // The value that stands for i once clamps are fused: the clamp after it, or i.
  int32_t stands_for(int32_t i) const {
    const auto it = absorbs_.find(i);
    return it == absorbs_.end() ? i : it->second;
  }
  bool is_output(int32_t i) const { return is_output_.count(i) > 0; }
  const std::vector<int32_t>& consumers(int32_t i) const {
    return consumers_[static_cast<size_t>(i)];
  }

 private:
  void Classify(int32_t i);
  bool Absorbs(int32_t from, const graph::Activation& a) const;

  const graph::Graph& g_;
  std::vector<std::vector<int32_t>> consumers_;
  std::vector<int32_t> root_;
  std::map<int32_t, int32_t> absorbs_;
  std::map<int32_t, const graph::Activation*> fused_;
  std::set<int32_t> is_output_;
};

// Value `value` of the graph as a function of `root`'s. Each node between them is evaluated once a
// call, however often it is read.
class PointwiseFunction {
 public:
  PointwiseFunction(const graph::Graph& g, int32_t root, int32_t value);
  double operator()(double x, int32_t channel) const;

 private:
  const graph::Graph& g_;
  std::vector<int32_t> nodes_;  // in order, `value` last; empty: the root itself
  std::vector<std::vector<size_t>>
      operands_;  // of each: positions in nodes_, or SIZE_MAX for the root
};

}  // namespace potlut::quant
