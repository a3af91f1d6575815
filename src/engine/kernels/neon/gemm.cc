// Convolutions as products of matrices with smlal: see product-inl.h.
#include "engine/kernels/neon/gemm-inl.h"
#include "engine/kernels/neon/product-inl.h"
#include "engine/kernels/neon/tables.h"

namespace potlut {

void NeonGemm(const GemmParams& p, const uint8_t* in, void* out, void* scratch) {
  Gemm<GemmTraits<WideProduct>>(p, in, out, scratch);
}

}  // namespace potlut
