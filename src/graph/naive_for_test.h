// Test oracle: every operator as its definition reads, one sample, double precision, channels
// first.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace potlut::graph {

struct NaiveValue {
  Shape shape;
  std::vector<double> data;  // [c][h][w]
  double at(int64_t c, int64_t h, int64_t w) const {
    return data[static_cast<size_t>((c * shape.h + h) * shape.w + w)];
  }
  double& at(int64_t c, int64_t h, int64_t w) {
    return data[static_cast<size_t>((c * shape.h + h) * shape.w + w)];
  }
};

// `shape` is the node's.
NaiveValue NaiveRun(const Op& op, const std::vector<NaiveValue>& in, const Shape& shape);

// NHWC floats of a batch, and one of its samples.
NaiveValue SampleOf(const std::vector<float>& values, const Shape& shape, int64_t sample);

}  // namespace potlut::graph
