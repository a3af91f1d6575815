// What one instruction set offers to the rANS decoder: whole rounds of all interleaved states.
//
// ans_avx2.cc and ans_avx512.cc are compiled with their instruction set's flags. They include
// nothing but this header and intrinsics, and all that they define but their function has internal
// linkage: an inline function of the standard library compiled there could be the copy that the
// linker keeps for everybody, and would then run on a CPU that lacks the instructions.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace potlut {

// Codes up to this many are found by comparing a slot with where each begins.
inline constexpr int kAnsNarrowCodes = 32;
// Bytes past the end of AnsTables::symbol that a gather of four bytes may read.
inline constexpr size_t kAnsSymbolPadding = 3;

struct AnsTables {
  int codes;             // of the alphabet, at least 1
  int probability_bits;  // P, at most 14
  // Per code: where its slots start, and how many it has; for at most kAnsNarrowCodes codes there
  // are kAnsNarrowCodes entries, those past the alphabet starting at 2^P.
  const uint16_t* start;
  const uint16_t* frequency;
  // Per slot of 2^P: frequency | (slot - start) << 16, and the code. Null where the kernel needs
  // none.
  const uint32_t* step;
  const uint8_t* symbol;
};

// Between two rounds: states (each in [2^16, 2^32)), words not yet read, room for codes.
struct AnsCursor {
  uint32_t* state;
  const uint8_t* words;
  const uint8_t* words_end;
  uint8_t* out;
  uint8_t* out_end;
};

// Decodes rounds of `lanes` codes while there is room for one and 2 * lanes bytes of words are
// left, or none at all where this instruction set has nothing better than the portable rounds.
using AnsRounds = void (*)(const AnsTables& tables, int lanes, AnsCursor& cursor);

struct AnsKernel {
  AnsRounds rounds;
  int narrow_codes;  // for at most so many codes it needs no tables per slot
  int lanes;         // it has something better from so many states on
};

extern const AnsKernel kAnsPortable;
extern const AnsKernel kAnsAvx2;
extern const AnsKernel kAnsAvx512;

}  // namespace potlut
