// The operators that are run by plain loops.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace potlut::graph {

// A node's surroundings: shapes are of one sample, data is NHWC for `batch` samples.
struct PlainCall {
  int32_t batch = 1;
  std::vector<Shape> in_shapes;
  std::vector<const float*> in;
  Shape out_shape;
  float* out = nullptr;
};

// Runs any operator but Input and Conv. For the elementwise ones (IsElementwise) `out` may be
// `in[0]`.
void RunPlain(const Op& op, const PlainCall& call);

// Whether output element i depends on element i of the first input only (and on what else is not
// overwritten).
bool IsElementwise(const Op& op);

// The pools, in executor_pool.cc.
void RunMaxPool(const MaxPool& op, const PlainCall& call);
void RunAvgPool(const AvgPool& op, const PlainCall& call);

}  // namespace potlut::graph
