// Direct convolutions with sdot: see product-inl.h.
#include "engine/kernels/neon/direct-inl.h"
#include "engine/kernels/neondot/product-inl.h"
#include "engine/kernels/neondot/tables.h"

namespace potlut {

void NeonDotDirect(const DirectParams& p, const ConvBuffers& buffers, Share share) {
  Direct<DirectTraits<DotProduct>>(p, buffers, share);
}

}  // namespace potlut
