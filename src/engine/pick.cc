// Estimates and measures the ways to run a convolution.
#include "engine/pick.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <vector>

#include "engine/aligned.h"
#include "engine/depthwise_kernel.h"
#include "engine/direct_kernel.h"
#include "engine/winograd_kernel.h"

namespace potlut {
namespace {

constexpr ConvWay kWays[] = {
    {"gemm", [](const Program&, const FusedConv&, const KernelTable&) { return true; }, GemmCycles,
     MakeGemm},
    {"direct", DirectFits, DirectCycles, MakeDirect},
    {"depthwise", DepthwiseFits, DepthwiseCycles, MakeDepthwise},
    {"winograd", WinogradFits, WinogradCycles, MakeWinograd},
};

// Ways whose estimate is so many times the best one's are not measured.
constexpr double kHopeless = 4;
constexpr int kRuns = 5;
// More than a core's own caches hold: a layer finds its weights outside, since others ran before.
constexpr size_t kEvictBytes = 4 << 20;

// Any bytes that the tensor may hold.
AlignedArray<uint8_t> SomeBytes(const Tensor& t, std::minstd_rand& random) {
  const size_t count = static_cast<size_t>(t.dims.count());
  AlignedArray<uint8_t> bytes = MakeAligned<uint8_t>(count * t.type.bytes());
  const uint32_t mask = (uint32_t{1} << std::min<int>(t.type.bits, 8)) - 1;
  for (size_t i = 0; i < count * t.type.bytes(); ++i) {
    const int32_t v = static_cast<int32_t>((random() >> 8) & mask);
    bytes[i] = static_cast<uint8_t>(t.type.is_signed ? v + t.type.lo() : v);
  }
  return bytes;
}

// The least time of a few runs of a kernel, in seconds.
class Stopwatch {
 public:
  Stopwatch(const Program& program, const FusedConv& fused) {
    std::minstd_rand random(1);
    for (const int32_t t : {fused.input(), fused.residual()}) Add(program, t, random, inputs_);
    for (const int32_t t : {fused.first(), fused.second()}) Add(program, t, random, outputs_);
  }

  double Least(const Kernel& kernel) const {
    const AlignedArray<uint8_t> scratch = MakeAligned<uint8_t>(kernel.scratch_bytes());
    double least = 1e9;
    for (int i = 0; i < kRuns; ++i) {
      std::memset(evict_.get(), i, kEvictBytes);
      const auto begin = std::chrono::steady_clock::now();
      kernel.Run(inputs_.data(), outputs_.data(), scratch.get(), {});
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
      least = std::min(least, time.count());
    }
    return least;
  }

 private:
  template <typename Pointers>
  void Add(const Program& program, int32_t tensor, std::minstd_rand& random, Pointers& pointers) {
    if (tensor < 0) {
      pointers.push_back(nullptr);
      return;
    }
    memory_.push_back(SomeBytes(program.tensors[static_cast<size_t>(tensor)], random));
    pointers.push_back(memory_.back().get());
  }

  AlignedArray<uint8_t> evict_ = MakeAligned<uint8_t>(kEvictBytes);
  std::vector<AlignedArray<uint8_t>> memory_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
};

}  // namespace

std::span<const ConvWay> ConvWays() { return kWays; }

KernelPtr PickConv(const Program& program, const FusedConv& fused, const KernelTable& table,
                   bool measure) {
  struct Candidate {
    const ConvWay* way;
    double cycles;
  };
  std::vector<Candidate> candidates;
  for (const ConvWay& way : kWays) {
    if (way.fits(program, fused, table))
      candidates.push_back({&way, way.cycles(program, fused, table)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.cycles < b.cycles; });
  const double best = candidates.front().cycles;
  std::erase_if(candidates, [&](const Candidate& c) { return c.cycles > kHopeless * best; });
  if (!measure || candidates.size() == 1) {
    return candidates.front().way->make(program, fused, table);
  }
  const Stopwatch watch(program, fused);
  KernelPtr quickest;
  double least = 0;
  for (const Candidate& c : candidates) {
    KernelPtr kernel = c.way->make(program, fused, table);
    const double time = watch.Least(*kernel);
    if (quickest != nullptr && time >= least) continue;
    least = time;
    quickest = std::move(kernel);
  }
  return quickest;
}

}  // namespace potlut
