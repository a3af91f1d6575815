// AVX2: Haswell, Zen and later.
#include "engine/kernels/avx2/tables.h"

namespace potlut {

const KernelTable kAvx2Kernels = {
    .name = "avx2",
    .rows = 6,
    .panel = 16,
    .vector = 8,
    .k_group = 2,
    .weight_bytes = 2,
    .byte_lanes = false,
    .peak = Avx2Peak,
    .gemm = Avx2Gemm,
    .depthwise = Avx2Depthwise,
    .depthwise_blocks = Avx2DepthwiseBlocks,
    .depthwise_form = DepthwiseForm::kWords,
    .depthwise_small_form = DepthwiseForm::kPairs,
    .depthwise_least = 16,
    .direct = Avx2Direct,
    .direct_scratch = Avx2DirectScratch,
    .direct_rows = 6,
    .direct_panel = 16,
    .direct_vector = 8,
    .direct_sums16 = true,
    .direct_runs = Avx2DirectRuns,
    .winograd = Avx2Winograd,
    .winograd_scratch = Avx2WinogradScratch,
    .winograd_panel = 16,
    .add = Avx2Add,
    .mul = Avx2Mul,
    .max_pool = Avx2MaxPool,
    .mean = Avx2Mean,
    .lookup = Avx2Lookup,
    .lookup_channels = 1,
};

}  // namespace potlut
