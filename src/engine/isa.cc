// Run-time dispatch: what this CPU and its operating system support, out of what was compiled in.
#include "engine/isa.h"

#include "base/text.h"

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
  }
  return "unknown";
}

Expected<Isa> ParseIsa(std::string_view name) {
  for (const Isa isa : {Isa::kAuto, Isa::kPortable, Isa::kAvx2, Isa::kAvx512Vnni}) {
    if (name == IsaName(isa)) return isa;
  }
  return UsageError("unknown instruction set '", name, "'; use auto, portable, avx2 or avx512vnni");
}

bool IsaAvailable(Isa isa) { return KernelsOf(isa) != nullptr; }

Isa BestIsa() {
  for (const Isa isa : {Isa::kAvx512Vnni, Isa::kAvx2}) {
    if (IsaAvailable(isa)) return isa;
  }
  return Isa::kPortable;
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
    default:
      return nullptr;
  }
}

}  // namespace potlut
