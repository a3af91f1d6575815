// How a map lies in DRAM: pixel by pixel, or in patches of neighbouring pixels, so that a lane's 16
// inputs are not left empty by a first layer of three channels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "program/program.h"

namespace potlut::accel {

// Patch (i, j) holds the pixels of rows i * rows ... and columns j * step - left ..., row by row,
// then column by column, all channels of a pixel together. Columns may stand in two patches
// (step < columns). The default is a patch for each pixel.
struct Patches {
  int32_t rows = 1, columns = 1;  // pixels of a patch
  int32_t step = 1;               // columns from patch to patch, at most `columns`
  int32_t left = 0;               // columns of the first patch that stand left of the map
  int32_t across = 0;             // patches side by side; 0: one for each column of the map
  std::vector<uint8_t> outside;   // of pixels outside of the map, a byte a channel; empty: 0
  bool operator==(const Patches&) const = default;
};

// The map of patches: rows, patches side by side, channels of a patch.
Dims PatchDims(const Patches& patches, Dims map);

// Whether each pixel of the map stands in a patch.
bool HoldsAll(const Patches& patches, Dims map);

// Errors: kBadInput for sizes out of 1 to 255 (left: from 0), or outside bytes of other channels.
Status CheckPatches(const Patches& patches, Dims map);

// Row `i` of patches of a map of `bytes` bytes a value (HWC), `pitch` bytes from patch to patch in
// `row`, which holds PatchDims().w of them.
void PackRow(const Patches& patches, Dims map, size_t bytes, std::span<const uint8_t> from,
             int32_t i, size_t pitch, std::span<uint8_t> row);
// Back: the pixels of those rows. Only where HoldsAll.
void UnpackRow(const Patches& patches, Dims map, size_t bytes, std::span<const uint8_t> row,
               size_t pitch, int32_t i, std::span<uint8_t> to);

}  // namespace potlut::accel
