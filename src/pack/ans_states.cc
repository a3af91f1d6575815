// Interleaved rANS: has the best kernel decode whole rounds, and decodes the rest code by code.
#include "pack/ans_states.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "pack/ans_kernels.h"

namespace potlut {
namespace {

uint32_t LoadU16(const uint8_t* p) { return uint32_t{p[0]} | uint32_t{p[1]} << 8; }

#if defined(POTLUT_X86_KERNELS)
// These ask the operating system's register state (XCR0) too.
bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt"); }
bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2") && HasAvx2();
}
#endif

// For so many states. Null where the instruction set is not available.
const AnsKernel* KernelOf(AnsIsa isa, int lanes) {
  switch (isa) {
    case AnsIsa::kAuto:
      for (const AnsIsa best : {AnsIsa::kAvx512, AnsIsa::kAvx2}) {
        if (const AnsKernel* kernel = KernelOf(best, lanes)) return kernel;
      }
      return &kAnsPortable;
    case AnsIsa::kPortable:
      return &kAnsPortable;
#if defined(POTLUT_X86_KERNELS)
    case AnsIsa::kAvx2:
      return HasAvx2() ? &kAnsAvx2 : nullptr;
    case AnsIsa::kAvx512:
      if (!HasAvx512()) return nullptr;
      return lanes < kAnsAvx512.lanes ? &kAnsAvx2 : &kAnsAvx512;  // these have AVX2, too
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

AnsTables MakeTables(std::span<const uint32_t> frequencies, int probability_bits, bool by_slot,
                     TableMemory& memory) {
  const size_t codes = frequencies.size();
  uint32_t sum = 0;
  for (size_t s = 0; s < memory.start.size(); ++s) {
    const uint32_t f = s < codes ? frequencies[s] : 0;
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
    if (x >= kAnsLow) continue;
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

bool AnsIsaAvailable(AnsIsa isa) { return KernelOf(isa, 1) != nullptr; }

std::vector<uint16_t> AnsEncodeStates(std::span<const uint8_t> codes,
                                      std::span<const uint32_t> frequencies, int probability_bits,
                                      std::span<uint32_t> state) {
  std::vector<uint32_t> start(frequencies.size());
  uint32_t sum = 0;
  for (size_t s = 0; s < start.size(); ++s) {
    start[s] = sum;
    sum += frequencies[s];
  }
  // Backwards, so that the decoder goes forwards.
  const size_t lane_mask = state.size() - 1;
  std::vector<uint16_t> words;
  for (size_t i = codes.size(); i-- > 0;) {
    uint32_t& x = state[i & lane_mask];
    const uint32_t f = frequencies[codes[i]];
    if (x >= uint64_t{f} << (32 - probability_bits)) {
      words.push_back(static_cast<uint16_t>(x));
      x >>= 16;
    }
    x = ((x / f) << probability_bits) + x % f + start[codes[i]];
  }
  std::reverse(words.begin(), words.end());
  return words;
}

Status AnsDecodeStates(std::span<const uint32_t> frequencies, int probability_bits,
                       std::span<uint32_t> state, std::span<const uint8_t> words,
                       std::span<uint8_t> codes, AnsIsa isa) {
  const auto lanes = static_cast<int>(state.size());
  const AnsKernel& kernel = *KernelOf(isa, lanes);
  const bool by_slot =
      static_cast<int>(frequencies.size()) > kernel.narrow_codes || lanes < kernel.lanes;
  TableMemory memory;
  const AnsTables tables = MakeTables(frequencies, probability_bits, by_slot, memory);
  AnsCursor cursor{state.data(), words.data(), words.data() + words.size(), codes.data(),
                   codes.data() + codes.size()};
  kernel.rounds(tables, lanes, cursor);
  if (by_slot) kAnsPortable.rounds(tables, lanes, cursor);
  if (!DecodeRest(tables, state.size(), cursor))
    return BadInput("the coded words end before ", codes.size(), " codes are decoded");
  if (cursor.words < cursor.words_end)
    return BadInput(cursor.words_end - cursor.words, " bytes are left over after the last code");
  return {};
}

}  // namespace potlut
