// What a network returned, as real values and as classes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "program/program.h"

namespace potlut::cli {

// The values of one output for one image.
struct OutputValues {
  std::vector<int64_t> shape;   // {c} or {h, w, c}
  std::vector<double> real;     // dequantised
  std::vector<int32_t> stored;  // the integers of a program; empty for float networks
};

// What the numbers of an output are.
enum class OutputKind {
  kScores,         // one value a class, before any softmax
  kProbabilities,  // the network ends in its softmax
  kIndex,          // an argmax: the class itself
};

// The `k` best classes, best first, the lower index first where they are equal; an index gives
// itself.
std::vector<int32_t> TopK(OutputKind kind, const OutputValues& output, size_t k);
// Probabilities of the classes; empty for an index.
std::vector<double> Probabilities(OutputKind kind, const OutputValues& output);
// The class's name, else its number.
std::string ClassName(const std::vector<std::string>& classes, int32_t index);

// Real values of a tensor's stored bytes: q * 2^exponent * factor.
std::vector<double> Dequantise(const Tensor& tensor, std::span<const uint8_t> stored);
std::vector<int32_t> StoredIntegers(const Tensor& tensor, std::span<const uint8_t> stored);

}  // namespace potlut::cli
