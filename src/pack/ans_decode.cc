// Interleaved rANS: reads a block's head, has the best kernel decode whole rounds, and decodes the
// rest code by code.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "pack/ans.h"
#include "pack/ans_kernels.h"
#include "pack/ans_table.h"
#include "pack/bits.h"

namespace potlut {
namespace {

constexpr uint32_t kLow = 1U << 16;  // states lie in [kLow, 2^32); coding begins and ends at kLow

uint32_t LoadU16(const uint8_t* p) { return uint32_t{p[0]} | uint32_t{p[1]} << 8; }

#if defined(POTLUT_X86_KERNELS)
// These ask the operating system's register state (XCR0) too.
bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt"); }
bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2") &&
         __builtin_cpu_supports("popcnt");
}
#endif

// Null where the instruction set is not available.
const AnsKernel* KernelOf(AnsIsa isa) {
  switch (isa) {
    case AnsIsa::kAuto:
      for (const AnsIsa best : {AnsIsa::kAvx512, AnsIsa::kAvx2}) {
        if (const AnsKernel* kernel = KernelOf(best)) return kernel;
      }
      return &kAnsPortable;
    case AnsIsa::kPortable:
      return &kAnsPortable;
#if defined(POTLUT_X86_KERNELS)
    case AnsIsa::kAvx2:
      return HasAvx2() ? &kAnsAvx2 : nullptr;
    case AnsIsa::kAvx512:
      return HasAvx512() ? &kAnsAvx512 : nullptr;
#endif
    default:
      return nullptr;
  }
}

// The arrays behind AnsTables.
struct TableMemory {
  std::array<uint16_t, 256> start;
  std::array<uint16_t, 256> frequency;
  std::vector<uint32_t> step;
  std::vector<uint8_t> symbol;
};

AnsTables MakeTables(const AnsTable& table, int probability_bits, bool by_slot,
                     TableMemory& memory) {
  const size_t codes = table.frequencies.size();
  const int scale = probability_bits - table.precision;
  uint32_t sum = 0;
  for (size_t s = 0; s < memory.start.size(); ++s) {
    const uint32_t f = s < codes ? table.frequencies[s] << scale : 0;
    memory.start[s] = static_cast<uint16_t>(sum);
    memory.frequency[s] = static_cast<uint16_t>(f);
    sum += f;
  }
  AnsTables t{static_cast<int>(codes), probability_bits, memory.start.data(),
              memory.frequency.data(), nullptr,          nullptr};
  if (!by_slot) return t;
  const size_t slots = size_t{1} << probability_bits;
  memory.step.resize(slots);
  memory.symbol.resize(slots + kAnsSymbolPadding);
  for (size_t s = 0; s < codes; ++s) {
    const uint32_t f = memory.frequency[s];
    uint32_t* const step = memory.step.data() + memory.start[s];
    for (uint32_t i = 0; i < f; ++i) step[i] = f | i << 16;
    std::fill_n(memory.symbol.begin() + memory.start[s], f, static_cast<uint8_t>(s));
  }
  t.step = memory.step.data();
  t.symbol = memory.symbol.data();
  return t;
}

uint8_t CodeAt(const AnsTables& t, uint32_t slot) {
  if (t.symbol != nullptr) return t.symbol[slot];
  const uint16_t* const after =
      std::upper_bound(t.start, t.start + t.codes, static_cast<uint16_t>(slot));
  return static_cast<uint8_t>(after - t.start - 1);
}

// What is left after whole rounds. False where the words run out.
bool DecodeRest(const AnsTables& t, size_t lanes, AnsCursor& cursor) {
  const uint32_t mask = (1U << t.probability_bits) - 1;
  for (size_t lane = 0; cursor.out < cursor.out_end; lane = (lane + 1) & (lanes - 1)) {
    uint32_t& x = cursor.state[lane];
    const uint32_t slot = x & mask;
    const uint8_t code = CodeAt(t, slot);
    *cursor.out++ = code;
    x = t.frequency[code] * (x >> t.probability_bits) + slot - t.start[code];
    if (x >= kLow) continue;
    if (cursor.words_end - cursor.words < 2) return false;
    x = x << 16 | LoadU16(cursor.words);
    cursor.words += 2;
  }
  return true;
}

}  // namespace

std::string_view AnsIsaName(AnsIsa isa) {
  switch (isa) {
    case AnsIsa::kAuto:
      return "auto";
    case AnsIsa::kPortable:
      return "portable";
    case AnsIsa::kAvx2:
      return "avx2";
    case AnsIsa::kAvx512:
      return "avx512";
  }
  return "unknown";
}

bool AnsIsaAvailable(AnsIsa isa) { return KernelOf(isa) != nullptr; }

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
    state[lane] = LoadU16(rest.data()) | LoadU16(rest.data() + 2) << 16;
    if (state[lane] < kLow) return BadInput("state ", lane, " is below ", kLow);
  }

  const AnsKernel& kernel = *KernelOf(isa);
  const bool by_slot =
      kernel.narrow_codes < alphabet_codes || static_cast<int>(lanes) < kernel.narrow_lanes;
  TableMemory memory;
  const AnsTables tables = MakeTables(table, probability_bits, by_slot, memory);
  AnsCursor cursor{state.data(), rest.data(), rest.data() + rest.size(), codes.data(),
                   codes.data() + codes.size()};
  kernel.rounds(tables, static_cast<int>(lanes), cursor);
  if (by_slot) kAnsPortable.rounds(tables, static_cast<int>(lanes), cursor);
  if (!DecodeRest(tables, lanes, cursor))
    return BadInput("the coded words end before ", codes.size(), " codes are decoded");
  if (cursor.words < cursor.words_end)
    return BadInput(cursor.words_end - cursor.words, " bytes are left over after the last code");
  for (size_t lane = 0; lane < lanes; ++lane) {
    if (state[lane] != kLow)
      return BadInput("state ", lane, " does not end where coding began: corrupt codes");
  }
  return {};
}

}  // namespace potlut
