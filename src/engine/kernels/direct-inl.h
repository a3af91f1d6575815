// Direct convolution for one instruction set: copies rows, cuts the work into blocks and tiles
// (included by kernels/<isa>/direct.cc only).
//
// Traits gives:
//   kPanel                   channels of a tile
//   Height(channels)         pixels of a tile in a panel of so many channels
//   Copy(uint8_t* dst, const uint8_t* src, int64_t n, bool flip)   offset by 128 where `flip`;
//                            may write kDirectSlack bytes past dst + n
//   Fill(uint8_t* dst, int64_t n, uint8_t value)   the same
//   Context                  what tiles need beside DirectParams, made from them once a run (if
//   any) Tile(const DirectTile&)
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

// Bytes past what a copy is for that it may write.
inline constexpr int64_t kDirectSlack = 64;

// One register tile: `height` pixels by `channels`, all of their windows.
struct DirectTile {
  const DirectParams* params;
  const ConvBuffers* buffers;
  const void* context;  // Traits::Context, where there is one
  const uint8_t* a;     // first run of the first pixel
  int64_t pitch;        // bytes from one pixel's runs to the next's
  const int64_t* runs;  // where each run begins, from a
  const uint8_t* w;     // packed panel
  const uint8_t*
      next;       // bytes to be fetched meanwhile into the second-level cache, one line a step
  int64_t pixel;  // index of the first pixel in the output
  int32_t height;
  int32_t channel;   // first channel
  int32_t width;     // channels of the panel, padded
  int32_t channels;  // valid ones
};

template <typename Traits>
struct ContextOf {
  struct Type {
    explicit Type(const DirectParams&) {}
  };
};
template <typename Traits>
requires requires { typename Traits::Context; }
struct ContextOf<Traits> {
  using Type = typename Traits::Context;
};

inline int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t Most(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t Up(int64_t a, int64_t to) { return (a + to - 1) / to * to; }

// Where the rows of a block lie. Row `oy * stride + ky * dilation` of the input, counted from the
// first that the block reads, is row oy + (ky * dilation) / stride of the plane of its remainder:
// so one run of all the pixels of a block is one run of rows.
struct DirectRows {
  int64_t pitch;  // bytes of a row
  int64_t pixel;  // bytes of a pixel in it
  int64_t runs[kDirectRuns];
  int64_t bytes;

  DirectRows(const DirectParams& p, int64_t block) {
    const MapWindow& m = p.window;
    if (p.walk == DirectWalk::kFlat) {
      pixel = p.in_c;
      pitch = bytes = block * p.in_c;
      runs[0] = 0;
    } else if (p.in_place) {
      pixel = int64_t{m.stride_w} * p.in_c;
      pitch = int64_t{m.in_w} * p.in_c * m.stride_h;
      bytes = 0;
      for (int32_t ky = 0; ky < m.kernel_h; ++ky) {
        runs[ky] = int64_t{ky} * m.dilation_h * m.in_w * p.in_c;
      }
      return;
    } else {
      pixel = p.walk == DirectWalk::kWindows ? p.run : int64_t{m.stride_w} * p.in_c;
      pitch = p.walk == DirectWalk::kWindows
                  ? int64_t{m.out_w} * p.run
                  : (int64_t{m.out_w - 1} * m.stride_w + m.kernel_w) * p.in_c;
      const int64_t rows = block + int64_t{m.kernel_h - 1} * m.dilation_h / m.stride_h;
      int64_t planes = 0;
      for (int32_t ky = 0; ky < m.kernel_h; ++ky) {
        const int64_t y = int64_t{ky} * m.dilation_h;
        // A plane that an earlier run has opened, or a new one.
        int64_t plane = planes * (rows * pitch + kDirectSlack);
        int32_t other = 0;
        while (other < ky && (y - int64_t{other} * m.dilation_h) % m.stride_h != 0) ++other;
        if (other < ky) {
          plane = runs[other] - int64_t{other} * m.dilation_h / m.stride_h * pitch;
        } else {
          ++planes;
        }
        runs[ky] = plane + y / m.stride_h * pitch;
      }
      bytes = planes * (rows * pitch + kDirectSlack);
    }
    bytes += kDirectSlack + 4;
  }
};

inline size_t DirectScratch(const DirectParams& p) {
  return p.in_place ? 0 : static_cast<size_t>(Up(DirectRows(p, p.block).bytes, 64));
}

// Lays out the run of every pixel of one row of the output, or a row with its borders.
template <typename Traits>
inline void DirectRow(const DirectParams& p, const uint8_t* in, int64_t y, uint8_t* dst,
                      int64_t pitch) {
  const MapWindow& m = p.window;
  const uint8_t zero = p.flip ? 0x80 : 0;
  const int64_t c = p.in_c;
  if (y < 0 || y >= m.in_h) return Traits::Fill(dst, pitch, zero);
  const uint8_t* const row = in + y * m.in_w * c;
  if (p.walk == DirectWalk::kRows) {
    const int64_t width = pitch / c;
    const int64_t left = Least(m.pad_left, width);
    const int64_t end = Most(Least(width, int64_t{m.in_w} + m.pad_left), left);
    Traits::Fill(dst, left * c, zero);
    Traits::Copy(dst + left * c, row, (end - left) * c, p.flip);
    Traits::Fill(dst + end * c, (width - end) * c, zero);
    return;
  }
  for (int32_t ox = 0; ox < m.out_w; ++ox, dst += p.run) {
    const int64_t x0 = int64_t{ox} * m.stride_w - m.pad_left;
    if (m.dilation_w == 1) {
      const int64_t left = Least(Most(-x0, 0), m.kernel_w);
      const int64_t end = Most(Least(m.kernel_w, m.in_w - x0), left);
      if (left > 0) Traits::Fill(dst, left * c, zero);
      Traits::Copy(dst + left * c, row + (x0 + left) * c, (end - left) * c, p.flip);
      Traits::Fill(dst + end * c, p.run - end * c, zero);
      continue;
    }
    for (int32_t kx = 0; kx < m.kernel_w; ++kx) {
      const int64_t x = x0 + int64_t{kx} * m.dilation_w;
      if (x < 0 || x >= m.in_w) {
        Traits::Fill(dst + kx * c, c, zero);
      } else {
        Traits::Copy(dst + kx * c, row + x * c, c, p.flip);
      }
    }
    Traits::Fill(dst + m.kernel_w * c, p.run - m.kernel_w * c, zero);
  }
}

// Copies what `count` rows of the output (pixels, where flat) from `first` read.
template <typename Traits>
inline void DirectCopy(const DirectParams& p, const DirectRows& rows, const uint8_t* in,
                       int64_t first, int64_t count, uint8_t* scratch) {
  const MapWindow& m = p.window;
  if (p.walk == DirectWalk::kFlat) {
    Traits::Copy(scratch, in + first * p.in_c, count * p.in_c, p.flip);
    return Traits::Fill(scratch + count * p.in_c, 4, 0);
  }
  for (int32_t ky = 0; ky < m.kernel_h; ++ky) {
    // Rows that an earlier run has laid out already are the first of this one's, save the last.
    int64_t from = 0;
    for (int32_t other = 0; other < ky; ++other) {
      const int64_t ahead = int64_t{ky - other} * m.dilation_h;
      if (ahead % m.stride_h == 0) from = Most(from, count - ahead / m.stride_h);
    }
    for (int64_t i = from; i < count; ++i) {
      const int64_t y = (first + i) * m.stride_h - m.pad_top + int64_t{ky} * m.dilation_h;
      DirectRow<Traits>(p, in, y, scratch + rows.runs[ky] + i * rows.pitch, rows.pitch);
    }
  }
}

// Panels [from, to) of a block.
template <typename Traits>
inline void DirectBlock(const DirectParams& p, const ConvBuffers& b,
                        const typename ContextOf<Traits>::Type& context, const DirectRows& rows,
                        const uint8_t* a, int64_t first, int64_t count, int64_t from, int64_t to) {
  const int64_t steps = int64_t{p.window.kernel_h} * (p.run / 4);
  const int64_t step_bytes = p.weights.coded ? 2 : 4;  // of one channel
  // Lines of tiles: rows of the output, or all pixels in one.
  const int64_t width = p.window.out_w;
  const bool by_row = p.walk == DirectWalk::kRows;
  const int64_t lines = by_row ? count : 1;
  const int64_t length = by_row ? width : p.walk == DirectWalk::kFlat ? count : count * width;
  DirectTile t;
  t.params = &p;
  t.buffers = &b;
  t.context = &context;
  t.runs = rows.runs;
  t.pitch = rows.pixel;
  for (int64_t n = from; n < to; ++n) {
    t.channel = static_cast<int32_t>(n * Traits::kPanel);
    t.width = static_cast<int32_t>(Least(Traits::kPanel, p.out_padded - t.channel));
    t.channels = static_cast<int32_t>(Least(t.width, p.out_c - t.channel));
    t.w = static_cast<const uint8_t*>(p.weights.data) + t.channel * steps * step_bytes;
    const int64_t panel_bytes = t.width * steps * step_bytes;
    // The tiles of a panel fetch the next one, a line for each of their steps.
    int64_t ahead = panel_bytes;
    const int64_t height = Traits::Height(t.width);
    for (int64_t line = 0; line < lines; ++line) {
      int64_t tiles = (length + height - 1) / height;  // of equal height, the last ones one less
      const int64_t start = by_row                        ? (first + line) * width
                            : p.walk == DirectWalk::kFlat ? first
                                                          : first * width;
      for (int64_t x = 0; tiles > 0; --tiles) {
        t.height = static_cast<int32_t>((length - x + tiles - 1) / tiles);
        t.a = a + line * rows.pitch + x * rows.pixel;
        t.pixel = start + x;
        t.next = t.w + (ahead < 2 * panel_bytes ? ahead : 0);
        Traits::Tile(t);
        ahead += steps * 64;
        x += t.height;
      }
    }
  }
}

// Whether shares are panels of channels: as preferred, unless the other cut is clearly more even.
inline bool ShareOutputs(const DirectParams& p, int64_t panels, int64_t rows, int64_t shares) {
  // What the largest share has of the whole, each way.
  const double outputs = static_cast<double>((panels + shares - 1) / shares) / panels;
  const double others = static_cast<double>((rows + shares - 1) / shares) / rows;
  return p.share_outputs ? outputs <= others * 1.1 : outputs * 1.1 < others;
}

template <typename Traits>
void Direct(const DirectParams& p, const ConvBuffers& b, Share share) {
  const MapWindow& m = p.window;
  int64_t panels = (p.out_padded + Traits::kPanel - 1) / Traits::kPanel;
  int64_t count = p.walk == DirectWalk::kFlat ? m.out_w : m.out_h;
  int64_t from = 0, first = 0;
  const bool outputs = ShareOutputs(p, panels, count, share.count);
  int64_t& begin = outputs ? from : first;
  int64_t& end = outputs ? panels : count;
  begin = end * share.index / share.count;
  end = end * (share.index + 1) / share.count;
  if (begin >= end) return;
  const DirectRows rows(p, p.block);
  const typename ContextOf<Traits>::Type context(p);
  for (; first < count; first += p.block) {
    const int64_t height = Least(p.block, count - first);
    const uint8_t* a;
    if (p.in_place) {
      a = p.walk == DirectWalk::kFlat ? b.in + first * p.in_c : b.in + first * rows.pitch;
    } else {
      uint8_t* const scratch = static_cast<uint8_t*>(b.scratch);
      DirectCopy<Traits>(p, rows, b.in, first, height, scratch);
      a = scratch;
    }
    DirectBlock<Traits>(p, b, context, rows, a, first, height, from, panels);
  }
}

}  // namespace
}  // namespace potlut
