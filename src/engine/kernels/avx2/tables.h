// The parts of the avx2 table, each in its own file.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {

void Avx2Gemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch);
void Avx2Direct(const DirectParams& p, const ConvBuffers& buffers, Share share);
size_t Avx2DirectScratch(const DirectParams& p);
void Avx2DirectRuns(const DirectParams& p, int64_t* runs);
void Avx2Depthwise(const DepthwiseParams& p, const uint8_t* in, void* out);
void Avx2DepthwiseBlocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out,
                         Share share);

}  // namespace potlut
