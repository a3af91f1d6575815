// Stage 2: one layer's codes as a block of bytes, by a coder's id.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/format.h"
#include "pack/plut.h"

namespace potlut {

struct CodedLayer {
  CoderId coder = CoderId::kRaw;
  std::vector<uint8_t> block;
};

// Of version 1: the smaller of raw and ans; kRaw where they are equal. Ans is passed over where its
// block would be smaller than codes / max_codes_per_byte.
CodedLayer EncodeCodes1(const ConvOp& conv, const PackOptions& options,
                        uint64_t max_codes_per_byte = UINT64_MAX);

// Codes that are not raw, against what readers of version 2 take (format.h).
class CodeBudget {
 public:
  bool Allows(uint64_t codes, uint64_t block_bytes) const {
    return codes <= kCodesPerByte * block_bytes || codes - kCodesPerByte * block_bytes <= spare_;
  }
  // Counts a layer in. False, and nothing counted, where that would be too much.
  bool Take(uint64_t codes, uint64_t block_bytes) {
    if (!Allows(codes, block_bytes)) return false;
    if (codes > kCodesPerByte * block_bytes) spare_ -= codes - kCodesPerByte * block_bytes;
    return true;
  }

 private:
  uint64_t spare_ = kCodesBase;
};

// Of version 2: the coder that the effort asks for (plut.h); ties go to the faster one. Coders that
// the budget forbids are passed over.
// `conv` tells the layer's shape and shifts; `codes` are of `alphabet` (of a layered file: the
// coarse one).
CodedLayer EncodeCodes2(const ConvOp& conv, const Alphabet& alphabet,
                        std::span<const uint8_t> codes, const PackOptions& options,
                        CodeBudget& budget);

// Decodes the block of a layer of which all but the codes is known. Errors: kUnsupported for an id
// that `version` has not; kBadInput where the block does not hold exactly codes.size() codes of the
// alphabet.
Status DecodeCodes(int version, uint8_t coder_id, std::span<const uint8_t> block,
                   const ConvOp& conv, const Alphabet& alphabet, std::span<uint8_t> codes);

// What is told of the layer at `node`, whose codes are there.
LayerBytes BytesOf(const Program& program, size_t node, CoderId coder, uint64_t bytes);

// Order-0 entropy in bits a code; 0 for no codes.
double OrderZeroEntropy(std::span<const uint8_t> codes);

}  // namespace potlut
