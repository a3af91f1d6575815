// Rewrites a graph into the same function with fewer nodes.
#pragma once

#include "graph/graph.h"

namespace potlut::graph {

// Folds Affine into convolutions (before: where no padding would change meaning; after: where the
// convolution has no other reader), merges chains of Affine, folds zero Pad (h, w) into
// convolutions and pools, turns Flatten + dense into a convolution over the whole map, joins
// Activation chains that equal one (Relu of Relu, Clip of Relu), recognises x*sigmoid(x),
// x*hardsigmoid(x) and erf forms of gelu, drops what does nothing and what no output needs. Names
// of surviving convolutions stay. Idempotent.
Expected<Graph> Simplify(const Graph& graph);

}  // namespace potlut::graph
