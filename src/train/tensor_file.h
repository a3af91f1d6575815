// Named tensors and a text in one file with a checksum: what checkpoints are made of.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/optimiser.h"

namespace potlut::train {

// Bytes, little endian: "POTLUTCK"; u32 version (1); u64 length and text; u32 tensors; of each u32
// length and name, u8 type (0 uint8, 1 int32, 2 int64, 3 float32, 4 float64, 5 bfloat16), u8
// dimensions, i64 each, elements in C order; at the end u32 CRC-32C of everything before. Elements
// are copied bit by bit.
struct TensorFile {
  std::string text;
  NamedTensors tensors;  // on the CPU
};

Expected<std::vector<uint8_t>> WriteTensors(const std::string& text, const NamedTensors& tensors);

// Errors: kBadInput naming `what` for any other bytes. Allocates no more than a small multiple of
// what is there.
Expected<TensorFile> ReadTensors(std::span<const uint8_t> bytes, const std::string& what);

// Copies the elements of `from` named `prefix` + name into `targets` (whatever their device and
// strides). Errors: kBadInput naming `what` and the tensor that is missing or has another shape or
// type; then nothing was copied.
Status CopyTensors(const TensorFile& from, const std::string& prefix, NamedTensors targets,
                   const std::string& what);

}  // namespace potlut::train
