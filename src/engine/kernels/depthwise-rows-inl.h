// The rows of a depthwise convolution's blocks: which lie in the map, and who
// works on which.
#pragma once

#include "engine/kernels/depthwise-blocks-inl.h"

namespace potlut {
namespace {

alignas(64) const uint8_t kPaddingPixel[64] = {};

// The input rows of one row of outputs, from the block's first channel on. Rows
// outside the map stand at the padding, with a step of 0 from one pixel to the
// next.
template <int kRows>
struct InputRows {
  InputRows(const DepthwiseBlocksParams& p, const uint8_t* in, int32_t oy, int32_t first_channel) {
    const MapWindow& m = p.window;
    for (int32_t ky = 0; ky < kRows; ++ky) {
      const int64_t y = int64_t{oy} * m.stride_h - m.pad_top + int64_t{ky} * m.dilation_h;
      const bool inside = y >= 0 && y < m.in_h;
      row[ky] = inside ? in + y * m.in_w * p.channels + first_channel : kPaddingPixel;
      step[ky] = inside ? p.channels : 0;
    }
  }
  const uint8_t* row[kRows];
  int64_t step[kRows];
};

// Calls f(row of outputs, block) for the share's part, row by row. A block that
// overlaps the one before it stays with that one, so that no byte is written by
// two shares.
template <typename F>
void ForBlocks(const DepthwiseBlocksParams& p, const DepthwiseShape& shape, Share share, F f) {
  const int32_t blocks = shape.blocks();
  const DepthwiseBlock last = shape.block(blocks - 1);
  const bool overlaps = blocks > 1 && last.first < shape.block(blocks - 2).first + last.width &&
                        shape.form != DepthwiseForm::kQuads;
  const int64_t units = blocks - overlaps, total = units * p.window.out_h;
  const int64_t begin = total * share.index / share.count;
  const int64_t end = total * (share.index + 1) / share.count;
  int64_t oy = begin / units, unit = begin % units;
  for (int64_t i = begin; i < end; ++i) {
    f(static_cast<int32_t>(oy), shape.block(static_cast<int32_t>(unit)));
    if (++unit == units) {
      if (overlaps) f(static_cast<int32_t>(oy), last);
      unit = 0;
      ++oy;
    }
  }
}

}  // namespace
}  // namespace potlut
