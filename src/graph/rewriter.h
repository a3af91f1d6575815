// A graph under rewriting: readers are kept up to date and what nobody needs any more goes at once.
//
// Nodes keep their index until Take(); a rewrite changes a node in place or makes its readers read
// an earlier node instead, so the order stays one in which the nodes can run.
#pragma once

#include <set>
#include <vector>

#include "graph/graph.h"

namespace potlut::graph {

class Rewriter {
 public:
  explicit Rewriter(Graph graph);

  int32_t size() const { return static_cast<int32_t>(graph_.nodes.size()); }
  bool alive(int32_t node) const { return alive_[Index(node)]; }
  const Node& at(int32_t node) const { return graph_.nodes[Index(node)]; }
  Op& op(int32_t node) { return graph_.nodes[Index(node)].op; }
  const Shape& input_shape(int32_t node) const { return at(at(node).inputs[0]).shape; }

  // The node's operator if it is a T, else null.
  template <typename T>
  const T* As(int32_t node) const {
    return std::get_if<T>(&at(node).op);
  }

  const std::set<int32_t>& readers(int32_t node) const { return readers_[Index(node)]; }
  bool is_output(int32_t node) const { return output_[Index(node)]; }
  // Whether `reader` is all that needs `node`.
  bool IsSole(int32_t node, int32_t reader) const;

  // The node reads `inputs` (all before it) from now on.
  void SetInputs(int32_t node, std::vector<int32_t> inputs);
  // Whoever reads `node`, or has it as output, reads `other` (before it) instead; `node` dies.
  void Replace(int32_t node, int32_t other);
  // `second`, the sole reader of `first`, changes places with it: names, operators and shapes.
  void Swap(int32_t first, int32_t second, const Shape& between);

  // The graph of the living nodes, numbered anew.
  Graph Take();

 private:
  static size_t Index(int32_t node) { return static_cast<size_t>(node); }
  void BuryUnread(int32_t node);

  Graph graph_;
  std::vector<std::set<int32_t>> readers_;
  std::vector<bool> alive_, output_;
};

}  // namespace potlut::graph
