// Coder kAns: interleaved static rANS over one layer's codes (docs/format.md, section 5).
//
// States of 32 bits in [2^16, 2^32), renormalised by 16-bit words. Code i belongs to state i mod N;
// the encoder chooses 1, 4 or 32 of them by the layer's size, so that small layers do not pay for
// many. Source of the method: J. Duda, "Asymmetric numeral systems" (arXiv:1311.2540);
// interleaving: F. Giesen, "Interleaved entropy coders" (arXiv:1402.3392).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace potlut {

inline constexpr int kAnsMaxLanesLog2 = 5;

// Codes (at least one, each below `alphabet_codes`) to a block; deterministic.
std::vector<uint8_t> AnsEncode(std::span<const uint8_t> codes, int code_bits, int alphabet_codes);

// Instruction sets to decode with; all give the same codes and accept the same blocks.
enum class AnsIsa { kAuto, kPortable, kAvx2, kAvx512 };
std::string_view AnsIsaName(AnsIsa isa);
// Compiled in, and this CPU and its operating system have it.
bool AnsIsaAvailable(AnsIsa isa);

// A block to exactly codes.size() codes; every byte of the block is accounted for. `isa` must be
// available. Errors: kBadInput (text without place).
Status AnsDecode(std::span<const uint8_t> block, int code_bits, int alphabet_codes,
                 std::span<uint8_t> codes, AnsIsa isa = AnsIsa::kAuto);

}  // namespace potlut
