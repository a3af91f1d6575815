// Runs a float graph on this CPU: convolutions and pools through oneDNN, the rest plainly.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace potlut::graph {

// NHWC floats of one value for a whole batch.
using Values = std::vector<float>;

class Executor {
 public:
  // `graph` must outlive the executor. Primitives are made once, for batches of exactly `batch`
  // samples. `threads` 0: as many as there are CPUs. Errors: kFailed where oneDNN refuses, with its
  // words.
  static Expected<std::unique_ptr<Executor>> Create(const Graph& graph, int32_t batch,
                                                    int threads = 0);
  virtual ~Executor() = default;

  virtual int32_t batch() const = 0;

  // Computes one node (not the Input) from its inputs, resizing `output`. Not thread safe.
  virtual Status RunNode(int32_t node, std::span<const Values* const> inputs, Values& output) = 0;

  // Runs everything from the input value (batch x h x w x c); returns the values of `wanted` nodes,
  // in their order. Memory is freed as soon as no later node needs it.
  virtual Expected<std::vector<Values>> Run(const Values& input,
                                            std::span<const int32_t> wanted) = 0;
};

// C[m][n] (+)= A^T B for row-major A[k][m], B[k][n]: fast single precision, for Hessians. Runs on the calling thread
// alone, so that callers can work in parallel.
void GemmTransposedA(int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c,
                     bool accumulate);

}  // namespace potlut::graph
