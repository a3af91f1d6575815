// Test help: seeded numbers and small random graphs rich in what Simplify rewrites.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "graph/graph.h"

namespace potlut::graph {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int32_t Int(int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(engine_);
  }
  float Real(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(engine_);
  }
  std::vector<float> Reals(int64_t count, float low = -1, float high = 1) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& v : values) v = Real(low, high);
    return values;
  }
  Shape AnyShape(int32_t channels, int32_t side) {
    return {Int(1, channels), Int(1, side), Int(1, side)};
  }

 private:
  std::mt19937 engine_;
};

// A convolution with weights around 1 / sqrt(fan-in), often with a bias.
Conv RandomConv(Random& random, const Window& window, int32_t in, int32_t out, int32_t groups = 1);

// Builds graphs node by node; an operator that does not fit ends the test.
class GraphBuilder {
 public:
  explicit GraphBuilder(const Shape& input) {
    graph.nodes.push_back({"image", Input{}, {}, input});
  }
  int32_t Put(Op op, std::vector<int32_t> inputs, std::string name = "");
  int32_t PutSlice(const Slice& slice, int32_t input, const Shape& shape);
  int32_t Line(int32_t input, float scale, float shift) {
    return Put(Affine{{scale}, {shift}}, {input});
  }
  int32_t Act(Function function, int32_t input, float a = 0, float b = 0) {
    return Put(Activation{function, a, b, {}}, {input});
  }
  Graph Finish(std::vector<int32_t> outputs) {
    graph.outputs = std::move(outputs);
    return graph;
  }
  const Shape& shape(int32_t node) const { return graph.nodes[static_cast<size_t>(node)].shape; }
  Graph graph;
};

// `steps` random additions to a small image, one or two of the last values as outputs. Values stay
// moderate.
Graph RandomGraph(Random& random, int steps);

}  // namespace potlut::graph
