// The parts of the neondot table that are not neon's, each in its own file.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {

int64_t NeonDotPeak(int64_t rounds);
void NeonDotGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch);
void NeonDotDirect(const DirectParams& p, const ConvBuffers& buffers, Share share);

}  // namespace potlut
