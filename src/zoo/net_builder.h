// What the architectures are written with: layers that make their own weights, and one error kept
// until the end, so that a network reads like its paper.
#pragma once

#include <string>

#include "graph/graph.h"
#include "zoo/random.h"
#include "zoo/zoo.h"

namespace potlut::zoo {

// `channels` times the width multiplier, to the nearest multiple of 8, at least 8 and never less
// than nine tenths of it (Sandler et al., 2018, code); as it is where the multiplier is 1.
int32_t ScaledChannels(int32_t channels, double width);

enum class Padding {
  kCentred,  // kernel / 2 on every side
  kSame      // TensorFlow's: as little as ceil(in / stride) positions need, the odd one after
};

struct ConvShape {
  int32_t out = 0;
  int32_t kernel = 3;
  int32_t stride = 1;
  int32_t groups = 1;
  Padding padding = Padding::kCentred;
};

class NetBuilder {
 public:
  enum class Weights { kRandom, kZero };  // zero: for counting, which need not draw them

  // `spec` with no field left at its default of 0.
  NetBuilder(const ModelSpec& spec, Weights weights);

  const ModelSpec& spec() const { return spec_; }
  int32_t input() const { return 0; }
  const graph::Shape& shape(int32_t node) const {
    return graph_.nodes[static_cast<size_t>(node)].shape;
  }
  int32_t channels(int32_t node) const { return shape(node).c; }

  // Each returns the node; after an error, some node.
  int32_t Conv(const std::string& name, int32_t x, const ConvShape& conv, bool bias = false);
  int32_t BatchNorm(const std::string& name, int32_t x);
  int32_t Relu(const std::string& name, int32_t x);
  int32_t Relu6(const std::string& name, int32_t x);
  int32_t Add(const std::string& name, int32_t x, int32_t y);
  int32_t Concat(const std::string& name, int32_t x, int32_t y);
  int32_t Shuffle(const std::string& name, int32_t x, int32_t groups);
  int32_t MaxPool(const std::string& name, int32_t x, int32_t kernel, int32_t stride);
  int32_t Channels(const std::string& name, int32_t x, int32_t first, int32_t count);
  // Every `step`-th row and column.
  int32_t Subsample(const std::string& name, int32_t x, int32_t step);
  // Zero channels before and after, the odd one after.
  int32_t PadChannels(const std::string& name, int32_t x, int32_t channels);
  // Mean over the map, then a dense layer with a bias, which is the output.
  void Classify(const std::string& pool, const std::string& dense, int32_t x);

  Expected<graph::Graph> Finish() &&;

 private:
  int32_t Put(const std::string& name, graph::Op op, std::vector<int32_t> inputs,
              const graph::Shape& wanted = {});
  // `count` normal numbers of this variance.
  std::vector<float> Draw(int64_t count, double variance);

  ModelSpec spec_;
  Weights weights_;
  Random random_;
  Random spread_random_;
  graph::Graph graph_;
  Status failure_;
};

}  // namespace potlut::zoo
