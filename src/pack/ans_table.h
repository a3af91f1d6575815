// Frequency tables of the rANS coder: normalisation, storage, and the arrays that decoding reads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/bits.h"

namespace potlut {

// log2 of the total that frequencies have while coding: more where an alphabet may have more than
// 32 codes.
constexpr int AnsProbabilityBits(int code_bits) { return code_bits <= 5 ? 12 : 14; }
inline constexpr int kAnsMinPrecision = 6;

// How the table is stored: frequencies that sum to 2^precision, each but the last as a Rice code
// with parameter `rice`. For coding they are scaled up to 2^AnsProbabilityBits.
struct AnsTable {
  int precision = 0;
  int rice = 0;
  std::vector<uint32_t> frequencies;  // one a code of the alphabet
};

// The table with which `counts` (total at least 1) take the fewest bits, table included. Integer
// arithmetic only: every machine chooses the same. `probability_bits` as above.
AnsTable ChooseAnsTable(std::span<const uint64_t> counts, int probability_bits);

void WriteAnsTable(BitWriter& writer, const AnsTable& table);
// Errors (kBadInput, text without place): precision outside of its range, sum passed, stream ended.
Expected<AnsTable> ReadAnsTable(BitReader& reader, size_t codes, int probability_bits);

// log2(v) in 1/65536, v >= 1; truncated, the same on every machine.
uint32_t Log2Fixed(uint32_t v);

}  // namespace potlut
