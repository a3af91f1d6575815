// Convolution of 3x3 windows by Winograd's minimal filtering, in exact integers (WinogradParams).
#pragma once

#include "engine/conv_tail.h"
#include "engine/kernel_factory.h"

namespace potlut {

// Whether `table` has such a kernel and it is exact for this convolution: one group, 3x3, stride
// and dilation 1, bytes out, within the bounds of winograd_weights.h; transformed weights of at
// most 12 MiB.
bool WinogradFits(const Program& program, const FusedConv& fused, const KernelTable& table);

// A rough estimate of one thread's cycles, for choosing between kernels. Needs WinogradFits.
double WinogradCycles(const Program& program, const FusedConv& fused, const KernelTable& table);

// Inputs and outputs as in FusedConv. Needs WinogradFits; throws std::bad_alloc only.
KernelPtr MakeWinograd(const Program& program, const FusedConv& fused, const KernelTable& table);

// The same with tiles of 2 or 4 outputs along each axis; null where that does not fit.
KernelPtr MakeWinogradOfTile(const Program& program, const FusedConv& fused,
                             const KernelTable& table, int32_t tile);

}  // namespace potlut
