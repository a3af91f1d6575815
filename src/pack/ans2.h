// Coder kAns2: interleaved static rANS over one layer's codes (docs/format.md, section 5).
//
// As coder kAns but for what it costs beside the codes: the table is of square roots
// (ans2_table.h), states are stored without their leading zeros, and the last codes travel in the
// states with which coding begins. There are up to 64 states, by the layer's size.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/ans.h"

namespace potlut {

inline constexpr int kAns2MaxLanesLog2 = 6;

// Codes (at least one, each below `alphabet_codes`) to a block; deterministic.
std::vector<uint8_t> Ans2Encode(std::span<const uint8_t> codes, int code_bits, int alphabet_codes);

// A block to exactly codes.size() codes, at least one; every byte of the block is accounted for.
// `isa` must be available. Errors: kBadInput (text without place).
Status Ans2Decode(std::span<const uint8_t> block, int code_bits, int alphabet_codes,
                  std::span<uint8_t> codes, AnsIsa isa = AnsIsa::kAuto);

}  // namespace potlut
