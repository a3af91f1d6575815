// Pixels to patches and back.
#include "accel/patches.h"

#include <algorithm>
#include <cstring>

#include "accel/geometry.h"
#include "base/text.h"

namespace potlut::accel {

Dims PatchDims(const Patches& p, Dims map) {
  return {static_cast<int32_t>(CeilDiv(map.h, p.rows)), p.across > 0 ? p.across : map.w,
          p.rows * p.columns * map.c};
}

bool HoldsAll(const Patches& p, Dims map) {
  const int64_t across = PatchDims(p, map).w;
  return p.step <= p.columns && (across - 1) * p.step - p.left + p.columns >= map.w;
}

Status CheckPatches(const Patches& p, Dims map) {
  const auto in = [](int32_t v, int32_t lo, int32_t hi) { return v >= lo && v <= hi; };
  if (!in(p.rows, 1, 255) || !in(p.columns, 1, 255) || !in(p.step, 1, 255) || !in(p.left, 0, 255) ||
      !in(p.across, 0, 65535) || int64_t{p.rows} * p.columns * map.c > 65535)
    return BadInput("patches whose sizes make no sense");
  if (!p.outside.empty() && p.outside.size() != static_cast<size_t>(map.c))
    return BadInput("patches of a map of ", map.c, " channels with ", p.outside.size(), " outside");
  return {};
}

void PackRow(const Patches& p, Dims map, size_t bytes, std::span<const uint8_t> from, int32_t i,
             size_t pitch, std::span<uint8_t> row) {
  const size_t pixel = static_cast<size_t>(map.c) * bytes;
  const int32_t across = PatchDims(p, map).w;
  for (int32_t j = 0; j < across; ++j) {
    uint8_t* to = row.data() + static_cast<size_t>(j) * pitch;
    for (int32_t r = 0; r < p.rows; ++r) {
      for (int32_t c = 0; c < p.columns; ++c, to += pixel) {
        const int32_t y = i * p.rows + r, x = j * p.step + c - p.left;
        if (y < map.h && x >= 0 && x < map.w) {
          const size_t at = static_cast<size_t>(y) * static_cast<size_t>(map.w);
          std::memcpy(to, from.data() + (at + static_cast<size_t>(x)) * pixel, pixel);
        } else if (p.outside.empty()) {
          std::memset(to, 0, pixel);
        } else {
          std::copy(p.outside.begin(), p.outside.end(), to);
        }
      }
    }
  }
}

void UnpackRow(const Patches& p, Dims map, size_t bytes, std::span<const uint8_t> row, size_t pitch,
               int32_t i, std::span<uint8_t> to) {
  const size_t pixel = static_cast<size_t>(map.c) * bytes;
  const int32_t across = PatchDims(p, map).w;
  for (int32_t r = 0; r < p.rows && i * p.rows + r < map.h; ++r) {
    for (int32_t x = 0; x < map.w; ++x) {
      const int32_t j = std::min((x + p.left) / p.step, across - 1);
      const int32_t c = x + p.left - j * p.step;
      const auto patch = static_cast<size_t>(j) * pitch;
      const auto at = static_cast<size_t>(i * p.rows + r) * static_cast<size_t>(map.w);
      std::memcpy(to.data() + (at + static_cast<size_t>(x)) * pixel,
                  row.data() + patch + static_cast<size_t>(r * p.columns + c) * pixel, pixel);
    }
  }
}

}  // namespace potlut::accel
