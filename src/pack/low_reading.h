// Layered codes: a coarse code that stands alone, and what refines it to the fine one.
//
// A fine level f of a channel is read coarsely as k * 2^drop, k the level of the coarse alphabet
// that is nearest; so the accumulator shrinks by 2^drop, the shift by `drop`, and the bias is
// rounded likewise. Every alphabet of single levels nests in this way: the fine codes of one coarse
// code are its children, and a refinement says which of them it was.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace potlut {

struct LowReading {
  bool layered = false;  // false: the codes are read as they are
  Alphabet alphabet;
  std::vector<uint8_t> drop;        // [out], 0..kMaxDrop
  std::vector<int32_t> correction;  // [out], added to the rounded bias

  static constexpr int kMaxDrop = 7;
};

// parent[code of `fine`] = code of `coarse` (the nearest; of two, the one nearer to zero).
using ParentMap = std::array<uint8_t, 256>;
ParentMap ParentsOf(const Alphabet& fine, const Alphabet& coarse, int drop);

// Whether a layer of that alphabet has a reading of `low_bits`: 3 to 7 bits of single levels, more
// than low_bits.
bool HasLowReading(const Alphabet& alphabet, int low_bits);

// The coarse alphabet, for each channel the drop of least squared error, and corrections from
// `input_means` ([in] averages of the layer's input; empty: none). Errors: kUnsupported where there
// is no alphabet of so few bits.
Expected<LowReading> MakeLowReading(const ConvOp& conv, int32_t in_per_group, int low_bits,
                                    std::span<const double> input_means);

// Those of all convolutions of a program, in the order of the nodes; none where low_bits is 0.
// `input_means` by node, then input channel; empty ones are none. Errors: kUsage where no layer has
// such a reading or means have another size; what makes the low reading no valid program.
Expected<std::vector<LowReading>> LowReadingsOf(
    const Program& program, int low_bits, const std::vector<std::vector<double>>& input_means);

// Errors: kUsage where `bits` is not 0 and some layer's reading has other bits.
Status CheckLowBits(std::span<const LowReading> readings, int bits);

// Codes of one output channel at one filter tap, where a layer has so many.
size_t PerTap(const ConvOp& conv, size_t codes);

// Codes as the low reading has them.
std::vector<uint8_t> BaseCodes(const ConvOp& conv, const LowReading& low);

// Turns a layer whose codes are base codes into the low reading. Errors: kBadInput where shifts or
// biases leave their range.
Status ApplyLowReading(ConvOp& conv, const LowReading& low);

}  // namespace potlut
