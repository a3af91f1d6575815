// How the work of a node is cut into shares.
#pragma once

#include <cstdint>

#include "engine/kernels/kernels.h"

namespace potlut {

struct Range {
  int64_t begin = 0, end = 0;
  int64_t count() const { return end - begin; }
  bool empty() const { return begin >= end; }
};

// The part of `count` things that falls to a share: parts differ by one at most, and late shares
// may have none.
inline Range PartOf(int64_t count, Share share) {
  return {count * share.index / share.count, count * (share.index + 1) / share.count};
}

// The window over the same input whose output is some rows of the whole's.
inline MapWindow RowsOf(MapWindow window, Range rows) {
  window.pad_top -= static_cast<int32_t>(rows.begin) * window.stride_h;
  window.out_h = static_cast<int32_t>(rows.count());
  return window;
}

}  // namespace potlut
