// The integer program: what a quantised network means, and all that ships of it (numerics.md).
//
// Tensors hold one image; a batch is a loop outside. Memory order is HWC (channels fastest). A
// dense layer is a convolution whose kernel covers its whole input. Every node writes exactly one
// tensor, every tensor is written by exactly one node (the input by none), and nodes stand in an
// order in which they can run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "program/alphabet.h"

namespace potlut {

struct Dims {
  int32_t h = 1, w = 1, c = 1;
  int64_t count() const { return int64_t{h} * w * c; }
  bool operator==(const Dims&) const = default;
};

// The integers that a tensor may hold. Activations have 2 to 8 bits and are stored in one byte each
// (uint8_t or int8_t); `bits` 32 (signed, stored as int32_t) is for what leaves the program: logits
// and the index of an argmax.
struct TensorType {
  uint8_t bits = 8;
  bool is_signed = false;
  int32_t lo() const {
    if (!is_signed) return 0;
    return bits == 32 ? INT32_MIN : -(int32_t{1} << (bits - 1));
  }
  int32_t hi() const {
    return bits == 32 ? INT32_MAX : (int32_t{1} << (bits - (is_signed ? 1 : 0))) - 1;
  }
  bool wide() const { return bits == 32; }
  size_t bytes() const { return wide() ? 4 : 1; }
  bool operator==(const TensorType&) const = default;
};

// Real value of integer q in channel c: q * 2^exponent * factor[c]. Scales are never used by an
// executor; they serve to print real values and to relate the program to the network it came from.
struct Tensor {
  std::string name;
  Dims dims;
  TensorType type;
  int32_t exponent = 0;
  std::vector<double> factor;  // empty (1), one value, or one a channel
  bool operator==(const Tensor&) const = default;
};

// A sliding window. Output size: (in + pads - dilation*(kernel-1) - 1) / stride + 1, rounded down.
struct Window {
  int32_t kernel_h = 1, kernel_w = 1;
  int32_t stride_h = 1, stride_w = 1;
  int32_t dilation_h = 1, dilation_w = 1;
  int32_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  bool operator==(const Window&) const = default;
};

// y = clamp(rshift(bias[o] + sum product(code, x), shift[o])), clamp to [lo, hi].
struct ConvOp {
  Window window;
  int32_t groups = 1;
  Alphabet alphabet;
  // One code a weight, [out][kernel_h][kernel_w][in/groups]; for pairs one code for channels (2i,
  // 2i+1) of the group: [out][kernel_h][kernel_w][ceil(in/groups/2)] (the second of an odd count
  // meets a zero).
  std::vector<uint8_t> codes;
  std::vector<int32_t> bias;  // [out], accumulator units
  std::vector<int8_t> shift;  // [out], -15..31
  int32_t lo = 0, hi = 255;   // within the output type; narrower where an activation is fused
  bool operator==(const ConvOp&) const = default;
};
// y = clamp(rshift((a << shift_a) + (b << shift_b), shift)). b may be 1x1xC: it is then spread over
// a's map.
struct AddOp {
  int32_t shift_a = 0, shift_b = 0, shift = 0;
  int32_t lo = 0, hi = 255;
  bool operator==(const AddOp&) const = default;
};
// y = clamp(rshift(a * b, shift)). b may be 1x1xC (a gate).
struct MulOp {
  int32_t shift = 0;
  int32_t lo = 0, hi = 255;
  bool operator==(const MulOp&) const = default;
};
// The maximum over the window; padding never wins. Same type and scale in and out. dilation is 1.
struct MaxPoolOp {
  Window window;
  bool operator==(const MaxPoolOp&) const = default;
};
// y = clamp(rshift(sum over the window, shift)); padding adds 0. dilation is 1.
struct MeanOp {
  Window window;
  int32_t shift = 0;
  int32_t lo = 0, hi = 255;
  bool operator==(const MeanOp&) const = default;
};
// y = table[x - lo(input type)], 2^bits entries, or one such table a channel one after the other.
struct LookupOp {
  bool per_channel = false;
  std::vector<int16_t> table;  // values within the output type
  bool operator==(const LookupOp&) const = default;
};
// The same integers in the same memory order under other dims.
struct ReshapeOp {
  bool operator==(const ReshapeOp&) const = default;
};
// Joins inputs of one type and scale along the channels.
struct ConcatOp {
  bool operator==(const ConcatOp&) const = default;
};
// y[i] = x[start + i * step] on each of h, w, c; steps are >= 1. The output's dims say how many.
struct SliceOp {
  int32_t start[3] = {0, 0, 0};
  int32_t step[3] = {1, 1, 1};
  bool operator==(const SliceOp&) const = default;
};
// Channel shuffle: y[..., j * groups + g] = x[..., g * (C / groups) + j].
struct ShuffleOp {
  int32_t groups = 1;
  bool operator==(const ShuffleOp&) const = default;
};
// Zeros before and after, on h, w, c.
struct PadOp {
  int32_t before[3] = {0, 0, 0};
  int32_t after[3] = {0, 0, 0};
  bool operator==(const PadOp&) const = default;
};
// Nearest neighbour by whole factors: y[i, j] = x[i / scale_h, j / scale_w].
struct ResizeOp {
  int32_t scale_h = 1, scale_w = 1;
  bool operator==(const ResizeOp&) const = default;
};
// Index (int32) of the first maximum over the channels, for each position.
struct ArgMaxOp {
  bool operator==(const ArgMaxOp&) const = default;
};

using Op = std::variant<ConvOp, AddOp, MulOp, MaxPoolOp, MeanOp, LookupOp, ReshapeOp, ConcatOp,
                        SliceOp, ShuffleOp, PadOp, ResizeOp, ArgMaxOp>;

struct Node {
  std::string name;
  Op op;
  std::vector<int32_t> inputs;  // tensor indices
  int32_t output = 0;           // tensor index
  bool operator==(const Node&) const = default;
};

struct Program {
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  int32_t input = 0;  // the raw image: 8 bits unsigned
  std::vector<int32_t> outputs;
  // Text by key, all optional: "tool", "recipe" (TOML), "source.name", "source.sha256", "classes"
  // (one a line), "preprocess" (TOML), "softmax" ("1": the source ended in a softmax that the
  // application applies).
  std::map<std::string, std::string> metadata;
  bool operator==(const Program&) const = default;
};

std::string_view OpName(const Op& op);  // "conv", "add", ...

// Output dims of a window over an input; errors: kBadInput where the window does not fit or is not
// sane.
Expected<Dims> WindowOutput(const Window& window, Dims in, int32_t out_channels);

// Reads [out][tap][in] levels back from codes: what each weight is, pairs resolved, for
// [out][kernel_h][kernel_w][in/groups]. `in_per_group` as in the node's input.
std::vector<int8_t> ExpandWeights(const ConvOp& conv, int32_t in_per_group);

// Work of one image, for tables and reports.
struct NodeCost {
  int64_t macs = 0;     // multiply-accumulates that a float network would do
  int64_t lookups = 0;  // product (or other) table look-ups
  int64_t additions = 0;
  int64_t bit_ops = 0;     // macs * weight bits * activation bits
  int64_t weights = 0;     // number of weights
  int64_t code_bytes = 0;  // stage 1: packed codes
};
NodeCost CostOf(const Program& program, const Node& node);

}  // namespace potlut
