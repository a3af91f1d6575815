// Direct convolutions with smlal: see product-inl.h.
#include "engine/kernels/neon/direct-inl.h"
#include "engine/kernels/neon/product-inl.h"
#include "engine/kernels/neon/tables.h"

namespace potlut {

void NeonDirect(const DirectParams& p, const ConvBuffers& buffers, Share share) {
  Direct<DirectTraits<WideProduct>>(p, buffers, share);
}

size_t NeonDirectScratch(const DirectParams& p) { return DirectScratch(p); }

}  // namespace potlut
