// Coder kAns2: heads, states and the codes that travel in them.
#include "pack/ans2.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.h"
#include "pack/ans2_table.h"
#include "pack/ans_states.h"
#include "pack/bits.h"

namespace potlut {
namespace {

constexpr int kLanesBits = 3, kStateWidthBits = 4, kDataBits = 16;

// A state costs about a byte: as many as take a thousandth of the layer and, with the table, less
// than four thousandths above its entropy.
int LanesLog2For(const Ans2Cost& cost) {
  int lanes_log2 = 0;
  for (; lanes_log2 < kAns2MaxLanesLog2; ++lanes_log2) {
    const uint64_t bits = uint64_t{16} << lanes_log2;  // of twice as many
    if (bits > cost.bits / 1024 || cost.bits + bits > cost.entropy_bits + cost.entropy_bits / 256)
      break;
  }
  return lanes_log2;
}

// Codes that are stored in the states with which coding begins.
size_t CodesInStates(size_t codes, size_t lanes, int code_bits) {
  return std::min(codes, lanes * static_cast<size_t>(kDataBits / code_bits));
}

}  // namespace

std::vector<uint8_t> Ans2Encode(std::span<const uint8_t> codes, int code_bits, int alphabet_codes) {
  std::vector<uint64_t> counts(static_cast<size_t>(alphabet_codes), 0);
  for (const uint8_t code : codes) ++counts[code];
  Ans2Cost cost;
  const Ans2Table table = ChooseAns2Table(counts, &cost);
  BitWriter head;
  const bool one_code = table.codes() == 1;
  const int lanes_log2 = one_code ? 0 : LanesLog2For(cost);
  head.Put(static_cast<uint32_t>(lanes_log2), kLanesBits);
  WriteAns2Table(head, table, alphabet_codes);
  if (one_code) return head.Take();

  std::array<uint32_t, 1 << kAns2MaxLanesLog2> states;
  states.fill(kAnsLow);
  const auto state = std::span(states).first(size_t{1} << lanes_log2);
  const size_t coded = codes.size() - CodesInStates(codes.size(), state.size(), code_bits);
  for (size_t i = coded; i < codes.size(); ++i) {
    const size_t lane = (i - coded) % state.size(), place = (i - coded) / state.size();
    state[lane] |= uint32_t{codes[i]} << (place * static_cast<size_t>(code_bits));
  }
  const std::vector<uint16_t> words = AnsEncodeStates(
      codes.first(coded), Ans2Frequencies(table, alphabet_codes), table.probability_bits, state);
  for (const uint32_t x : state) {
    const int width = std::bit_width(x) - 1;
    head.Put(static_cast<uint32_t>(width - kDataBits), kStateWidthBits);
    head.Put(x, width);
  }
  Writer block;
  block.Bytes(head.Take());
  for (const uint16_t word : words) block.U16(word);
  return block.Take();
}

Status Ans2Decode(std::span<const uint8_t> block, int code_bits, int alphabet_codes,
                  std::span<uint8_t> codes, AnsIsa isa) {
  BitReader head(block);
  const int lanes_log2 = static_cast<int>(head.Get(kLanesBits));
  if (lanes_log2 > kAns2MaxLanesLog2) {
    return BadInput("2^", lanes_log2, " interleaved states, at most 2^", kAns2MaxLanesLog2,
                    " are possible");
  }
  POTLUT_ASSIGN_OR_RETURN(const Ans2Table table, ReadAns2Table(head, alphabet_codes));
  const bool one_code = table.codes() == 1;

  std::array<uint32_t, 1 << kAns2MaxLanesLog2> states;
  const auto state = std::span(states).first(one_code ? 0 : size_t{1} << lanes_log2);
  for (uint32_t& x : state) {
    const int width = kDataBits + static_cast<int>(head.Get(kStateWidthBits));
    x = 1U << width | head.Get(width);
  }
  if (head.overrun()) return BadInput("the block ends inside of its ", state.size(), " states");
  if (!head.RestOfByteIsZero()) return BadInput("padding bits after the states are not zero");
  const std::span<const uint8_t> words = block.subspan(head.bytes_used());
  if (one_code) {
    std::fill(codes.begin(), codes.end(), static_cast<uint8_t>(table.first));
    if (words.empty()) return {};
    return BadInput(words.size(), " bytes are left over after a table of one code");
  }

  const std::vector<uint32_t> frequencies = Ans2Frequencies(table, alphabet_codes);
  if (frequencies.empty()) return BadInput("all roots of frequencies are 0");
  const size_t coded = codes.size() - CodesInStates(codes.size(), state.size(), code_bits);
  POTLUT_RETURN_IF_ERROR(
      AnsDecodeStates(frequencies, table.probability_bits, state, words, codes.first(coded), isa));
  for (size_t i = coded; i < codes.size(); ++i) {
    uint32_t& x = state[(i - coded) % state.size()];
    // Below the leading bit, the first code lowest.
    const uint32_t code = x & ((1U << code_bits) - 1);
    if (code >= static_cast<uint32_t>(alphabet_codes))
      return BadInput("code ", i, " is ", code, " but the alphabet has ", alphabet_codes);
    codes[i] = static_cast<uint8_t>(code);
    x >>= code_bits;
  }
  for (size_t lane = 0; lane < state.size(); ++lane) {
    // What the codes were shifted out of must be the leading bit alone.
    const size_t places = (codes.size() - coded + state.size() - 1 - lane) / state.size();
    if (state[lane] != kAnsLow >> (places * static_cast<size_t>(code_bits)))
      return BadInput("state ", lane, " does not end where coding began: corrupt codes");
  }
  return {};
}

}  // namespace potlut
