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

enum class Isa { kAuto, kPortable, kAvx2, kAvx512Vnni, kNeon, kNeonDot };
std::string_view IsaName(Isa isa);  // "auto", "portable", "avx2", "avx512vnni", "neon", "neondot"
std::span<const Isa> AllIsas();     // but kAuto: of every processor, the best of each last
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

struct ModelOptions {
  Isa isa = Isa::kAuto;
  // Chooses each convolution's kernel by a short measurement, not by the cost model. Results are
  // equal either way.
  bool measure = false;
  // What a share of a step has at least, in estimated cycles: less is not worth another thread's
  // attention.
  int64_t share_cycles = 3000;
};

// A loaded program: kernels and a memory plan in which tensors whose lives do not overlap share
// bytes. Immutable.
class Model {
 public:
  // Errors: those of Validate; kUnsupported where the instruction set is not available here.
  static Expected<std::shared_ptr<const Model>> Create(Program program, Isa isa = Isa::kAuto);
  static Expected<std::shared_ptr<const Model>> Create(Program program,
                                                       const ModelOptions& options);
  virtual ~Model() = default;

  virtual const Program& program() const = 0;
  virtual Isa isa() const = 0;
  // What a session needs, by the threads of its pool (1 to ThreadPool::kMaxThreads).
  virtual size_t arena_bytes(int32_t threads) const = 0;
  size_t arena_bytes() const { return arena_bytes(1); }
  // The node in whose step a node runs: itself, or the convolution that it is fused into. Reshapes
  // run nowhere (-1): their output lies where their input does.
  virtual int32_t host(size_t node) const = 0;
  // The kernel of a node that hosts itself; null for others.
  virtual const Kernel* kernel(size_t node) const = 0;
};

class ThreadPool;  // thread_pool.h

// The state of one inference. A run allocates nothing. Work is made parallel by having several
// sessions of one model, one a thread, run at the same time, or by giving a session a pool.
class Session {
 public:
  // `arena`: arena_bytes(threads of the pool) aligned to 64, owned by the caller and outliving the
  // session; empty: allocated here. `pool`: whose threads help in each run; null: none do. Sessions
  // that run at the same time may have one pool in common.
  static Expected<std::unique_ptr<Session>> Create(std::shared_ptr<const Model> model,
                                                   std::span<std::byte> arena = {},
                                                   std::shared_ptr<ThreadPool> pool = nullptr);
  virtual ~Session() = default;

  // Runs one image (HWC bytes of the input's dims). Errors: kUsage where the size is not the
  // input's.
  virtual Status Run(std::span<const uint8_t> image) = 0;
  // The same, telling the nanoseconds of each node: of its step at the step's host, 0 at the
  // others.
  virtual Status RunTimed(std::span<const uint8_t> image, std::vector<int64_t>& nanoseconds) = 0;
  // Output i of the last run, bytes as stored; unspecified before the first. Valid until the next
  // run.
  virtual std::span<const uint8_t> Output(size_t i) const = 0;
  // The same as integers, whatever the type.
  virtual std::vector<int32_t> OutputValues(size_t i) const = 0;
};

}  // namespace potlut
