// Memory planning: buffers whose lives do not overlap share bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace potlut {

// A buffer that must keep its bytes during the steps [first, last], both included.
struct Buffer {
  size_t bytes = 0;
  int32_t first = 0, last = 0;
};

struct Placement {
  std::vector<size_t> offset;  // of each buffer, multiples of kAlignment
  size_t bytes = 0;            // of the whole arena, a multiple of kAlignment
};

// Places the largest buffers first, each at the lowest place where it meets no buffer that is alive
// with it. (Pisarchyk, Lee: "Efficient Memory Management for Deep Neural Net Inference", 2020,
// greedy by size.) Time is quadratic in the number of buffers.
Placement PlaceBuffers(const std::vector<Buffer>& buffers);

}  // namespace potlut
