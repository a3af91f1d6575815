// The parts of the portable table, each in its own file.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {

int64_t PortablePeak(int64_t rounds);
void PortableGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch);

}  // namespace potlut
