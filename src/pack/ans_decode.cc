// Coder kAns: reads a block's head and has its codes decoded.
#include <array>

#include "base/text.h"
#include "pack/ans.h"
#include "pack/ans_states.h"
#include "pack/ans_table.h"
#include "pack/bits.h"

namespace potlut {
namespace {

uint32_t LoadU32(const uint8_t* p) {
  return uint32_t{p[0]} | uint32_t{p[1]} << 8 | uint32_t{p[2]} << 16 | uint32_t{p[3]} << 24;
}

}  // namespace

Status AnsDecode(std::span<const uint8_t> block, int code_bits, int alphabet_codes,
                 std::span<uint8_t> codes, AnsIsa isa) {
  BitReader head(block);
  const int lanes_log2 = static_cast<int>(head.Get(3));
  if (lanes_log2 > kAnsMaxLanesLog2) {
    return BadInput("2^", lanes_log2, " interleaved states, at most 2^", kAnsMaxLanesLog2,
                    " are possible");
  }
  const int probability_bits = AnsProbabilityBits(code_bits);
  POTLUT_ASSIGN_OR_RETURN(
      const AnsTable table,
      ReadAnsTable(head, static_cast<size_t>(alphabet_codes), probability_bits));
  if (!head.RestOfByteIsZero())
    return BadInput("padding bits after the frequency table are not zero");
  std::span<const uint8_t> rest = block.subspan(head.bytes_used());

  std::array<uint32_t, 1 << kAnsMaxLanesLog2> state;
  const size_t lanes = size_t{1} << lanes_log2;
  if (rest.size() < 4 * lanes) return BadInput("the block ends inside of its ", lanes, " states");
  for (size_t lane = 0; lane < lanes; ++lane, rest = rest.subspan(4)) {
    state[lane] = LoadU32(rest.data());
    if (state[lane] < kAnsLow) return BadInput("state ", lane, " is below ", kAnsLow);
  }

  std::vector<uint32_t> frequencies = table.frequencies;
  for (uint32_t& f : frequencies) f <<= probability_bits - table.precision;
  POTLUT_RETURN_IF_ERROR(AnsDecodeStates(frequencies, probability_bits,
                                         std::span(state).first(lanes), rest, codes, isa));
  for (size_t lane = 0; lane < lanes; ++lane) {
    if (state[lane] != kAnsLow)
      return BadInput("state ", lane, " does not end where coding began: corrupt codes");
  }
  return {};
}

}  // namespace potlut
