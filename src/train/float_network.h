// A float graph as a network to train: per-channel affines that follow a convolution are batch
// normalisation.
#pragma once

#include <functional>
#include <memory>

#include "graph/graph.h"
#include "train/network.h"

namespace potlut::train {

struct FloatOptions {
  std::vector<double> mean{0.0};  // (pixel - mean[c]) / stddev[c]; one value or one a channel
  std::vector<double> stddev{1.0};
  double momentum = 0.1;  // of running statistics, as LibTorch defines it
  double epsilon = 1e-5;
};

class FloatNetwork : public Network {
 public:
  // `graph` as an importer or the zoo made it (not simplified: batch normalisation would be
  // folded). Outputs that end in a softmax give what goes into it. Errors: kUnsupported naming the
  // node that cannot be trained. Weights are the graph's. Affines after convolutions become batch
  // normalisation with mean 0 and variance 1 and the affine's scale and shift; a network that was
  // trained before has to have its statistics measured first (CalibrateStatistics), a fresh one
  // starts so.
  static Expected<std::unique_ptr<FloatNetwork>> Create(const graph::Graph& graph,
                                                        const FloatOptions& options);

  // Measures what the convolutions give on the batches that `next` returns (undefined: the end) and
  // splits each affine into statistics and a scale and shift so that the function in evaluation
  // stays as it was.
  virtual Status CalibrateStatistics(const std::function<at::Tensor()>& next) = 0;

  // The graph with the weights as they are now.
  virtual Expected<graph::Graph> Export() = 0;
};

}  // namespace potlut::train
