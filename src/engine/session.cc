// Sessions: an arena, and the steps of a model run in it.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "base/text.h"
#include "engine/aligned.h"
#include "engine/model_impl.h"
#include "engine/thread_pool.h"

namespace potlut {
namespace {

class SessionImpl : public Session, private StepWork {
 public:
  // `arena` is large enough for `layout` and aligned.
  SessionImpl(std::shared_ptr<const ModelImpl> model, const Layout& layout,
              AlignedArray<uint8_t> owned, uint8_t* arena, std::shared_ptr<ThreadPool> pool)
      : model_(std::move(model)),
        owned_(std::move(owned)),
        arena_(arena),
        tensor_(layout.tensor),
        pool_(std::move(pool)) {
    for (size_t s = 0; s < model_->steps().size(); ++s) {
      const Step& step = model_->steps()[s];
      steps_.push_back({&model_->step_kernel(s), inputs_.size(), outputs_.size(),
                        arena_ + layout.scratch[s], layout.scratch_stride[s]});
      for (const int32_t t : step.inputs) inputs_.push_back(At(t));
      for (const int32_t t : step.outputs) outputs_.push_back(t < 0 ? nullptr : At(t));
    }
    ended_.resize(steps_.size());
  }

  Status Run(std::span<const uint8_t> image) override {
    POTLUT_RETURN_IF_ERROR(TakeImage(image));
    timed_ = false;
    RunSteps();
    return {};
  }

  Status RunTimed(std::span<const uint8_t> image, std::vector<int64_t>& nanoseconds) override {
    POTLUT_RETURN_IF_ERROR(TakeImage(image));
    timed_ = true;
    auto begin = Clock::now();
    RunSteps();
    nanoseconds.assign(model_->program().nodes.size(), 0);
    for (size_t s = 0; s < steps_.size(); ++s) {
      nanoseconds[static_cast<size_t>(model_->steps()[s].nodes[0])] =
          std::chrono::duration_cast<std::chrono::nanoseconds>(ended_[s] - begin).count();
      begin = ended_[s];
    }
    return {};
  }

  std::span<const uint8_t> Output(size_t i) const override {
    const Program& program = model_->program();
    if (i >= program.outputs.size()) return {};
    const int32_t t = program.outputs[i];
    return {At(t), BytesOf(program.tensors[static_cast<size_t>(t)])};
  }

  std::vector<int32_t> OutputValues(size_t i) const override {
    const std::span<const uint8_t> bytes = Output(i);
    if (bytes.empty()) return {};
    const Program& program = model_->program();
    const TensorType type = program.tensors[static_cast<size_t>(program.outputs[i])].type;
    std::vector<int32_t> values(bytes.size() / type.bytes());
    if (type.wide()) {
      std::memcpy(values.data(), bytes.data(), bytes.size());
    } else if (type.is_signed) {
      std::transform(bytes.begin(), bytes.end(), values.begin(),
                     [](uint8_t b) { return static_cast<int8_t>(b); });
    } else {
      std::copy(bytes.begin(), bytes.end(), values.begin());
    }
    return values;
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct Place {
    const Kernel* kernel;
    size_t first_input, first_output;  // in inputs_ and outputs_
    uint8_t* scratch;                  // of the first share
    size_t scratch_stride;
  };

  uint8_t* At(int32_t tensor) const { return arena_ + tensor_[static_cast<size_t>(tensor)]; }

  Status TakeImage(std::span<const uint8_t> image) {
    const Program& program = model_->program();
    const Tensor& input = program.tensors[static_cast<size_t>(program.input)];
    if (image.size() != BytesOf(input)) {
      return UsageError("the image has ", image.size(), " bytes, but the model reads ",
                        input.dims.h, "x", input.dims.w, "x", input.dims.c, " = ", BytesOf(input),
                        " bytes");
    }
    std::memcpy(At(program.input), image.data(), image.size());
    return {};
  }

  void RunSteps() {
    if (pool_ != nullptr) return pool_->Run(*this);
    for (int32_t s = 0; s < steps(); ++s) {
      RunShare(s, {});
      StepDone(s);
    }
  }

  int32_t steps() const override { return static_cast<int32_t>(steps_.size()); }
  int32_t shares(int32_t step, int32_t team) const override {
    return model_->shares(static_cast<size_t>(step), team);
  }
  void RunShare(int32_t step, Share share) override {
    const Place& p = steps_[static_cast<size_t>(step)];
    p.kernel->Run(inputs_.data() + p.first_input, outputs_.data() + p.first_output,
                  p.scratch + static_cast<size_t>(share.index) * p.scratch_stride, share);
  }
  void StepDone(int32_t step) override {
    if (timed_) ended_[static_cast<size_t>(step)] = Clock::now();
  }

  std::shared_ptr<const ModelImpl> model_;
  AlignedArray<uint8_t> owned_;
  uint8_t* arena_;
  std::vector<size_t> tensor_;  // offsets
  std::shared_ptr<ThreadPool> pool_;
  std::vector<Place> steps_;
  std::vector<const void*> inputs_;  // of all steps, one after the other
  std::vector<void*> outputs_;
  std::vector<Clock::time_point> ended_;  // of each step in a timed run
  bool timed_ = false;
};

}  // namespace

Expected<std::unique_ptr<Session>> Session::Create(std::shared_ptr<const Model> model,
                                                   std::span<std::byte> arena,
                                                   std::shared_ptr<ThreadPool> pool) {
  // Model::Create is the only maker of models.
  auto impl = std::static_pointer_cast<const ModelImpl>(std::move(model));
  if (impl == nullptr) return UsageError("a session needs a model");
  try {
    const Layout layout = impl->PlanFor(pool == nullptr ? 1 : pool->threads());
    const size_t bytes = layout.bytes;
    AlignedArray<uint8_t> owned;
    uint8_t* place = reinterpret_cast<uint8_t*>(arena.data());
    if (arena.empty()) {
      owned = MakeAligned<uint8_t>(bytes);
      place = owned.get();
    } else if (arena.size() < bytes) {
      return UsageError("the arena has ", arena.size(), " bytes; this model's sessions need ",
                        bytes);
    } else if (reinterpret_cast<uintptr_t>(place) % kAlignment != 0) {
      return UsageError("the arena must be aligned to ", kAlignment, " bytes");
    }
    return std::unique_ptr<Session>(std::make_unique<SessionImpl>(
        std::move(impl), layout, std::move(owned), place, std::move(pool)));
  } catch (const std::bad_alloc&) {
    return ResourceLimit("not enough memory for a session");
  }
}

}  // namespace potlut
