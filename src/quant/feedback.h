// Rounding weights to levels with error feedback: what one weight's rounding costs the layer's
// output is made good by the weights that are still to be rounded. The method of optimal-brain
// quantisers (Frantar et al., "GPTQ", 2022), for any alphabet: levels need not be uniform, and a
// code may stand for two weights.
#pragma once

#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include "program/alphabet.h"

namespace potlut::quant {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// One group of a layer: its rows are output channels, its columns the weights of one output,
// [tap][in_per_group].
struct RoundingProblem {
  RowMatrix target;         // [rows][columns], real
  Eigen::MatrixXd hessian;  // [columns][columns]: covariance of the layer's input, undamped
  int32_t in_per_group = 1;
};

struct RoundedRow {
  int32_t exponent = 0;        // scale 2^exponent
  double loss = 0;             // weighted squared error of the row's output
  std::vector<uint8_t> codes;  // as ConvOp::codes
};

struct RoundingOptions {
  bool error_feedback = true;  // false: nearest level
  double damping = 0.01;       // of the mean diagonal, added to it
  int sweeps = 0;              // passes of coordinate descent after it
  int threads = 1;
};

// Rounds one group for the exponents that are allowed: `exponents[row]` lists candidates, of which
// the one with the least loss is taken.
std::vector<RoundedRow> RoundGroup(const RoundingProblem& problem, const Alphabet& alphabet,
                                   const std::vector<std::vector<int32_t>>& exponents,
                                   const RoundingOptions& options);

// What the rows looked like, in level units, at the moment their columns were rounded (after
// feedback): the points that a fitted alphabet should be close to. [row][column], in the problem's
// order, for the exponents given (one a row).
RowMatrix RoundingTargets(const RoundingProblem& problem, const Alphabet& alphabet,
                          const std::vector<int32_t>& exponents, const RoundingOptions& options);

}  // namespace potlut::quant
