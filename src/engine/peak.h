// What a core could do at most: the yardstick of `potlut bench --layers`.
#pragma once

#include "engine/engine.h"

namespace potlut {

// Multiply-accumulates a second of an instruction set's fastest exact instructions, operands in
// registers, on this thread: the best of several short loops, some milliseconds in all. 0 where the
// instruction set is not available.
double MeasurePeak(Isa isa);

}  // namespace potlut
