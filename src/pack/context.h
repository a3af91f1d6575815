// Coder kContext: adaptive binary arithmetic coding of one layer's codes, for size (docs/format.md,
// section 5).
//
// A code is split into decisions: first its class (how far its level lies from zero), down a binary
// tree, then which member of the class it is (the sign). The probability of each decision is a sum,
// squashed by the logistic function: adaptive weights looked up by contexts (neighbours in the
// kernel, the scale expected from row, column and kernel, the channel's shift) and adaptive weights
// times numbers (the same scales; a value predicted from neighbours). All weights learn from the
// coding error, as in logistic mixing (M. Mahoney's PAQ; for networks, DeepCABAC by S. Wiedemann et
// al., arXiv:1907.11900). Integers only: the same bytes on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "program/alphabet.h"

namespace potlut {

// Where the codes stand: [out][kernel_h][kernel_w][per_tap].
struct ContextLayout {
  int32_t out = 1, kernel_h = 1, kernel_w = 1;
  int32_t per_tap = 1;             // input channels of a group, or pairs of them
  std::span<const int8_t> shifts;  // [out], or nothing: coded before the codes, they help a little
};

// Codes (each below alphabet.codes()) to a block; deterministic. Nothing for no codes.
std::vector<uint8_t> ContextEncode(std::span<const uint8_t> codes, const ContextLayout& layout,
                                   const Alphabet& alphabet);

// A block to exactly codes.size() codes. Errors: kBadInput (text without place) where the layout
// does not have codes.size() codes, or the block does not hold exactly them. Time and memory are
// those of codes.size() codes, whatever the block.
Status ContextDecode(std::span<const uint8_t> block, const ContextLayout& layout,
                     const Alphabet& alphabet, std::span<uint8_t> codes);

}  // namespace potlut
