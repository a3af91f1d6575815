// Where tensors stand in activation memory.
#pragma once

#include <vector>

#include "accel/geometry.h"
#include "program/program.h"

namespace potlut::accel {

// A map in activation memory: pixel (y, x) at base + y * row_words + x * column_words.
struct Place {
  int32_t base = 0;
  int32_t row_words = 0, column_words = 0;
};

// 16-byte words of a pixel.
int32_t PixelWords(const Tensor& tensor);

// What the compiler decided about nodes, which lifetimes depend on.
struct NodeFate {
  int32_t fused_into = -1;  // an addition that the drain of this convolution performs
  int32_t done_by = -1;     // this addition's convolution
  bool alias = false;       // a reshape whose words stay where they are
};

// Tensors whose lives do not meet share words; first fit. Tensors that are never made (a fused
// convolution's own) have no place. Errors: kResourceLimit naming the node at which memory ends.
Expected<std::vector<Place>> PlaceTensors(const Program& program,
                                          const std::vector<NodeFate>& fates,
                                          const Geometry& geometry);

}  // namespace potlut::accel
