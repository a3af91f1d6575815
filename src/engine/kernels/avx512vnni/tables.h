// The parts of the avx512vnni table, each in its own file.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {

int64_t Avx512VnniPeak(int64_t rounds);
void Avx512VnniGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch);
void Avx512VnniDirect(const DirectParams& p, const ConvBuffers& buffers, Share share);
size_t Avx512VnniDirectScratch(const DirectParams& p);
void Avx512VnniDepthwise(const DepthwiseParams& p, const uint8_t* in, void* out);
void Avx512VnniDepthwiseBlocks(const DepthwiseBlocksParams& p, const uint8_t* in, uint8_t* out,
                               Share share);
void Avx512VnniWinograd(const WinogradParams& p, const ConvBuffers& buffers, Share share);
size_t Avx512VnniWinogradScratch(const WinogradParams& p);
void Avx512VnniAdd(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out);
void Avx512VnniMul(const BinaryParams& p, const uint8_t* a, const uint8_t* b, void* out);
void Avx512VnniMaxPool(const PoolParams& p, const uint8_t* in, void* out);
void Avx512VnniMean(const PoolParams& p, const uint8_t* in, void* out);

}  // namespace potlut
