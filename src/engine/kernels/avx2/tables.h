// The parts of the avx2 table, each in its own file.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {

int64_t Avx2Peak(int64_t rounds);
void Avx2Gemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch);
void Avx2Direct(const DirectParams& p, const ConvBuffers& buffers, Share share);
size_t Avx2DirectScratch(const DirectParams& p);
void Avx2DirectRuns(const DirectParams& p, int64_t* runs);
void Avx2Depthwise(const DepthwiseParams& p, const uint8_t* in, void* out);
void Avx2DepthwiseBlocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out,
                         Share share);
void Avx2Winograd(const WinogradParams& p, const ConvBuffers& buffers, Share share);
size_t Avx2WinogradScratch(const WinogradParams& p);
void Avx2Add(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out);
void Avx2Mul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out);
void Avx2MaxPool(const PoolParams& p, const uint8_t* in, void* out);
void Avx2Mean(const PoolParams& p, const uint8_t* in, void* out);
void Avx2Lookup(const LookupParams& p, const uint8_t* in, int64_t bytes, uint8_t* out);

}  // namespace potlut
