// Convolution by the reference executor, three ways with equal bits: look-up and add, shift and
// add, multiply and add.
#pragma once

#include <cstdint>

#include "program/program.h"
#include "program/reference.h"

namespace potlut {

// Runs a validated convolution over one image. `x` and `y` as stored (HWC). Errors: kUnsupported
// for kShift where a level is no power of two.
Status ReferenceConv(const ConvOp& conv, const Tensor& in, const Tensor& out, const uint8_t* x,
                     uint8_t* y, const ReferenceOptions& options);

}  // namespace potlut
