// Models: steps, their kernels, and into how many shares each is worth cutting.
#include <algorithm>
#include <new>
#include <utility>

#include "base/text.h"
#include "engine/isa.h"
#include "engine/model_impl.h"
#include "engine/pick.h"
#include "engine/thread_pool.h"
#include "program/validate.h"

namespace potlut {
namespace {

// What a step takes, very roughly: multiply-accumulates at a quarter of the widest machine's pace,
// and bytes.
int64_t RoughCycles(const Program& program, const Step& step) {
  int64_t cycles = 0;
  for (const int32_t n : step.nodes)
    cycles += CostOf(program, program.nodes[static_cast<size_t>(n)]).macs / 64;
  for (const auto* tensors : {&step.inputs, &step.outputs}) {
    for (const int32_t t : *tensors) {
      if (t >= 0) cycles += program.tensors[static_cast<size_t>(t)].dims.count() / 16;
    }
  }
  return cycles;
}

}  // namespace

Status ModelImpl::Prepare(const ModelOptions& options) {
  isa_ = options.isa == Isa::kAuto ? BestIsa() : options.isa;
  const KernelTable* table = KernelsOf(isa_);
  if (table == nullptr) return Status(NoSuchIsa(isa_));
  steps_ = FuseProgram(program_);
  host_.assign(program_.nodes.size(), -1);
  step_.assign(program_.nodes.size(), 0);
  for (size_t s = 0; s < steps_.size(); ++s) {
    const Step& step = steps_[s];
    for (const int32_t n : step.nodes) host_[static_cast<size_t>(n)] = step.nodes[0];
    step_[static_cast<size_t>(step.nodes[0])] = s;
    const Node& node = program_.nodes[static_cast<size_t>(step.nodes[0])];
    kernels_.push_back(step.conv.conv != nullptr
                           ? PickConv(program_, step.conv, *table, options.measure)
                           : MakeNode(NodeView(program_, node), *table));
    const int64_t shares = RoughCycles(program_, step) / std::max<int64_t>(options.share_cycles, 1);
    most_shares_.push_back(
        static_cast<int32_t>(std::clamp<int64_t>(shares, 1, ThreadPool::kMaxThreads)));
  }
  return {};
}

Layout ModelImpl::PlanFor(int32_t threads) const {
  std::vector<size_t> scratch;
  std::vector<int32_t> count;
  for (size_t s = 0; s < steps_.size(); ++s) {
    scratch.push_back(kernels_[s]->scratch_bytes());
    count.push_back(shares(s, threads));
  }
  return PlanLayout(program_, steps_, scratch, count);
}

Expected<std::shared_ptr<const Model>> Model::Create(Program program, const ModelOptions& options) {
  POTLUT_RETURN_IF_ERROR(Validate(program));
  try {
    auto model = std::make_shared<ModelImpl>(std::move(program));
    POTLUT_RETURN_IF_ERROR(model->Prepare(options));
    return std::shared_ptr<const Model>(std::move(model));
  } catch (const std::bad_alloc&) {
    return ResourceLimit("not enough memory to prepare the model");
  }
}

Expected<std::shared_ptr<const Model>> Model::Create(Program program, Isa isa) {
  return Create(std::move(program), ModelOptions{isa});
}

}  // namespace potlut
