// Which of the ways to run a convolution is taken.
#pragma once

#include <span>

#include "engine/kernel_factory.h"

namespace potlut {

// One way to run a convolution, with what is fused into it, on the kernels of `table`.
struct ConvWay {
  const char* name;
  bool (*fits)(const Program& program, const FusedConv& fused, const KernelTable& table);
  // A rough estimate for one thread, in cycles.
  double (*cycles)(const Program& program, const FusedConv& fused, const KernelTable& table);
  KernelPtr (*make)(const Program& program, const FusedConv& fused, const KernelTable& table);
};

// All of them; the first fits everything.
std::span<const ConvWay> ConvWays();

// The way of the least estimate or, with `measure`, the one that was quickest when run a few times.
// Throws std::bad_alloc only.
KernelPtr PickConv(const Program& program, const FusedConv& fused, const KernelTable& table,
                   bool measure);

}  // namespace potlut
