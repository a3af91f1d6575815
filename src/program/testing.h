// Builds small programs in tests.
#pragma once

#include <random>
#include <utility>
#include <vector>

#include "base/text.h"
#include "program/program.h"

namespace potlut::testing {

// A program of one input and a chain or net of nodes appended by hand.
class Builder {
 public:
  explicit Builder(Dims input) { program_.tensors.push_back({"input", input, {8, false}, 0, {}}); }

  // Appends a node that writes a new tensor; returns the tensor's index.
  int32_t Add(Op op, std::vector<int32_t> inputs, Dims dims, TensorType type) {
    const auto index = static_cast<int32_t>(program_.tensors.size());
    const std::string name = Cat("t", index);
    program_.tensors.push_back({name, dims, type, 0, {}});
    program_.nodes.push_back({name, std::move(op), std::move(inputs), index});
    program_.outputs = {index};
    return index;
  }
  Program& program() { return program_; }

 private:
  Program program_;
};

// A convolution with random codes over `alphabet`, biases and shifts that fit any 8-bit input.
inline ConvOp RandomConv(std::mt19937& rng, const Window& window, int32_t in, int32_t out,
                         int32_t groups, const Alphabet& alphabet, TensorType type) {
  ConvOp conv;
  conv.window = window;
  conv.groups = groups;
  conv.alphabet = alphabet;
  const int32_t per_group = in / groups;
  const int32_t per_tap = alphabet.is_pair() ? (per_group + 1) / 2 : per_group;
  conv.codes.resize(static_cast<size_t>(out) * static_cast<size_t>(window.kernel_h) *
                    static_cast<size_t>(window.kernel_w) * static_cast<size_t>(per_tap));
  for (uint8_t& code : conv.codes)
    code = static_cast<uint8_t>(rng() % static_cast<unsigned>(alphabet.codes()));
  for (int32_t o = 0; o < out; ++o) {
    conv.bias.push_back(static_cast<int32_t>(rng() % 4001) - 2000);
    conv.shift.push_back(static_cast<int8_t>(rng() % 12));
  }
  conv.lo = type.lo();
  conv.hi = type.hi();
  return conv;
}

}  // namespace potlut::testing
