// Which taps of a window lie inside the map.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {
namespace {

// Taps [y_first, y_end) x [x_first, x_end) of the window of output (oy, ox) meet the input; the
// rest is padding.
struct TapRange {
  TapRange(const MapWindow& m, int32_t oy, int32_t ox)
      : y0(int64_t{oy} * m.stride_h - m.pad_top), x0(int64_t{ox} * m.stride_w - m.pad_left) {
    y_first = First(y0, m.dilation_h, m.kernel_h);
    y_end = End(y0, m.dilation_h, m.kernel_h, m.in_h, y_first);
    x_first = First(x0, m.dilation_w, m.kernel_w);
    x_end = End(x0, m.dilation_w, m.kernel_w, m.in_w, x_first);
  }
  // Pixel index of a tap inside.
  int64_t Offset(const MapWindow& m, int32_t ky, int32_t kx) const {
    return (y0 + int64_t{ky} * m.dilation_h) * m.in_w + x0 + int64_t{kx} * m.dilation_w;
  }

  int64_t y0, x0;
  int32_t y_first, y_end, x_first, x_end;

 private:
  static int32_t First(int64_t origin, int32_t dilation, int32_t kernel) {
    if (origin >= 0) return 0;
    const int64_t first = dilation == 1 ? -origin : (-origin + dilation - 1) / dilation;
    return first < kernel ? static_cast<int32_t>(first) : kernel;
  }
  static int32_t End(int64_t origin, int32_t dilation, int32_t kernel, int32_t size,
                     int32_t first) {
    if (origin >= size) return first;
    if (origin + int64_t{kernel - 1} * dilation < size) return kernel;
    const int64_t end = dilation == 1 ? size - origin : (size - origin + dilation - 1) / dilation;
    return end > first ? static_cast<int32_t>(end) : first;
  }
};

}  // namespace
}  // namespace potlut
