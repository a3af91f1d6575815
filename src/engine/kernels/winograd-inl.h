// Winograd's minimal filtering for one instruction set (included by kernels/<isa>/winograd.cc
// only): tiles of the whole map in blocks, whatever rows they lie in; transformed activations of a
// block stay in the second-level cache, the products of a few tiles in the first.
//
// Isa gives Sums (16 sums of 32 bits), Load, Store, Add, Sub, Shl<n>, Scale(sums, factor),
// Dot<Lane>(four bytes, weights, sums), kRows (tiles of a register tile), kPanels (most vectors of
// a panel), kAhead (bytes by which weights are prefetched; 0: not), and Tail, which stores a row of
// outputs.
#pragma once

#include "engine/kernels/unroll-inl.h"
#include "engine/kernels/winograd-transform-inl.h"

namespace potlut {
namespace {

template <typename Isa, typename Lane>
class Winograd {
 public:
  static size_t Scratch(const WinogradParams& p) { return Plan(p).bytes; }

  static void Run(const WinogradParams& p, const ConvBuffers& b, Share share) {
    Winograd(p, b).RunShare(share);
  }

 private:
  static constexpr int kTile = sizeof(Lane) == 1 ? 2 : 4;
  static constexpr int kSide = kTile + 2, kPoints = kSide * kSide;
  static constexpr int kPanel = 16 * Isa::kPanels;
  static constexpr int kMostChunk = sizeof(Lane) == 1 ? 32 : 16;
  static constexpr int64_t kLane = sizeof(Lane);
  // Bytes of a block's transformed activations; of a panel's weights that may pass by once every
  // few tiles, as they stay in the second-level cache.
  static constexpr int64_t kBlock = 384 << 10, kSmallPanel = 192 << 10;

  static int64_t Up(int64_t a, int64_t to) { return (a + to - 1) / to * to; }
  static int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }
  static int64_t Most(int64_t a, int64_t b) { return a > b ? a : b; }

  struct Plan {
    explicit Plan(const WinogradParams& p) {
      const MapWindow& m = p.window;
      across = (m.out_w + kTile - 1) / kTile;
      tiles = int64_t{(m.out_h + kTile - 1) / kTile} * across;
      pitch = Up(p.in_c, 16) * kLane;
      // Equal blocks of whole register tiles.
      const int64_t most = Most(kBlock / (kPoints * pitch) / Isa::kRows, 2) * Isa::kRows;
      const int64_t blocks = (tiles + most - 1) / most;
      block = Up((tiles + blocks - 1) / blocks, Isa::kRows);
      const int64_t panel = int64_t{kPoints} * p.in_c_padded * kLane * kPanel;
      group = panel <= kSmallPanel ? Isa::kRows : Least(block, 4 * Isa::kRows);
      // An odd number of cache lines from plane to plane, lest all be in one set.
      plane = (Up(block * pitch, 64) / 64 | 1) * 64;
      const int64_t columns = Up((across * kTile + 2) * kSide * kMostChunk * kLane, 64);
      products = columns;
      lanes = products + group * kPanel * kPoints * 4;
      bytes = static_cast<size_t>(lanes + kPoints * plane);
    }
    int64_t across, tiles;  // of the map
    int64_t block, group;   // tiles that are transformed, and multiplied, at a time
    int64_t pitch, plane;   // bytes from tile to tile, and from point to point
    int64_t products, lanes;
    size_t bytes;
  };

  Winograd(const WinogradParams& p, const ConvBuffers& b)
      : p_(p),
        b_(b),
        plan_(p),
        tail_(p.epilogue),
        columns_(static_cast<Lane*>(b.scratch)),
        products_(reinterpret_cast<int32_t*>(static_cast<char*>(b.scratch) + plan_.products)),
        lanes_(static_cast<char*>(b.scratch) + plan_.lanes) {}

  void RunShare(Share share) {
    const int64_t panels = (p_.out_padded + kPanel - 1) / kPanel;
    int64_t tile = 0, tiles = plan_.tiles, panel = 0, end = panels;
    if (tiles >= int64_t{share.count} * Isa::kRows || panels < share.count) {
      tile = tiles * share.index / share.count;
      tiles = tiles * (share.index + 1) / share.count;
    } else {
      panel = panels * share.index / share.count;
      end = panels * (share.index + 1) / share.count;
    }
    if (panel == end) return;
    for (int64_t count; tile < tiles; tile += count) {
      count = Least(plan_.block, tiles - tile);
      TransformTiles(tile, count);
      for (int64_t i = panel; i < end; ++i) {
        const int64_t channel = i * kPanel;
        if (Isa::kPanels == 1 || p_.out_padded - channel < kPanel) {
          RunPanel<1>(tile, count, channel);
        } else {
          RunPanel<Isa::kPanels>(tile, count, channel);
        }
      }
    }
  }

  // Lanes of `count` tiles from `first` on, row by row.
  void TransformTiles(int64_t first, int64_t count) {
    for (int64_t at = 0, end; at < count; at = end) {
      const int64_t row = (first + at) / plan_.across, begin = (first + at) % plan_.across;
      end = Least(count, at + plan_.across - begin);
      const Strip strip = {row, begin, end - at, at};
      int64_t c = 0;
      if constexpr (kMostChunk == 32) {
        for (; c + 32 <= p_.in_c; c += 32) TransformChunk<32, false>(strip, c);
      }
      for (; c + 16 <= p_.in_c; c += 16) TransformChunk<16, false>(strip, c);
      if (c < p_.in_c) TransformChunk<16, true>(strip, c);
    }
  }

  // Tiles of one row, at `place` of the block.
  struct Strip {
    int64_t row, begin, count, place;
  };

  template <int kChannels, bool kPart>
  void TransformChunk(const Strip& s, int64_t c) {
    const int64_t top = s.row * kTile - p_.window.pad_top;
    const bool inside = top >= 0 && top + kSide <= p_.window.in_h;
    if (inside) {
      p_.in_signed ? Columns<kChannels, true, kPart, true>(s, c)
                   : Columns<kChannels, false, kPart, true>(s, c);
    } else {
      p_.in_signed ? Columns<kChannels, true, kPart, false>(s, c)
                   : Columns<kChannels, false, kPart, false>(s, c);
    }
    Rows<kChannels>(s, c);
  }

  // B^T of each column of pixels under a strip; those outside the map are 0.
  template <int kChannels, bool kSigned, bool kPart, bool kInside>
  void Columns(const Strip& s, int64_t c) {
    using Vector = typename LanesOf<Lane, kChannels>::Vector;
    static constexpr uint8_t kNothing[kChannels] = {};
    const MapWindow& m = p_.window;
    const int64_t top = s.row * kTile - m.pad_top, left = s.begin * kTile - m.pad_left;
    const size_t part = kPart ? static_cast<size_t>(p_.in_c - c) : kChannels;
    const uint8_t* from[kSide];
    int64_t step[kSide];
    for (int i = 0; i < kSide; ++i) {
      const bool in = kInside || (top + i >= 0 && top + i < m.in_h);
      step[i] = in ? p_.in_c : 0;
      from[i] = in ? b_.in + (top + i) * m.in_w * p_.in_c + c : kNothing;
    }
    const int64_t pitch = int64_t{m.in_w} * p_.in_c;
    Lane* to = columns_;
    for (int64_t x = left; x < left + s.count * kTile + 2; ++x, to += kSide * kChannels) {
      Vector t[kSide];
      if (x >= 0 && x < m.in_w) {
        Vector d[kSide];
        POTLUT_UNROLL
        for (int i = 0; i < kSide; ++i) {
          const uint8_t* const at =
              kInside ? from[0] + i * pitch + x * p_.in_c : from[i] + x * step[i];
          d[i] = ReadLanes<Lane, kChannels, kSigned, kPart>(at, part);
        }
        TransformInput(d, t);
      } else {
        POTLUT_UNROLL
        for (int i = 0; i < kSide; ++i) t[i] = Vector{};
      }
      __builtin_memcpy(to, t, sizeof(t));
    }
  }

  // B^T of the rows of what Columns wrote.
  template <int kChannels>
  void Rows(const Strip& s, int64_t c) {
    using Vector = typename LanesOf<Lane, kChannels>::Vector;
    const Lane* from = columns_;
    char* to = lanes_ + s.place * plan_.pitch + c * kLane;
    const int64_t plane = plan_.plane;
    Vector center{}, other{};
    if constexpr (kLane == 1) {
      for (int k = 0; k < kChannels; ++k) {
        center[k] = p_.offset_center;
        other[k] = p_.offset;
      }
    }
    for (int64_t t = 0; t < s.count; ++t, from += kTile * kSide * kChannels, to += plan_.pitch) {
      POTLUT_UNROLL
      for (int i = 0; i < kSide; ++i) {
        Vector d[kSide], v[kSide];
        POTLUT_UNROLL
        for (int j = 0; j < kSide; ++j) {
          __builtin_memcpy(&d[j], from + (j * kSide + i) * kChannels, sizeof(Vector));
        }
        TransformInput(d, v);
        POTLUT_UNROLL
        for (int j = 0; j < kSide; ++j) {
          if constexpr (kLane == 1) v[j] = v[j] + (i == 1 && j == 1 ? center : other);
          __builtin_memcpy(to + (i * kSide + j) * plane, &v[j], sizeof(Vector));
        }
      }
    }
  }

  // All of a block with the weights of kVectors * 16 output channels.
  template <int kVectors>
  void RunPanel(int64_t first, int64_t count, int64_t channel) {
    const int64_t steps = p_.in_c_padded * kLane / 4;
    const char* const weights =
        static_cast<const char*>(p_.weights) + channel * kPoints * p_.in_c_padded * kLane;
    for (int64_t g = 0; g < count; g += plan_.group) {
      const int64_t tiles = Least(plan_.group, count - g);
      for (int q = 0; q < kPoints; ++q) {
        const char* const w = weights + q * steps * 64 * kVectors;
        const int32_t* const init = p_.init + int64_t{q} * p_.out_padded + channel;
        // Tiles of equal height instead of full ones and a thin last one.
        int64_t left = (tiles + Isa::kRows - 1) / Isa::kRows;
        for (int64_t r = 0; left > 0; --left) {
          const int64_t height = (tiles - r + left - 1) / left;
          const char* const v = lanes_ + q * plan_.plane + (g + r) * plan_.pitch;
          int32_t* const to = products_ + r * kVectors * kPoints * 16 + q * 16;
          MultiplyOfHeight<kVectors>(height, v, w, steps, init, to);
          r += height;
        }
      }
      int64_t row = (first + g) / plan_.across, column = (first + g) % plan_.across;
      for (int64_t t = 0; t < tiles; ++t) {
        POTLUT_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          StoreTile(products_ + (t * kVectors + v) * kPoints * 16, row, column, channel + 16 * v);
        }
        if (++column == plan_.across) column = 0, ++row;
      }
    }
  }

  // Products of kHeight tiles at one point: those of tile r and vector v go to
  // to[(r * kVectors + v) * kPoints * 16].
  template <int kHeight, int kVectors>
  POTLUT_NOINLINE static void Multiply(const char* v, int64_t pitch, const char* w, int64_t steps,
                                       const int32_t* init, int32_t* to) {
    typename Isa::Sums acc[kHeight][kVectors];
    POTLUT_UNROLL
    for (int j = 0; j < kVectors; ++j) {
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) acc[r][j] = Isa::Load(init + 16 * j);
    }
    const char* const end = v + 4 * steps;
    do {
      typename Isa::Sums weights[kVectors];
      POTLUT_UNROLL
      for (int j = 0; j < kVectors; ++j) {
        weights[j] = Isa::Load(w + 64 * j);
        // What is far ahead had better not push this point's weights out of the first-level cache.
        if constexpr (Isa::kAhead > 0) {
          __builtin_prefetch(w + 64 * j + Isa::kAhead, 0, Isa::kAhead > 8192 ? 2 : 3);
        }
      }
      POTLUT_UNROLL
      for (int r = 0; r < kHeight; ++r) {
        int32_t four;
        __builtin_memcpy(&four, v + r * pitch, 4);
        Isa::template Dot<Lane>(four, weights, acc[r]);
      }
      v += 4;
      w += 64 * kVectors;
    } while (v != end);
    POTLUT_UNROLL
    for (int r = 0; r < kHeight; ++r) {
      POTLUT_UNROLL
      for (int j = 0; j < kVectors; ++j) {
        Isa::Store(to + (r * kVectors + j) * kPoints * 16, acc[r][j]);
      }
    }
  }

  template <int kVectors, int kHeight = Isa::kRows>
  void MultiplyOfHeight(int64_t height, const char* v, const char* w, int64_t steps,
                        const int32_t* init, int32_t* to) {
    if constexpr (kHeight > 1) {
      if (height != kHeight) {
        return MultiplyOfHeight<kVectors, kHeight - 1>(height, v, w, steps, init, to);
      }
    }
    Multiply<kHeight, kVectors>(v, plan_.pitch, w, steps, init, to);
  }

  // Sixteen channels of a tile's outputs from its products.
  void StoreTile(const int32_t* products, int64_t row, int64_t column, int64_t channel) {
    using Sums = typename Isa::Sums;
    const MapWindow& m = p_.window;
    Sums z[kTile][kSide];
    POTLUT_UNROLL
    for (int j = 0; j < kSide; ++j) {
      Sums x[kSide], y[kTile];
      POTLUT_UNROLL
      for (int i = 0; i < kSide; ++i) x[i] = Isa::Load(products + (i * kSide + j) * 16);
      TransformOutput<Isa>(x, y);
      POTLUT_UNROLL
      for (int i = 0; i < kTile; ++i) z[i][j] = y[i];
    }
    const int64_t width = Least(kTile, m.out_w - column * kTile);
    const int64_t height = Least(kTile, m.out_h - row * kTile);
    const int64_t at = (row * kTile * m.out_w + column * kTile) * p_.out_c + channel;
    POTLUT_UNROLL
    for (int i = 0; i < kTile; ++i) {
      if (i >= height) continue;
      Sums y[kTile];
      TransformOutput<Isa>(z[i], y);
      if constexpr (kTile == 4) {
        // From 576 times the sums, modulo 2^32, to 64 times: by the inverse of 9.
        POTLUT_UNROLL
        for (int j = 0; j < kTile; ++j) y[j] = Isa::Scale(y[j], 0x38E38E39);
      }
      StoreRow<kTile>(y, width, channel, at + i * int64_t{m.out_w} * p_.out_c);
    }
  }

  template <int kWidth>
  void StoreRow(const typename Isa::Sums (&y)[kTile], int64_t width, int64_t channel, int64_t at) {
    if constexpr (kWidth > 1) {
      if (width != kWidth) return StoreRow<kWidth - 1>(y, width, channel, at);
    }
    typename Isa::Sums valid[kWidth];
    POTLUT_UNROLL
    for (int j = 0; j < kWidth; ++j) valid[j] = y[j];
    tail_.Store(valid, p_.epilogue, channel, p_.out_c, b_, at);
  }

  const WinogradParams& p_;
  const ConvBuffers& b_;
  const Plan plan_;
  const typename Isa::Tail tail_;
  Lane* columns_;      // [column][point of the column][channel of a chunk]
  int32_t* products_;  // [tile of the group][vector][point][16]
  char* lanes_;        // [point][tile of the block][channel]
};

}  // namespace
}  // namespace potlut
