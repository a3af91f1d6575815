// Choice between coders, and dispatch by id.
#include "pack/coder.h"

#include <array>
#include <cmath>

#include "base/text.h"
#include "pack/ans.h"
#include "pack/bits.h"

namespace potlut {
namespace {

Status DecodeRaw(std::span<const uint8_t> block, const Alphabet& alphabet,
                 std::span<uint8_t> codes) {
  const uint64_t expected = PackedBytes(codes.size(), alphabet.bits);
  if (block.size() != expected) {
    return BadInput(codes.size(), " raw codes of ", alphabet.bits, " bits take ", expected,
                    " bytes, not ", block.size());
  }
  if (!UnpackCodes(block, alphabet.bits, codes))
    return BadInput("padding bits after the last code are not zero");
  const int valid = alphabet.codes();
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] >= valid)
      return BadInput("code ", i, " is ", int{codes[i]}, " but the alphabet has ", valid);
  }
  return {};
}

}  // namespace

CodedLayer EncodeCodes(std::span<const uint8_t> codes, const Alphabet& alphabet,
                       const PackOptions& options, uint64_t max_codes_per_byte) {
  CodedLayer raw{CoderId::kRaw, PackCodes(codes, alphabet.bits)};
  if (!options.entropy_code || codes.empty()) return raw;
  CodedLayer ans{CoderId::kAns, AnsEncode(codes, alphabet.bits, alphabet.codes())};
  if (codes.size() / ans.block.size() >= max_codes_per_byte) return raw;
  return ans.block.size() < raw.block.size() ? ans : raw;
}

Status DecodeCodes(uint8_t coder_id, std::span<const uint8_t> block, const Alphabet& alphabet,
                   std::span<uint8_t> codes) {
  switch (coder_id) {
    case static_cast<uint8_t>(CoderId::kRaw):
      return DecodeRaw(block, alphabet, codes);
    case static_cast<uint8_t>(CoderId::kAns):
      return AnsDecode(block, alphabet.bits, alphabet.codes(), codes);
    default:
      return Unsupported("coder ", int{coder_id}, " is unknown; use a newer potlut");
  }
}

double OrderZeroEntropy(std::span<const uint8_t> codes) {
  std::array<uint64_t, 256> counts{};
  for (const uint8_t code : codes) ++counts[code];
  double bits = 0;
  for (const uint64_t c : counts) {
    if (c > 0)
      bits += static_cast<double>(c) *
              std::log2(static_cast<double>(codes.size()) / static_cast<double>(c));
  }
  return codes.empty() ? 0 : bits / static_cast<double>(codes.size());
}

}  // namespace potlut
