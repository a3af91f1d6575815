// Chooses signs and scales of a plan's tensors from what the float network's values are on the
// calibration images.
#pragma once

#include <vector>

#include "quant/plan.h"
#include "quant/stream.h"

namespace potlut::quant {

struct TensorRange {
  double lo = 0, hi = 0;  // real
};

// Sets type.is_signed, exponent and factor of every tensor; ranges come back a plan tensor. Powers
// of two alone where tensors meet (sums, joins); tensors that only convolutions and tables read
// carry a free factor as well, which the weights around them absorb.
Status ChooseScales(const graph::Graph& graph, Plan& plan, Stream& stream,
                    std::vector<TensorRange>& ranges);

}  // namespace potlut::quant
