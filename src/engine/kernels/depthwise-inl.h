// Depthwise convolution in plain loops along the channels.
#pragma once

#include "engine/kernels/window-inl.h"

namespace potlut {
namespace {

template <typename T, typename Out>
void PlainDepthwiseOf(const DepthwiseParams& p, const T* in, Out* out) {
  constexpr int64_t kChunk = 64;
  const MapWindow& m = p.window;
  const ConvRequant& q = p.requant;
  uint32_t sum[kChunk];
  for (int32_t oy = 0; oy < m.out_h; ++oy) {
    for (int32_t ox = 0; ox < m.out_w; ++ox, out += p.channels) {
      const TapRange range(m, oy, ox);
      for (int64_t c = 0; c < p.channels; c += kChunk) {
        const int64_t n = p.channels - c < kChunk ? p.channels - c : kChunk;
        for (int64_t i = 0; i < n; ++i) sum[i] = static_cast<uint32_t>(q.start[c + i]);
        for (int32_t ky = range.y_first; ky < range.y_end; ++ky) {
          for (int32_t kx = range.x_first; kx < range.x_end; ++kx) {
            const T* x = in + range.Offset(m, ky, kx) * p.channels + c;
            const int32_t* w = p.weights + (int64_t{ky} * m.kernel_w + kx) * p.channels + c;
            for (int64_t i = 0; i < n; ++i) {
              const int16_t level = static_cast<int16_t>(w[i]);
              sum[i] += static_cast<uint32_t>(int32_t{x[i]} * level);
            }
          }
        }
        for (int64_t i = 0; i < n; ++i) {
          int32_t v = static_cast<int32_t>(sum[i]) >> q.right[c + i];
          v = static_cast<int32_t>(static_cast<uint32_t>(v) << q.left[c + i]);
          v = v < q.lo ? q.lo : v;
          out[c + i] = static_cast<Out>(v > q.hi ? q.hi : v);
        }
      }
    }
  }
}

template <typename T>
void PlainDepthwiseOf(const DepthwiseParams& p, const T* in, void* out) {
  if (p.requant.wide) {
    PlainDepthwiseOf(p, in, static_cast<int32_t*>(out));
  } else {
    PlainDepthwiseOf(p, in, static_cast<uint8_t*>(out));
  }
}

inline void PlainDepthwise(const DepthwiseParams& p, const uint8_t* in, void* out) {
  if (p.in_signed) {
    PlainDepthwiseOf(p, reinterpret_cast<const int8_t*>(in), out);
  } else {
    PlainDepthwiseOf(p, in, out);
  }
}

}  // namespace
}  // namespace potlut
