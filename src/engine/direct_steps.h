// The order in which a direct convolution's steps run where sums are kept in 16 bits for a while.
#pragma once

#include <vector>

#include "engine/aligned.h"
#include "engine/kernels/kernels.h"
#include "program/program.h"

namespace potlut {

// For kernels that multiply four unsigned bytes by signed ones, add neighbouring products in 16
// bits with saturation, and go on adding in 16 bits for `group` steps before they widen the sums:
// steps are put into groups so that, from the layer's own weights, all of these sums are proven to
// stay within 16 bits. A step with a pair of levels that could saturate is made two.
struct DirectSteps {
  int32_t group = 0;
  AlignedArray<uint8_t> weights;    // of each panel [groups][group][channel of the panel][4]
  std::vector<int32_t> offsets;     // of each step's four bytes, from the tile's first byte
  std::vector<DirectPanel> panels;  // see DirectParams
};

// `packed`: DirectParams::weights, [panel][kernel_h][run / 4][channel][4] in panels of `panel`
// channels (up to 16); `runs`: where each run begins; `most`: the largest activation as an unsigned
// byte (signed ones are offset by 128). Throws std::bad_alloc only.
DirectSteps MakeSteps(const DirectParams& params, const uint8_t* packed, int32_t panel,
                      const int64_t* runs, int32_t most);

// An estimate from some of the weights: cycles of a tile of six pixels by 16 channels for each four
// bytes of a window.
double CyclesOfSteps(const ConvOp& op, TensorType in);

}  // namespace potlut
