// Convolution by register tiles that read the rows of the map in place (DirectParams).
#pragma once

#include "engine/conv_tail.h"
#include "engine/kernel_factory.h"

namespace potlut {

// Whether `table` has such a kernel and it can run this convolution: one group, at most kDirectRuns
// rows in a window.
bool DirectFits(const Program& program, const FusedConv& fused, const KernelTable& table);

// A rough estimate of one thread's cycles, for choosing between kernels. Needs DirectFits.
double DirectCycles(const Program& program, const FusedConv& fused, const KernelTable& table);

// Inputs and outputs as in FusedConv. Needs DirectFits; throws std::bad_alloc only.
KernelPtr MakeDirect(const Program& program, const FusedConv& fused, const KernelTable& table);

}  // namespace potlut
