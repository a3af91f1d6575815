// Interleaved rANS: the encoder.
#include "pack/ans.h"

#include <array>

#include "pack/ans_table.h"
#include "pack/bits.h"

namespace potlut {
namespace {

constexpr uint32_t kLow = 1U << 16;  // states lie in [kLow, 2^32); coding begins and ends at kLow

// Each state costs about three bytes: as many as a layer can pay for with well below half a
// percent.
int LanesLog2For(size_t codes, int code_bits) {
  const uint64_t packed = PackedBytes(codes, code_bits);
  return packed < 6144 ? 0 : packed < 49152 ? 2 : 5;
}

}  // namespace

std::vector<uint8_t> AnsEncode(std::span<const uint8_t> codes, int code_bits, int alphabet_codes) {
  std::vector<uint64_t> counts(static_cast<size_t>(alphabet_codes), 0);
  for (const uint8_t code : codes) ++counts[code];
  const int probability_bits = AnsProbabilityBits(code_bits);
  const AnsTable table = ChooseAnsTable(counts, probability_bits);
  const int lanes_log2 = LanesLog2For(codes.size(), code_bits);
  BitWriter head;
  head.Put(static_cast<uint32_t>(lanes_log2), 3);
  WriteAnsTable(head, table);

  std::vector<uint32_t> frequency(table.frequencies.size()), start(table.frequencies.size());
  uint32_t sum = 0;
  for (size_t s = 0; s < frequency.size(); ++s) {
    frequency[s] = table.frequencies[s] << (probability_bits - table.precision);
    start[s] = sum;
    sum += frequency[s];
  }
  // Backwards, so that the decoder goes forwards.
  std::array<uint32_t, 1 << kAnsMaxLanesLog2> state;
  state.fill(kLow);
  const size_t lane_mask = (size_t{1} << lanes_log2) - 1;
  std::vector<uint16_t> words;
  for (size_t i = codes.size(); i-- > 0;) {
    uint32_t& x = state[i & lane_mask];
    const uint32_t f = frequency[codes[i]];
    if (x >= uint64_t{f} << (32 - probability_bits)) {
      words.push_back(static_cast<uint16_t>(x));
      x >>= 16;
    }
    x = ((x / f) << probability_bits) + x % f + start[codes[i]];
  }

  Writer block;
  block.Bytes(head.Take());
  for (size_t lane = 0; lane <= lane_mask; ++lane) block.U32(state[lane]);
  for (size_t i = words.size(); i-- > 0;) block.U16(words[i]);
  return block.Take();
}

}  // namespace potlut
