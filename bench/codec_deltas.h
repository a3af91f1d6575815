// What an update costs: a network against itself with some of its codes moved.
#pragma once

#include "program/program.h"

namespace potlut::bench {

struct DeltaCost {
  int64_t weights = 0, moved = 0, bytes = 0;
};

// Moves one code in a hundred, chosen by `seed`, to a neighbouring level (pairs: the next code),
// and makes the delta between the two files. Errors: those of Pack, MakeDelta and ApplyDelta;
// kFailed where applying the delta does not give the new file.
Expected<DeltaCost> MeasureDelta(const Program& program, uint64_t seed);

}  // namespace potlut::bench
