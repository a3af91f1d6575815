// NEON of every 64-bit Arm.
#include "engine/kernels/depthwise-inl.h"
#include "engine/kernels/neon/tables.h"

namespace potlut {

const KernelTable kNeonKernels = {
    .name = "neon",
    .rows = 4,
    .panel = 16,
    .vector = 8,
    .k_group = 2,
    .weight_bytes = 1,
    .byte_lanes = true,
    .signed_bytes = true,
    .gemm_pace = 9,
    .depthwise_pace = 5,
    .peak = NeonPeak,
    .gemm = NeonGemm,
    .depthwise = PlainDepthwise,
    .depthwise_blocks = NeonDepthwiseBlocks,
    .depthwise_form = DepthwiseForm::kWordsOfRow,
    .depthwise_small_form = DepthwiseForm::kBytesOfRow,
    .depthwise_least = 8,
    .direct = NeonDirect,
    .direct_scratch = NeonDirectScratch,
    .direct_rows = 4,
    .direct_panel = 16,
    .direct_vector = 8,
    .direct_group = 2,
    .direct_codes = true,
    .direct_cost = 3,
    .add = NeonAdd,
    .mul = NeonMul,
    .max_pool = NeonMaxPool,
    .mean = NeonMean,
    .lookup = NeonLookup,
    .lookup_channels = 1,
};

}  // namespace potlut
