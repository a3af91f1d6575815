// The executor: primitives made once, values passed from node to node and their memory used again.
#include "graph/executor.h"

#include <algorithm>

#include "base/checked.h"
#include "base/parallel.h"
#include "base/text.h"
#include "graph/executor_conv.h"
#include "graph/executor_plain.h"
#include "graph/team.h"

namespace potlut::graph {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 31;  // of one value of a whole batch (8 GiB)

// Memory of values that died, for values to come: a fresh page costs more than a convolution's
// write to it.
class BufferPool {
 public:
  Values Take(size_t count) {
    auto best = buffers_.end();
    for (auto it = buffers_.begin(); it != buffers_.end(); ++it) {
      if (it->capacity() >= count &&
          (best == buffers_.end() || it->capacity() < best->capacity())) {
        best = it;
      }
    }
    if (best == buffers_.end()) {
      // Let the largest go, so that the pool never holds much more than was alive at once.
      const auto largest = std::max_element(
          buffers_.begin(), buffers_.end(),
          [](const Values& a, const Values& b) { return a.capacity() < b.capacity(); });
      if (largest != buffers_.end()) buffers_.erase(largest);
      return Values(count);
    }
    Values taken = std::move(*best);
    buffers_.erase(best);
    taken.resize(count);
    return taken;
  }
  void Give(Values&& values) {
    if (values.capacity() > 0) buffers_.push_back(std::move(values));
  }

 private:
  std::vector<Values> buffers_;
};

class GraphExecutor : public Executor {
 public:
  GraphExecutor(const Graph& graph, int32_t batch, int threads)
      : graph_(graph), batch_(batch), threads_(threads), convs_(graph.nodes.size()) {}

  // Throws what oneDNN throws.
  void MakePrimitives(size_t node) {
    const Node& n = graph_.nodes[node];
    if (const auto* conv = std::get_if<Conv>(&n.op)) {
      if (!context_) context_ = MakeDnnContext();
      const Shape& in = graph_.nodes[static_cast<size_t>(n.inputs[0])].shape;
      convs_[node] = ConvRunner::Make(context_, *conv, in, n.shape, batch_);
    }
  }

  int32_t batch() const override { return batch_; }

  Status RunNode(int32_t node, std::span<const Values* const> inputs, Values& output) override {
    if (node < 1 || static_cast<size_t>(node) >= graph_.nodes.size()) {
      return UsageError("node ", node, " cannot be run: the graph has nodes 1 to ",
                        graph_.nodes.size() - 1, " besides its input");
    }
    const Node& n = graph_.nodes[static_cast<size_t>(node)];
    if (inputs.size() != n.inputs.size()) {
      return UsageError("node '", n.name, "' needs ", n.inputs.size(), " inputs, not ",
                        inputs.size());
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i]->size() != Count(n.inputs[i])) {
        return UsageError("input ", i, " of node '", n.name, "' has ", inputs[i]->size(),
                          " values, not ", Count(n.inputs[i]), " for a batch of ", batch_);
      }
      if (inputs[i] == &output) return UsageError("node '", n.name, "' cannot write its own input");
    }
    try {
      output.resize(Count(node));
    } catch (const std::exception&) {
      return NoMemory(n);
    }
    return Compute(node, inputs, output.data());
  }

  Expected<std::vector<Values>> Run(const Values& input, std::span<const int32_t> wanted) override {
    if (input.size() != Count(0)) {
      return UsageError("the input has ", input.size(), " values; a batch of ", batch_, " needs ",
                        Count(0));
    }
    for (const int32_t node : wanted) {
      if (node < 0 || static_cast<size_t>(node) >= graph_.nodes.size()) {
        return UsageError("node ", node, " is wanted, but the graph has only ",
                          graph_.nodes.size());
      }
    }
    try {
      return RunAll(input, wanted);
    } catch (const std::exception&) {
      return ResourceLimit("out of memory while running the network; use a smaller batch than ",
                           batch_);
    }
  }

 private:
  size_t Count(int32_t node) const {
    return static_cast<size_t>(batch_ * graph_.nodes[static_cast<size_t>(node)].shape.count());
  }

  static Error NoMemory(const Node& node) {
    return ResourceLimit("no memory for the value of node '", node.name, "'; use a smaller batch");
  }

  // `output` may be the first input's memory where the operator is elementwise.
  Status Compute(int32_t node, std::span<const Values* const> inputs, float* output) {
    const Node& n = graph_.nodes[static_cast<size_t>(node)];
    SetTeamThreads(threads_);
    try {
      if (auto& conv = convs_[static_cast<size_t>(node)]) {
        conv->Run(inputs[0]->data(), output);
        return {};
      }
      PlainCall call{batch_, {}, {}, n.shape, output};
      for (size_t i = 0; i < inputs.size(); ++i) {
        call.in_shapes.push_back(graph_.nodes[static_cast<size_t>(n.inputs[i])].shape);
        call.in.push_back(inputs[i]->data());
      }
      RunPlain(n.op, call);
      return {};
    } catch (...) {
      return Failed("node '", n.name, "' (", OpName(n.op), ") failed: ", DnnFailure());
    }
  }

  // For each node the number of reads still to come, from it and from the caller; 0: not needed at
  // all.
  std::vector<int64_t> CountReads(std::span<const int32_t> wanted) const {
    std::vector<int64_t> reads(graph_.nodes.size());
    for (const int32_t node : wanted) ++reads[static_cast<size_t>(node)];
    for (size_t i = graph_.nodes.size(); i-- > 0;) {
      if (reads[i] == 0) continue;
      for (const int32_t in : graph_.nodes[i].inputs) ++reads[static_cast<size_t>(in)];
    }
    return reads;
  }

  Expected<std::vector<Values>> RunAll(const Values& input, std::span<const int32_t> wanted) {
    std::vector<int64_t> reads = CountReads(wanted);
    std::vector<Values> values(graph_.nodes.size());
    const auto value = [&](int32_t node) -> const Values* {
      return node == 0 ? &input : &values[static_cast<size_t>(node)];
    };
    for (size_t i = 1; i < graph_.nodes.size(); ++i) {
      if (reads[i] == 0) continue;
      const Node& node = graph_.nodes[i];
      std::vector<const Values*> in;
      for (const int32_t source : node.inputs) in.push_back(value(source));
      const auto first = static_cast<size_t>(node.inputs[0]);
      // In place where this is the first input's last reader (a second read by the same node
      // counts).
      const bool in_place = IsElementwise(node.op) && first != 0 && reads[first] == 1;
      if (in_place) {
        POTLUT_RETURN_IF_ERROR(Compute(static_cast<int32_t>(i), in, values[first].data()));
        values[i] = std::move(values[first]);
      } else {
        values[i] = pool_.Take(Count(static_cast<int32_t>(i)));
        POTLUT_RETURN_IF_ERROR(Compute(static_cast<int32_t>(i), in, values[i].data()));
      }
      for (const int32_t source : node.inputs) {
        const auto s = static_cast<size_t>(source);
        if (--reads[s] == 0 && s != 0) pool_.Give(std::exchange(values[s], {}));
      }
    }
    std::vector<Values> results;
    for (const int32_t node : wanted) {
      const auto w = static_cast<size_t>(node);
      if (--reads[w] == 0 && w != 0) {
        results.push_back(std::move(values[w]));
      } else {
        results.push_back(*value(node));
      }
    }
    return results;
  }

  const Graph& graph_;
  const int32_t batch_;
  const int threads_;
  std::shared_ptr<DnnContext> context_;
  std::vector<std::unique_ptr<ConvRunner>> convs_;  // where the node is a convolution
  BufferPool pool_;
};

}  // namespace

Expected<std::unique_ptr<Executor>> Executor::Create(const Graph& graph, int32_t batch,
                                                     int threads) {
  POTLUT_RETURN_IF_ERROR(Validate(graph));
  if (batch < 1 || threads < 0) {
    return UsageError("an executor needs a batch of at least 1 and no negative number of threads, ",
                      "not ", batch, " and ", threads);
  }
  for (const Node& node : graph.nodes) {
    const auto count = CheckedMul(int64_t{batch}, node.shape.count());
    if (!count || *count > kMaxElements) {
      return ResourceLimit("the value of node '", node.name, "' for a batch of ", batch,
                           " has more than ", kMaxElements, " elements; use a smaller batch");
    }
  }
  if (threads == 0) threads = DefaultThreads();
  SetTeamThreads(threads);
  size_t node = 0;
  try {
    auto executor = std::make_unique<GraphExecutor>(graph, batch, threads);
    for (; node < graph.nodes.size(); ++node) executor->MakePrimitives(node);
    return std::unique_ptr<Executor>(std::move(executor));
  } catch (...) {
    return Failed("node '", graph.nodes[node].name, "' cannot be prepared: ", DnnFailure());
  }
}

}  // namespace potlut::graph
