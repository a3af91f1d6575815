// NEON with the dot-product instructions: Cortex-A55 and A76, Neoverse N1, Apple A11 and later.
#include "engine/kernels/depthwise-inl.h"
#include "engine/kernels/neon/tables.h"
#include "engine/kernels/neondot/tables.h"

namespace potlut {

const KernelTable kNeonDotKernels = {
    .name = "neondot",
    .rows = 6,
    .panel = 16,
    .vector = 8,
    .k_group = 4,
    .weight_bytes = 1,
    .byte_lanes = true,
    .signed_bytes = true,
    .gemm_pace = 28,
    .depthwise_pace = 5,
    .peak = NeonDotPeak,
    .gemm = NeonDotGemm,
    .depthwise = PlainDepthwise,
    .depthwise_blocks = NeonDepthwiseBlocks,
    .depthwise_form = DepthwiseForm::kWordsOfRow,
    .depthwise_small_form = DepthwiseForm::kBytesOfRow,
    .depthwise_least = 8,
    .direct = NeonDotDirect,
    .direct_scratch = NeonDirectScratch,
    .direct_rows = 6,
    .direct_panel = 16,
    .direct_vector = 8,
    .direct_codes = true,
    .direct_cost = 1,
    .add = NeonAdd,
    .mul = NeonMul,
    .max_pool = NeonMaxPool,
    .mean = NeonMean,
    .lookup = NeonLookup,
    .lookup_channels = 1,
};

}  // namespace potlut
