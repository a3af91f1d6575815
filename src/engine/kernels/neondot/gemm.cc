// Convolutions as products of matrices with sdot: see product-inl.h.
#include "engine/kernels/neon/gemm-inl.h"
#include "engine/kernels/neondot/product-inl.h"
#include "engine/kernels/neondot/tables.h"

namespace potlut {

void NeonDotGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch) {
  Gemm<GemmTraits<DotProduct>>(p, in, out, scratch);
}

}  // namespace potlut
