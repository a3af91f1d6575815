// The parts of the neon table, each in its own file; most are neondot's too.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {

int64_t NeonPeak(int64_t rounds);
void NeonGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch);
void NeonDirect(const DirectParams& p, const ConvBuffers& buffers, Share share);
size_t NeonDirectScratch(const DirectParams& p);
void NeonDepthwiseBlocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out,
                         Share share);
void NeonAdd(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out);
void NeonMul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out);
void NeonMaxPool(const PoolParams& p, const uint8_t* in, void* out);
void NeonMean(const PoolParams& p, const uint8_t* in, void* out);
void NeonLookup(const LookupParams& p, const uint8_t* in, int64_t bytes, uint8_t* out);

}  // namespace potlut
