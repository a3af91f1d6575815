// Stage 2: one layer's codes as a block of bytes, by a coder's id.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/plut.h"

namespace potlut {

struct CodedLayer {
  CoderId coder = CoderId::kRaw;
  std::vector<uint8_t> block;
};

// The smaller of the allowed coders' blocks; kRaw where they are equal. A coder is passed over
// where its block would be smaller than codes / max_codes_per_byte.
CodedLayer EncodeCodes(std::span<const uint8_t> codes, const Alphabet& alphabet,
                       const PackOptions& options, uint64_t max_codes_per_byte = UINT64_MAX);

// Errors: kUnsupported for an unknown id; kBadInput where the block does not hold exactly
// codes.size() codes of the alphabet.
Status DecodeCodes(uint8_t coder_id, std::span<const uint8_t> block, const Alphabet& alphabet,
                   std::span<uint8_t> codes);

// Order-0 entropy in bits a code; 0 for no codes.
double OrderZeroEntropy(std::span<const uint8_t> codes);

}  // namespace potlut
