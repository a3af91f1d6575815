// AVX-512 with byte dot products (F, BW, DQ, VL, VNNI): Cascade Lake, Ice Lake, Zen 4 and later.
#include "engine/kernels/avx2/tables.h"
#include "engine/kernels/avx512vbmi/tables.h"
#include "engine/kernels/avx512vnni/tables.h"

namespace potlut {

const KernelTable kAvx512VnniKernels = {
    .name = "avx512vnni",
    .rows = 12,
    .panel = 32,
    .vector = 16,
    .k_group = 4,
    .weight_bytes = 1,
    .byte_lanes = true,
    .peak = Avx512VnniPeak,
    .gemm = Avx512VnniGemm,
    .depthwise = Avx512VnniDepthwise,
    .depthwise_blocks = Avx512VnniDepthwiseBlocks,
    .direct = Avx512VnniDirect,
    .direct_scratch = Avx512VnniDirectScratch,
    .direct_rows = 14,
    .direct_panel = 32,
    .direct_vector = 16,
    .direct_codes = true,
    .winograd = Avx512VnniWinograd,
    .winograd_scratch = Avx512VnniWinogradScratch,
    .winograd_panel = 32,
    .add = Avx512VnniAdd,
    .mul = Avx512VnniMul,
    .max_pool = Avx512VnniMaxPool,
    .mean = Avx512VnniMean,
    .lookup = Avx2Lookup,
    .lookup_channels = 1,
    .lookup_vbmi = Avx512VbmiLookup,
};

}  // namespace potlut
