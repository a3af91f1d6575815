// Runs integer programs on this CPU, with the reference executor's bits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/kernels/kernels.h"
#include "program/program.h"

namespace potlut {

enum class Isa { kAuto, kPortable, kAvx2, kAvx512Vnni };
std::string_view IsaName(Isa isa);  // "auto", "portable", "avx2", "avx512vnni"
Expected<Isa> ParseIsa(std::string_view name);
bool IsaAvailable(Isa isa);  // on this CPU (and compiled in)
Isa BestIsa();

// One node, or a few that run as one, ready to run: weights laid out for the instruction set.
// Immutable and shareable between threads.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Inputs and outputs as stored by the program (Tensor::type.bytes() each, HWC). Buffers need no
  // padding and are never read or written outside their size. `outputs` has outputs() entries; one
  // that nobody wants may be null where the kernel says so. The shares of one run may run at the
  // same time and write disjoint bytes; each has `scratch` of its own, of scratch_bytes() aligned
  // to 64. Any count of shares gives the same bits.
  virtual void Run(const void* const* inputs, void* const* outputs, void* scratch,
                   Share share) const = 0;
  virtual int outputs() const { return 1; }
  virtual size_t scratch_bytes() const { return 0; }  // of each share
  // All of the work on this thread, of a kernel with one output.
  void Run(const void* const* inputs, void* output, void* scratch) const {
    Run(inputs, &output, scratch, Share{});
  }
  virtual std::string_view name() const = 0;  // which implementation was chosen
};

// `node` must belong to a program that passes Validate (or be about to: its tensors are there and
// it is sound).
Expected<std::unique_ptr<Kernel>> MakeKernel(const Program& program, const Node& node,
                                             Isa isa = Isa::kAuto);

// A loaded program: kernels and a memory plan in which tensors whose lives do not overlap share
// bytes. Immutable.
class Model {
 public:
  // Errors: those of Validate; kUnsupported where `isa` is not available here.
  static Expected<std::shared_ptr<const Model>> Create(Program program, Isa isa = Isa::kAuto);
  virtual ~Model() = default;

  virtual const Program& program() const = 0;
  virtual Isa isa() const = 0;
  virtual size_t arena_bytes() const = 0;  // what a session needs
  virtual const Kernel& kernel(size_t node) const = 0;
};

// The state of one inference. A run is single-threaded and allocates nothing; work is made parallel
// by having several sessions of one model, one a thread, run at the same time.
class Session {
 public:
  // `arena`: arena_bytes() aligned to 64, owned by the caller and outliving the session; empty:
  // allocated here.
  static Expected<std::unique_ptr<Session>> Create(std::shared_ptr<const Model> model,
                                                   std::span<std::byte> arena = {});
  virtual ~Session() = default;

  // Runs one image (HWC bytes of the input's dims). Errors: kUsage where the size is not the
  // input's.
  virtual Status Run(std::span<const uint8_t> image) = 0;
  // The same, telling the nanoseconds of each node.
  virtual Status RunTimed(std::span<const uint8_t> image, std::vector<int64_t>& nanoseconds) = 0;
  // Output i of the last run, bytes as stored; unspecified before the first. Valid until the next
  // run.
  virtual std::span<const uint8_t> Output(size_t i) const = 0;
  // The same as integers, whatever the type.
  virtual std::vector<int32_t> OutputValues(size_t i) const = 0;
};

}  // namespace potlut
