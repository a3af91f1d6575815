// A compiled program for the accelerator: what DRAM holds at the start (commands, codes, biases,
// tables), where images go in and results come out, and which commands belong to which node.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "accel/geometry.h"
#include "accel/patches.h"
#include "program/program.h"

namespace potlut::accel {

// A tensor in DRAM: patch (i, j) at offset + i * row_bytes + j * pixel_bytes (without patches, pixel
// (i, j)), channels one after the other, one byte each or four (wide).
struct ImageTensor {
  int32_t tensor = 0;  // index in the program
  std::string name;
  Dims dims;  // of the map, as the program has it
  TensorType type;
  uint64_t offset = 0;
  uint32_t row_bytes = 0, pixel_bytes = 0;
  Patches patches;
  bool operator==(const ImageTensor&) const = default;
};

// The core's commands that a node became: [first, first + count) of those that the core runs, in
// order. Nodes that became none (a reshape, what was fused into another) have count 0.
struct ImageLayer {
  int32_t node = 0;
  std::string name, op;
  uint32_t first = 0, count = 0;
  int64_t macs = 0;
  // Beats of 16 bytes that its transfers take, in bytes; commands are not among them.
  int64_t read_bytes = 0, written_bytes = 0;
  bool operator==(const ImageLayer&) const = default;
};

struct Image {
  Geometry geometry;        // that it was compiled for
  uint64_t dram_bytes = 0;  // that a run needs
  uint64_t commands = 0;    // offset of the commands
  uint32_t command_count = 0;
  ImageTensor input;
  std::vector<ImageTensor> outputs;
  std::vector<ImageTensor> traced;  // tensors that are stored for comparison, if that was asked for
  std::vector<ImageLayer> layers;
  std::vector<uint8_t> data;  // DRAM from offset 0 on; the rest needs no value
  bool operator==(const Image&) const = default;
};

// An image as a file: little endian, a CRC-32C at its end.
std::vector<uint8_t> WriteImage(const Image& image);
// Checked as CheckImage does. Errors: kBadInput naming offset or command, kResourceLimit.
Expected<Image> ReadImage(std::span<const uint8_t> bytes);

// Everything that can be known before it runs: sizes, tensors inside of DRAM, every command's
// fields, addresses of all but convolutions (whose passes are data), an order of tokens that
// cannot lock up, and a bound of the work. Errors: kBadInput naming the command; kResourceLimit.
Status CheckImage(const Image& image);

}  // namespace potlut::accel
