// The plan: which integer tensors and operators stand for a float graph, before any weight is
// chosen.
//
// The plan is where a network's integer form is decided: what is fused, what becomes a table, which
// tensors share a scale, how many bits each has. Post-training quantisation fills in weights after
// it; training simulates it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "program/program.h"
#include "quant/quantize.h"

namespace potlut::quant {

// Tensors of one scale class have one type, exponent and factor: what only moves integers ties its
// ends together.
struct PlanTensor {
  int32_t value = -1;  // the graph value that it stands for
  Dims dims;
  TensorType type;
  int32_t exponent = 0;
  std::vector<double> factor;  // as Tensor::factor
  int32_t scale_class = -1;
  double real_scale(int32_t channel) const;  // of one integer step
};

// A function of one variable: the graph nodes between `root` and `value`, to be folded into a
// table.
struct PlanNode {
  enum class Kind {
    kConv,
    kAdd,
    kMul,
    kMaxPool,
    kMean,
    kTable,  // value `to` as a function of the input tensor's value, element by element
    kMove,   // reshape, slice, shuffle, pad, resize: the graph node says which
    kConcat,
    kArgMax,
  };
  Kind kind = Kind::kTable;
  int32_t node = -1;            // graph node; for kTable the value that is computed
  std::vector<int32_t> inputs;  // plan tensors
  int32_t output = -1;          // plan tensor
  // Fused activation: the output is clamped to [lo, hi] in real numbers.
  std::optional<double> lo, hi;
  bool subtract = false;  // kAdd: the second operand's table negates it
  WeightChoice weights;   // kConv
};

struct Plan {
  std::vector<PlanTensor> tensors;
  std::vector<PlanNode> nodes;  // in an order in which they can run
  int32_t input = 0;            // the raw image
  std::vector<int32_t> outputs;
  bool softmax = false;  // the graph's outputs ended in a softmax, which the plan leaves out
  // Pixel to real: (pixel - mean[c]) / stddev[c], one a channel.
  std::vector<double> mean, stddev;
};

// Plans a simplified graph. Errors: kUnsupported with the node's name and a remedy where something
// has no integer meaning; kUsage where the recipe does not fit the graph.
Expected<Plan> MakePlan(const graph::Graph& graph, const Recipe& recipe);

}  // namespace potlut::quant
