// How the channels of a depthwise convolution are cut into blocks, and what a
// block holds: shared by what lays the weights out and by the kernels that read
// them.
//
// Activations of `rows` neighbouring rows of one column are interleaved in
// registers, so that one instruction multiplies all of them; a block's weights
// are interleaved likewise. Unpack instructions work within 16 bytes: Place()
// says where a channel then stands.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

// Channels [first, first + width) with what belongs to them at `offset` bytes
// of DepthwiseBlocksParams::blocks. Blocks of kQuads may end past the last
// channel (zeros there), those of other forms overlap instead.
struct DepthwiseBlock {
  int32_t first, width;
  int64_t offset;
};

struct DepthwiseShape {
  DepthwiseForm form;
  int32_t channels, kernel_h, kernel_w;

  int32_t rows() const {  // that are interleaved
    if (form == DepthwiseForm::kQuads) return 4;
    return form == DepthwiseForm::kPairs || form == DepthwiseForm::kWords ? 2 : 1;
  }
  int32_t groups() const { return (kernel_h + rows() - 1) / rows(); }
  int32_t weight_bytes() const {
    return form == DepthwiseForm::kWords || form == DepthwiseForm::kWordsOfRow ? 2 : 1;
  }
  bool sums16() const {
    return form == DepthwiseForm::kPairs || form == DepthwiseForm::kBytesOfRow;
  }
  // Of a channel's sum: where it begins and its shift are stored in this many
  // bytes each.
  int32_t sum_bytes() const { return sums16() ? 2 : 4; }
  // A block: [width] starts, [width] shifts (sums16: factors), then weights
  // [group][kernel_w][width][row of the group].
  int64_t bytes(int32_t width) const {
    return int64_t{width} *
           (2 * sum_bytes() + int64_t{groups()} * kernel_w * rows() * weight_bytes());
  }

  int32_t blocks() const {
    if (form != DepthwiseForm::kQuads) return (channels + Narrow() - 1) / Narrow();
    const int32_t left = channels % 64;
    return channels / 64 + left / 32 + left % 32 / 16 + (left % 16 > 0);
  }
  DepthwiseBlock block(int32_t i) const {
    if (form != DepthwiseForm::kQuads) {
      const int32_t width = Narrow(), first = width * i;
      return {first + width <= channels ? first : channels - width, width, i * bytes(width)};
    }
    const int32_t wide = channels / 64;
    if (i < wide) return {64 * i, 64, i * bytes(64)};
    // What is left: 32, 16, and up to 16.
    DepthwiseBlock b{64 * wide, 64, wide * bytes(64)};
    for (i -= wide;; --i) {
      b.width = channels - b.first >= 32 ? 32 : 16;
      if (i == 0) return b;
      b.first += b.width;
      b.offset += bytes(b.width);
    }
  }
  int64_t total_bytes() const {
    const DepthwiseBlock last = block(blocks() - 1);
    return last.offset + bytes(last.width);
  }
  // Place of channel `c` of a block `width` wide.
  int32_t Place(int32_t c, int32_t width) const {
    switch (form) {
      case DepthwiseForm::kQuads:  // vectors of every fourth four channels
        return c % 16 / 4 * (width / 4) + c / 16 * 4 + c % 4;
      case DepthwiseForm::kPairs:  // vectors of every second eight
        return c % 16 / 8 * 16 + c / 16 * 8 + c % 8;
      default:
        return c;
    }
  }

 private:
  int32_t Narrow() const {
    if (form == DepthwiseForm::kPairs) return 32;
    return form == DepthwiseForm::kWordsOfRow ? 8 : 16;
  }
};

}  // namespace
}  // namespace potlut
