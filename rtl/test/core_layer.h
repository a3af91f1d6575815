// Brings one convolution to commands in the plainest way, for tests of the core.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "accel/command.h"
#include "program/program.h"

namespace potlut::accel::testing {

struct Machine {
  int lanes = 8;
  bool pair = false;
};

struct Layer {
  std::vector<uint8_t> weights, passes, channels, levels;  // as kLoad takes them
  struct Tile {
    Output output;
    Conv conv;
  };
  std::vector<Tile> tiles;  // segments of columns
  int64_t out_words = 0;    // of a pixel
};

// The input lies at word `in_base` with all its words side by side, the output goes to `out_base`;
// strips, ring and column segments are random among those that work.
Layer BuildLayer(const ConvOp& conv, const Tensor& in, const Tensor& out, const Machine& machine,
                 uint32_t in_base, uint32_t out_base, std::mt19937& rng);

// Pixels as activation memory has them, 16 channels a word; bytes beyond the last channel are
// random.
std::vector<uint8_t> ToWords(const std::vector<uint8_t>& hwc, Dims dims, std::mt19937& rng);

}  // namespace potlut::accel::testing
