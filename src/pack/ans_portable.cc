// Rounds of interleaved rANS in plain C++, without branches on data.
#include <array>

#include "pack/ans_kernels.h"

namespace potlut {
namespace {

constexpr uint32_t kLow = 1U << 16;

uint32_t LoadU16(const uint8_t* p) { return uint32_t{p[0]} | uint32_t{p[1]} << 8; }

template <int kLanes, int kProbabilityBits>
void Rounds(const AnsTables& tables, AnsCursor& cursor) {
  const uint32_t* const step = tables.step;
  const uint8_t* const symbol = tables.symbol;
  constexpr uint32_t kMask = (1U << kProbabilityBits) - 1;
  const uint8_t* p = cursor.words;
  const uint8_t* const end = cursor.words_end;
  uint8_t* out = cursor.out;
  uint8_t* const out_end = cursor.out_end;
  std::array<uint32_t, kLanes> x;
  for (int lane = 0; lane < kLanes; ++lane) x[lane] = cursor.state[lane];
  // Each code takes at most one word, so a whole round may read without looking.
  while (out_end - out >= kLanes && end - p >= 2 * kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint32_t slot = x[lane] & kMask;
      const uint32_t entry = step[slot];
      out[lane] = symbol[slot];
      const uint32_t next = (entry & 0xFFFF) * (x[lane] >> kProbabilityBits) + (entry >> 16);
      // Arithmetic, not a condition: compilers that branch here lose half of the speed.
      const uint32_t low = next < kLow;
      x[lane] = next << (16 * low) | (LoadU16(p) & (0U - low));
      p += 2 * low;
    }
    out += kLanes;
  }
  for (int lane = 0; lane < kLanes; ++lane) cursor.state[lane] = x[lane];
  cursor.words = p;
  cursor.out = out;
}

template <int kProbabilityBits>
void RoundsOf(const AnsTables& tables, int lanes, AnsCursor& cursor) {
  switch (lanes) {
    case 1:
      return Rounds<1, kProbabilityBits>(tables, cursor);
    case 2:
      return Rounds<2, kProbabilityBits>(tables, cursor);
    case 4:
      return Rounds<4, kProbabilityBits>(tables, cursor);
    case 8:
      return Rounds<8, kProbabilityBits>(tables, cursor);
    case 16:
      return Rounds<16, kProbabilityBits>(tables, cursor);
    case 64:
      return Rounds<64, kProbabilityBits>(tables, cursor);
    default:
      return Rounds<32, kProbabilityBits>(tables, cursor);
  }
}

void PortableRounds(const AnsTables& tables, int lanes, AnsCursor& cursor) {
  if (tables.probability_bits == 12) return RoundsOf<12>(tables, lanes, cursor);
  RoundsOf<14>(tables, lanes, cursor);
}

}  // namespace

const AnsKernel kAnsPortable = {PortableRounds, 0, 1};

}  // namespace potlut
