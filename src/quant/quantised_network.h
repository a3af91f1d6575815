// A quantised network with all that its program was made from, so that it can be changed and
// lowered again: what training starts from.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "quant/layer.h"
#include "quant/plan.h"
#include "quant/quantize.h"

namespace potlut::quant {

struct QuantisedNetwork {
  graph::Graph graph;                  // simplified
  Plan plan;                           // with the scales that were chosen
  std::vector<QuantisedLayer> layers;  // by plan node; empty ones for what is no convolution
};

// As Quantize, but for the last step.
Expected<QuantisedNetwork> QuantizeNetwork(const graph::Graph& graph, const Recipe& recipe,
                                           const ImageSource& images, int64_t image_count,
                                           int threads = 0, Progress* progress = nullptr,
                                           Report* report = nullptr);

struct LoweredNetwork {
  Program program;
  Plan plan;                               // scales as lowering settled them
  std::vector<int32_t> node_of_plan_node;  // program node that writes what the plan node computes
  std::vector<int32_t> tensor_of_plan_tensor;  // program tensor; -1: none
  // By program node, for lookups: what the table's entries were rounded from, real values divided
  // by the output's factor; laid out as LookupOp::table.
  std::vector<std::vector<double>> unrounded;
};

// Errors: kFailed where a layer's exponents do not fit the plan's scales.
Expected<LoweredNetwork> LowerNetwork(const QuantisedNetwork& network);

// A convolution's float weights in units of the settled scales, what its codes stand for before
// anything is rounded: the graph's weights times the input channel's factor, divided by the output
// channel's. [out][kernel_h][kernel_w][in/groups].
std::vector<float> ScaledWeights(const graph::Graph& graph, const Plan& plan, const PlanNode& node);

}  // namespace potlut::quant
