// Antialiased bilinear resize with the arithmetic of Pillow, on which training pipelines rest.
#pragma once

#include "data/data.h"

namespace potlut::data {

// Horizontal, then vertical, 8 bits between, weights in 22-bit fixed point: a triangle as wide as
// the scale when shrinking, plain bilinear when growing. h, w >= 1.
Image ResizeBilinear(const Image& image, int32_t h, int32_t w);

}  // namespace potlut::data
