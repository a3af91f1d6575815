// Bookkeeping of readers.
#include "graph/rewriter.h"

#include <utility>

namespace potlut::graph {

Rewriter::Rewriter(Graph graph)
    : graph_(std::move(graph)),
      readers_(graph_.nodes.size()),
      alive_(graph_.nodes.size(), true),
      output_(graph_.nodes.size(), false) {
  for (const int32_t node : graph_.outputs) output_[Index(node)] = true;
  for (int32_t i = 0; i < size(); ++i) {
    for (const int32_t input : at(i).inputs) readers_[Index(input)].insert(i);
  }
  for (int32_t i = size(); i-- > 0;) BuryUnread(i);
}

bool Rewriter::IsSole(int32_t node, int32_t reader) const {
  const auto& all = readers(node);
  return !is_output(node) && all.size() == 1 && *all.begin() == reader;
}

// The input stays, whoever reads it: a graph has one.
void Rewriter::BuryUnread(int32_t node) {
  std::vector<int32_t> unread{node};
  while (!unread.empty()) {
    const int32_t n = unread.back();
    unread.pop_back();
    if (n == 0 || !alive(n) || is_output(n) || !readers(n).empty()) continue;
    alive_[Index(n)] = false;
    for (const int32_t input : at(n).inputs) {
      readers_[Index(input)].erase(n);
      unread.push_back(input);
    }
  }
}

void Rewriter::SetInputs(int32_t node, std::vector<int32_t> inputs) {
  const std::vector<int32_t> old =
      std::exchange(graph_.nodes[Index(node)].inputs, std::move(inputs));
  for (const int32_t input : old) readers_[Index(input)].erase(node);
  for (const int32_t input : at(node).inputs) readers_[Index(input)].insert(node);
  for (const int32_t input : old) BuryUnread(input);
}

void Rewriter::Replace(int32_t node, int32_t other) {
  for (const int32_t reader : std::exchange(readers_[Index(node)], {})) {
    for (int32_t& input : graph_.nodes[Index(reader)].inputs) {
      if (input == node) input = other;
    }
    readers_[Index(other)].insert(reader);
  }
  if (is_output(node)) {
    for (int32_t& output : graph_.outputs) {
      if (output == node) output = other;
    }
    output_[Index(node)] = false;
    output_[Index(other)] = true;
  }
  BuryUnread(node);
}

void Rewriter::Swap(int32_t first, int32_t second, const Shape& between) {
  Node& a = graph_.nodes[Index(first)];
  Node& b = graph_.nodes[Index(second)];
  std::swap(a.name, b.name);
  std::swap(a.op, b.op);
  a.shape = between;
}

Graph Rewriter::Take() {
  std::vector<int32_t> number(graph_.nodes.size(), -1);
  Graph result;
  result.metadata = std::move(graph_.metadata);
  for (int32_t i = 0; i < size(); ++i) {
    if (!alive(i)) continue;
    number[Index(i)] = static_cast<int32_t>(result.nodes.size());
    Node node = std::move(graph_.nodes[Index(i)]);
    for (int32_t& input : node.inputs) input = number[Index(input)];
    result.nodes.push_back(std::move(node));
  }
  for (const int32_t output : graph_.outputs) result.outputs.push_back(number[Index(output)]);
  return result;
}

}  // namespace potlut::graph
