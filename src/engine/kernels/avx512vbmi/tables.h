// What AVX-512 VBMI adds to the avx512vnni table, where the CPU has it.
#pragma once

#include "engine/kernels/kernels.h"

namespace potlut {

void Avx512VbmiLookup(const LookupParams& p, const uint8_t* in, int64_t bytes, uint8_t* out);

}  // namespace potlut
