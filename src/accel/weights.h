// A block's codes as the weight memory holds them, and its channels' biases and shifts.
#pragma once

#include <vector>

#include "accel/conv_plan.h"

namespace potlut::accel {

// Vectors of 16 codes in the order of the block's passes, output channels, kernel rows and taps,
// weight_bytes() bytes each. Errors: kUnsupported for pairs that do not meet two inputs of a word.
Expected<std::vector<uint8_t>> PackCodes(const ConvOp& conv, const Tensor& in, const ConvPlan& plan,
                                         const ConvBlock& block, const Geometry& geometry);

// Bias (int32) and shift (int8) of each output channel of the block.
std::vector<uint8_t> PackChannels(const ConvOp& conv, const ConvBlock& block);

}  // namespace potlut::accel
