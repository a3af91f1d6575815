// One convolution from float to integers: moments, target, alphabet, rounding, bias.
#pragma once

#include "quant/lower.h"
#include "quant/moments.h"
#include "quant/plan.h"

namespace potlut::quant {

struct QuantisedLayer {
  Alphabet alphabet;
  std::vector<RoundedRow> rows;  // all groups' channels in order
  std::vector<double> bias;      // at the output, divided by its factor
};

// `moments` over the layer's quantised inputs, and the outputs wanted of it.
Expected<QuantisedLayer> QuantiseLayer(const graph::Conv& conv, const PlanNode& node,
                                       const Lowering::ConvScales& scales, const Moments& moments,
                                       const Recipe& recipe, int threads);

}  // namespace potlut::quant
