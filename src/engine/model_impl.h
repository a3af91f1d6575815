// A model as sessions see it.
#pragma once

#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/fuse.h"
#include "engine/kernel_factory.h"
#include "engine/layout.h"

namespace potlut {

class ModelImpl : public Model {
 public:
  explicit ModelImpl(Program program) : program_(std::move(program)) {}
  Status Prepare(const ModelOptions& options);

  const Program& program() const override { return program_; }
  Isa isa() const override { return isa_; }
  size_t arena_bytes(int32_t threads) const override { return PlanFor(threads).bytes; }
  int32_t host(size_t node) const override { return host_[node]; }
  const Kernel* kernel(size_t node) const override {
    return host_[node] == static_cast<int32_t>(node) ? kernels_[step_[node]].get() : nullptr;
  }

  const std::vector<Step>& steps() const { return steps_; }
  const Kernel& step_kernel(size_t step) const { return *kernels_[step]; }
  // Into how many shares a step is cut for a team; one where sharing costs more than it gives.
  int32_t shares(size_t step, int32_t team) const {
    return most_shares_[step] < team ? most_shares_[step] : team;
  }
  Layout PlanFor(int32_t threads) const;

 private:
  Program program_;  // not moved or changed once there are steps, which point into it
  Isa isa_ = Isa::kAuto;
  std::vector<Step> steps_;
  std::vector<KernelPtr> kernels_;  // of each step
  std::vector<int32_t> most_shares_;
  std::vector<int32_t> host_;  // of each node
  std::vector<size_t> step_;   // of each node that hosts itself
};

}  // namespace potlut
