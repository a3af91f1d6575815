// What the libraries have no operator for, between theirs: table look-ups and whole means. Simple
// loops that compilers make vectors of, so that they weigh little beside the convolutions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace potlut::peers {

// A look-up of one table or one a channel, on bytes as the program stores them plus `in_flip`, into
// bytes plus `out_flip` (0, or 128: signed values that are stored as unsigned and the reverse).
class ByteTable {
 public:
  ByteTable(const Program& program, const Node& node, uint8_t in_flip, uint8_t out_flip);
  void Run(const uint8_t* x, uint8_t* y) const;

 private:
  size_t count_ = 0, channels_ = 0;
  bool per_channel_ = false;
  bool lines_ = false;          // look-ups are lines: multiplied and added, eight lanes
  std::vector<uint8_t> table_;  // [channel][256]
  std::vector<float> slope_, offset_;
  float low_ = 0, high_ = 255;
  uint8_t in_xor_ = 0, out_xor_ = 0;
};

// The mean over a whole map, as the program means it.
class WholeMean {
 public:
  WholeMean(const Program& program, const Node& node, uint8_t flip);
  void Run(const uint8_t* x, uint8_t* y);

 private:
  bool is_signed_ = false;
  uint8_t flip_ = 0;
  size_t places_ = 0, channels_ = 0;
  MeanOp op_;
  std::vector<int32_t> sums_;
};

// Buffers for tensors whose lives may follow each other: one that nobody reads any more is given
// out again.
class Buffers {
 public:
  explicit Buffers(const Program& program);
  ~Buffers();
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  uint8_t* Take(size_t bytes);
  // One reader of tensor `t`, whose bytes are `buffer`, is done.
  void Done(int32_t t, uint8_t* buffer);
  int readers(int32_t t) const { return readers_[static_cast<size_t>(t)]; }

 private:
  struct Block {
    uint8_t* data;
    size_t bytes;
    bool free;
  };
  std::vector<int> readers_;
  std::vector<Block> blocks_;
};

}  // namespace potlut::peers
