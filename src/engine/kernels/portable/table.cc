// Plain C++ for any machine.
#include "engine/kernels/depthwise-inl.h"
#include "engine/kernels/elementwise-inl.h"
#include "engine/kernels/pool-inl.h"
#include "engine/kernels/portable/tables.h"

namespace potlut {

const KernelTable kPortableKernels = {
    .name = "portable",
    .rows = 4,
    .panel = 8,
    .vector = 8,
    .k_group = 2,
    .weight_bytes = 2,
    .byte_lanes = false,
    .peak = PortablePeak,
    .gemm = PortableGemm,
    .depthwise = PlainDepthwise,
    .add = Add,
    .mul = Mul,
    .max_pool = MaxPool,
    .mean = Mean,
};

}  // namespace potlut
