// The head of a version 2 file: all of a program but its codes, arithmetic coded (docs/format.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pack/layer_size.h"
#include "pack/low_reading.h"
#include "pack/plut.h"

namespace potlut {

// How one layer's codes are stored: what the head says of the blocks that follow it.
struct LayerBlock {
  uint8_t coder = 0;
  uint64_t bytes = 0;
  uint64_t refinement_bytes = 0;  // where it is layered
};

struct Head {
  Program program;                 // without codes
  std::vector<LayerBlock> blocks;  // one a convolution, in the order of the nodes
  std::vector<LayerSize> sizes;
  std::vector<LowReading> low;  // one a layer where the file is layered, else none
};

// `program` passes Validate; one block a convolution, and one low reading where the file is
// layered. `parts`: bytes by what they say, where wanted. Errors: kBadInput for text that is not
// UTF-8, kResourceLimit for more text or numbers than readers take from a head of that size.
Expected<std::vector<uint8_t>> EncodeHead(const Program& program,
                                          std::span<const LayerBlock> blocks,
                                          std::span<const LowReading> low = {},
                                          PlutSizes* parts = nullptr);

// Errors: kBadInput, kUnsupported and kResourceLimit with place and field. What the result means is
// not checked: that is Validate's part.
Expected<Head> DecodeHead(std::span<const uint8_t> bytes, bool layered,
                          const ProgramLimits& limits);

}  // namespace potlut
