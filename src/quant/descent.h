// Coordinate descent after rounding: each code in turn moves to the level that costs the layer's
// output least, the others held, until nothing moves. It starts from rounding with error feedback
// and only ever lowers the loss.
#pragma once

#include "quant/feedback.h"

namespace potlut::quant {

// Improves row `r`'s codes at its exponent; `row.loss` is kept up. At most `sweeps` passes over the
// row.
void Descend(const RoundingProblem& problem, const Alphabet& alphabet, double damping, int sweeps,
             Eigen::Index r, RoundedRow& row);

}  // namespace potlut::quant
