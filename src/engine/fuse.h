// From a program's nodes to the steps of a run: what runs as one.
#pragma once

#include <vector>

#include "engine/conv_tail.h"

namespace potlut {

// One node, or a convolution with the addition and the look-up that are fused into it.
struct Step {
  std::vector<int32_t> nodes;  // indices in the program; the first gives the step its name
  FusedConv conv;              // where the first is a convolution; points into the program
  std::vector<int32_t> inputs, outputs;  // tensors; an output that nobody wants is -1
};

// The steps of a validated program in an order in which they can run. Reshapes take none: their
// output is their input. An addition goes into the convolution that feeds it if nobody else reads
// that (into the later one of two), a look-up that only changes the scale into the step that makes
// its input. Tensors that no step writes need no memory; the program's outputs are all written.
std::vector<Step> FuseProgram(const Program& program);

}  // namespace potlut
