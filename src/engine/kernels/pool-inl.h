// Maximum and mean over windows, in plain loops along the channels.
#pragma once

#include <type_traits>

#include "engine/kernels/elementwise-inl.h"
#include "engine/kernels/window-inl.h"

namespace potlut {
namespace {

template <typename T>
void MaxPoolOf(const PoolParams& p, const T* in, T* out) {
  const int64_t c = p.channels;
  for (int32_t oy = 0; oy < p.window.out_h; ++oy) {
    for (int32_t ox = 0; ox < p.window.out_w; ++ox, out += c) {
      const TapRange range(p.window, oy, ox);
      bool first = true;
      for (int32_t ky = range.y_first; ky < range.y_end; ++ky) {
        for (int32_t kx = range.x_first; kx < range.x_end; ++kx) {
          const T* x = in + range.Offset(p.window, ky, kx) * c;
          if (first) {
            for (int64_t i = 0; i < c; ++i) out[i] = x[i];
          } else {
            for (int64_t i = 0; i < c; ++i) out[i] = x[i] > out[i] ? x[i] : out[i];
          }
          first = false;
        }
      }
    }
  }
}

inline void MaxPool(const PoolParams& p, const uint8_t* in, void* out) {
  WithType(p.in_signed, in, [&](auto* x) {
    MaxPoolOf(p, x, static_cast<std::remove_const_t<std::remove_pointer_t<decltype(x)>>*>(out));
  });
}

template <typename T, typename Out>
void MeanOf(const PoolParams& p, const T* in, Out* out) {
  constexpr int64_t kChunk = 128;
  const Rescale rescale(p.shift, p.lo, p.hi);
  uint32_t sum[kChunk];
  for (int32_t oy = 0; oy < p.window.out_h; ++oy) {
    for (int32_t ox = 0; ox < p.window.out_w; ++ox, out += p.channels) {
      const TapRange range(p.window, oy, ox);
      for (int64_t c = 0; c < p.channels; c += kChunk) {
        const int64_t n = p.channels - c < kChunk ? p.channels - c : kChunk;
        for (int64_t i = 0; i < n; ++i) sum[i] = 0;
        for (int32_t ky = range.y_first; ky < range.y_end; ++ky) {
          for (int32_t kx = range.x_first; kx < range.x_end; ++kx) {
            const T* x = in + range.Offset(p.window, ky, kx) * p.channels + c;
            for (int64_t i = 0; i < n; ++i)
              sum[i] += static_cast<uint32_t>(static_cast<int32_t>(x[i]));
          }
        }
        for (int64_t i = 0; i < n; ++i) out[c + i] = static_cast<Out>(rescale(sum[i]));
      }
    }
  }
}

inline void Mean(const PoolParams& p, const uint8_t* in, void* out) {
  WithType(p.in_signed, in, [&](auto* x) {
    if (p.wide) {
      MeanOf(p, x, static_cast<int32_t*>(out));
    } else {
      MeanOf(p, x, static_cast<uint8_t*>(out));
    }
  });
}

}  // namespace
}  // namespace potlut
