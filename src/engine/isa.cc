// Run-time dispatch: what this CPU and its operating system support, out of what was compiled in.
#include "engine/isa.h"

#include "base/text.h"

#if defined(POTLUT_ARM_KERNELS)
#include <sys/auxv.h>
#endif

namespace potlut {
namespace {

#if defined(POTLUT_X86_KERNELS)
// These ask the operating system's register state (XCR0) too.
bool HasAvx2() { return __builtin_cpu_supports("avx2"); }
bool HasAvx512Vnni() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}
#endif
#if defined(POTLUT_ARM_KERNELS)
// HWCAP_ASIMDDP of Linux: sdot and udot.
bool HasNeonDot() { return (getauxval(AT_HWCAP) >> 20 & 1) != 0; }
#endif

constexpr Isa kIsas[] = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512Vnni, Isa::kNeon, Isa::kNeonDot};

}  // namespace

std::string_view IsaName(Isa isa) {
  switch (isa) {
    case Isa::kAuto:
      return "auto";
    case Isa::kPortable:
      return "portable";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512Vnni:
      return "avx512vnni";
    case Isa::kNeon:
      return "neon";
    case Isa::kNeonDot:
      return "neondot";
  }
  return "unknown";
}

Expected<Isa> ParseIsa(std::string_view name) {
  if (name == IsaName(Isa::kAuto)) return Isa::kAuto;
  for (const Isa isa : kIsas) {
    if (name == IsaName(isa)) return isa;
  }
  return UsageError("unknown instruction set '", name,
                    "'; use auto, portable, avx2, avx512vnni, neon or neondot");
}

std::span<const Isa> AllIsas() { return kIsas; }

bool IsaAvailable(Isa isa) { return KernelsOf(isa) != nullptr; }

Isa BestIsa() {
  Isa best = Isa::kPortable;
  for (const Isa isa : kIsas) {
    if (IsaAvailable(isa)) best = isa;
  }
  return best;
}

const KernelTable* KernelsOf(Isa isa) {
  switch (isa) {
    case Isa::kAuto:
      return KernelsOf(BestIsa());
    case Isa::kPortable:
      return &kPortableKernels;
#if defined(POTLUT_X86_KERNELS)
    case Isa::kAvx2:
      return HasAvx2() ? &kAvx2Kernels : nullptr;
    case Isa::kAvx512Vnni:
      return HasAvx512Vnni() ? &kAvx512VnniKernels : nullptr;
#endif
#if defined(POTLUT_ARM_KERNELS)
    case Isa::kNeon:  // every 64-bit Arm has it
      return &kNeonKernels;
    case Isa::kNeonDot:
      return HasNeonDot() ? &kNeonDotKernels : nullptr;
#endif
    default:
      return nullptr;
  }
}

}  // namespace potlut
