// From the name of an instruction set to its kernels.
#pragma once

#include "engine/engine.h"
#include "engine/kernels/kernels.h"

namespace potlut {

// The table of an instruction set; kAuto is the best one. Null where it is not available here.
const KernelTable* KernelsOf(Isa isa);

}  // namespace potlut
