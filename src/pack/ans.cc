// Coder kAns: the encoder.
#include "pack/ans.h"

#include <array>

#include "pack/ans_states.h"
#include "pack/ans_table.h"
#include "pack/bits.h"

namespace potlut {
namespace {

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

  std::vector<uint32_t> frequencies = table.frequencies;
  for (uint32_t& f : frequencies) f <<= probability_bits - table.precision;
  std::array<uint32_t, 1 << kAnsMaxLanesLog2> states;
  states.fill(kAnsLow);
  const auto state = std::span(states).first(size_t{1} << lanes_log2);
  const std::vector<uint16_t> words = AnsEncodeStates(codes, frequencies, probability_bits, state);

  Writer block;
  block.Bytes(head.Take());
  for (const uint32_t x : state) block.U32(x);
  for (const uint16_t word : words) block.U16(word);
  return block.Take();
}

}  // namespace potlut
