// Interleaved rANS: encoder, and a decoder without branches on data.
#include "pack/ans.h"

#include <algorithm>
#include <array>

#include "base/text.h"
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

uint32_t LoadU16(const uint8_t* p) { return uint32_t{p[0]} | uint32_t{p[1]} << 8; }

// Indexed by the low bits of a state.
struct DecodeTables {
  std::vector<uint32_t> step;  // frequency | (slot - start) << 16
  std::vector<uint8_t> symbol;
};

DecodeTables MakeDecodeTables(const AnsTable& table, int probability_bits) {
  DecodeTables t;
  t.step.resize(size_t{1} << probability_bits);
  t.symbol.resize(size_t{1} << probability_bits);
  size_t slot = 0;
  for (size_t s = 0; s < table.frequencies.size(); ++s) {
    const uint32_t f = table.frequencies[s] << (probability_bits - table.precision);
    for (uint32_t i = 0; i < f; ++i, ++slot) {
      t.step[slot] = f | i << 16;
      t.symbol[slot] = static_cast<uint8_t>(s);
    }
  }
  return t;
}

// Decodes codes[i] from state i mod kLanes. Returns how many bytes of `words` were read; more than
// there are where the words ran out.
template <int kLanes, int kProbabilityBits>
size_t DecodeLanes(const DecodeTables& tables, std::span<const uint8_t> words, uint32_t* state,
                   std::span<uint8_t> codes) {
  const uint32_t* const step = tables.step.data();
  const uint8_t* const symbol = tables.symbol.data();
  constexpr uint32_t kMask = (1U << kProbabilityBits) - 1;
  const uint8_t* p = words.data();
  const uint8_t* const end = p + words.size();
  uint8_t* out = codes.data();
  uint8_t* const out_end = out + codes.size();
  std::array<uint32_t, kLanes> x;
  std::copy(state, state + kLanes, x.begin());

  // Each code takes at most one word, so a whole round may read without looking.
  while (out_end - out >= kLanes && end - p >= 2 * kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint32_t slot = x[lane] & kMask;
      const uint32_t entry = step[slot];
      out[lane] = symbol[slot];
      const uint32_t next = (entry & 0xFFFF) * (x[lane] >> kProbabilityBits) + (entry >> 16);
      const uint32_t refilled = next << 16 | LoadU16(p);
      const bool low = next < kLow;
      x[lane] = low ? refilled : next;
      p += low ? 2 : 0;
    }
    out += kLanes;
  }
  size_t missing = 0;
  for (int lane = 0; out < out_end; lane = (lane + 1) % kLanes) {
    const uint32_t slot = x[lane] & kMask;
    const uint32_t entry = step[slot];
    *out++ = symbol[slot];
    x[lane] = (entry & 0xFFFF) * (x[lane] >> kProbabilityBits) + (entry >> 16);
    if (x[lane] < kLow) {
      if (end - p < 2) {
        missing = 2;
        break;
      }
      x[lane] = x[lane] << 16 | LoadU16(p);
      p += 2;
    }
  }
  std::copy(x.begin(), x.end(), state);
  return static_cast<size_t>(p - words.data()) + missing;
}

template <int kProbabilityBits>
size_t Decode(int lanes_log2, const DecodeTables& tables, std::span<const uint8_t> words,
              uint32_t* state, std::span<uint8_t> codes) {
  switch (lanes_log2) {
    case 0:
      return DecodeLanes<1, kProbabilityBits>(tables, words, state, codes);
    case 1:
      return DecodeLanes<2, kProbabilityBits>(tables, words, state, codes);
    case 2:
      return DecodeLanes<4, kProbabilityBits>(tables, words, state, codes);
    case 3:
      return DecodeLanes<8, kProbabilityBits>(tables, words, state, codes);
    case 4:
      return DecodeLanes<16, kProbabilityBits>(tables, words, state, codes);
    default:
      return DecodeLanes<32, kProbabilityBits>(tables, words, state, codes);
  }
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

Status AnsDecode(std::span<const uint8_t> block, int code_bits, int alphabet_codes,
                 std::span<uint8_t> codes) {
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
    state[lane] = LoadU16(rest.data()) | LoadU16(rest.data() + 2) << 16;
    if (state[lane] < kLow) return BadInput("state ", lane, " is below ", kLow);
  }
  const DecodeTables tables = MakeDecodeTables(table, probability_bits);
  const size_t used = probability_bits == 12
                          ? Decode<12>(lanes_log2, tables, rest, state.data(), codes)
                          : Decode<14>(lanes_log2, tables, rest, state.data(), codes);
  if (used > rest.size())
    return BadInput("the coded words end before ", codes.size(), " codes are decoded");
  if (used < rest.size())
    return BadInput(rest.size() - used, " bytes are left over after the last code");
  for (size_t lane = 0; lane < lanes; ++lane) {
    if (state[lane] != kLow)
      return BadInput("state ", lane, " does not end where coding began: corrupt codes");
  }
  return {};
}

}  // namespace potlut
