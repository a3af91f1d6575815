// The usual depthwise convolutions (3x3, 5x5, stride 1 or 2) by the kernels
// that know them.
#pragma once

#include "engine/conv_tail.h"
#include "engine/kernel_factory.h"

namespace potlut {

// Whether `fused` is one of them, with nothing fused into it.
bool DepthwiseFits(const Program& program, const FusedConv& fused, const KernelTable& table);
// A rough estimate of its time, in cycles of one core.
double DepthwiseCycles(const Program& program, const FusedConv& fused, const KernelTable& table);
// Throws std::bad_alloc only.
KernelPtr MakeDepthwise(const Program& program, const FusedConv& fused, const KernelTable& table);

}  // namespace potlut
