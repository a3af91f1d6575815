// Models and sessions: kernels, the memory plan, and running them in order.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "base/text.h"
#include "engine/aligned.h"
#include "engine/engine.h"
#include "engine/isa.h"
#include "engine/plan.h"
#include "program/validate.h"

namespace potlut {
namespace {

// Where everything of a session lies in its arena.
struct Layout {
  std::vector<size_t>
      tensor;  // offset of each tensor; a reshape's output lies where its input does
  std::vector<size_t> scratch;  // offset of each node's scratch
  size_t bytes = 0;
};

size_t BytesOf(const Tensor& t) { return static_cast<size_t>(t.dims.count()) * t.type.bytes(); }

Layout PlanLayout(const Program& program, const std::vector<std::unique_ptr<Kernel>>& kernels) {
  const size_t tensors = program.tensors.size(), nodes = program.nodes.size();
  // Tensors that hold the same bytes share the buffer of the first of them.
  std::vector<size_t> root(tensors);
  std::vector<Buffer> buffers(tensors + nodes);
  const int32_t end = static_cast<int32_t>(nodes);
  for (size_t t = 0; t < tensors; ++t) root[t] = t;
  const size_t input = static_cast<size_t>(program.input);
  buffers[input] = {BytesOf(program.tensors[input]), -1, -1};
  for (size_t n = 0; n < nodes; ++n) {
    const Node& node = program.nodes[n];
    const int32_t step = static_cast<int32_t>(n);
    const size_t out = static_cast<size_t>(node.output);
    for (const int32_t i : node.inputs) buffers[root[static_cast<size_t>(i)]].last = step;
    if (std::holds_alternative<ReshapeOp>(node.op)) {
      root[out] = root[static_cast<size_t>(node.inputs[0])];
    } else {
      buffers[out] = {BytesOf(program.tensors[out]), step, step};
    }
    buffers[tensors + n] = {kernels[n]->scratch_bytes(), step, step};
  }
  for (const int32_t t : program.outputs) buffers[root[static_cast<size_t>(t)]].last = end;

  // Empty buffers (reshapes, nodes without scratch) need no place.
  std::vector<Buffer> real;
  std::vector<size_t> index;
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (buffers[i].bytes == 0) continue;
    real.push_back(buffers[i]);
    index.push_back(i);
  }
  const Placement placement = PlaceBuffers(real);
  std::vector<size_t> offset(buffers.size(), 0);
  for (size_t i = 0; i < real.size(); ++i) offset[index[i]] = placement.offset[i];

  Layout layout;
  layout.bytes = placement.bytes;
  for (size_t t = 0; t < tensors; ++t) layout.tensor.push_back(offset[root[t]]);
  for (size_t n = 0; n < nodes; ++n) layout.scratch.push_back(offset[tensors + n]);
  return layout;
}

class ModelImpl : public Model {
 public:
  ModelImpl(Program program, Isa isa) : program_(std::move(program)), isa_(isa) {}

  Status Prepare() {
    for (const Node& node : program_.nodes) {
      POTLUT_ASSIGN_OR_RETURN(auto kernel, MakeKernel(program_, node, isa_));
      kernels_.push_back(std::move(kernel));
    }
    layout_ = PlanLayout(program_, kernels_);
    return {};
  }

  const Program& program() const override { return program_; }
  Isa isa() const override { return isa_; }
  size_t arena_bytes() const override { return layout_.bytes; }
  const Kernel& kernel(size_t node) const override { return *kernels_[node]; }
  const Layout& layout() const { return layout_; }

 private:
  Program program_;
  Isa isa_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  Layout layout_;
};

class SessionImpl : public Session {
 public:
  // `arena` is large enough and aligned.
  SessionImpl(std::shared_ptr<const ModelImpl> model, AlignedArray<uint8_t> owned, uint8_t* arena)
      : model_(std::move(model)), owned_(std::move(owned)), arena_(arena) {
    const Program& program = model_->program();
    for (size_t n = 0; n < program.nodes.size(); ++n) {
      const Node& node = program.nodes[n];
      steps_.push_back({&model_->kernel(n), inputs_.size(), At(node.output),
                        arena_ + model_->layout().scratch[n]});
      for (const int32_t i : node.inputs) inputs_.push_back(At(i));
    }
  }

  Status Run(std::span<const uint8_t> image) override {
    POTLUT_RETURN_IF_ERROR(TakeImage(image));
    for (const Step& s : steps_) RunStep(s);
    return {};
  }

  Status RunTimed(std::span<const uint8_t> image, std::vector<int64_t>& nanoseconds) override {
    using Clock = std::chrono::steady_clock;
    POTLUT_RETURN_IF_ERROR(TakeImage(image));
    nanoseconds.clear();
    for (const Step& s : steps_) {
      const auto begin = Clock::now();
      RunStep(s);
      nanoseconds.push_back(
          std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
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
  struct Step {
    const Kernel* kernel;
    size_t first_input;  // in inputs_
    void* output;
    void* scratch;
  };

  uint8_t* At(int32_t tensor) const {
    return arena_ + model_->layout().tensor[static_cast<size_t>(tensor)];
  }

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

  void RunStep(const Step& s) const {
    s.kernel->Run(inputs_.data() + s.first_input, s.output, s.scratch);
  }

  std::shared_ptr<const ModelImpl> model_;
  AlignedArray<uint8_t> owned_;
  uint8_t* arena_;
  std::vector<Step> steps_;
  std::vector<const void*> inputs_;  // of all steps, one after the other
};

}  // namespace

Expected<std::shared_ptr<const Model>> Model::Create(Program program, Isa isa) {
  POTLUT_RETURN_IF_ERROR(Validate(program));
  try {
    auto model =
        std::make_shared<ModelImpl>(std::move(program), isa == Isa::kAuto ? BestIsa() : isa);
    POTLUT_RETURN_IF_ERROR(model->Prepare());
    return std::shared_ptr<const Model>(std::move(model));
  } catch (const std::bad_alloc&) {
    return ResourceLimit("not enough memory to prepare the model");
  }
}

Expected<std::unique_ptr<Session>> Session::Create(std::shared_ptr<const Model> model,
                                                   std::span<std::byte> arena) {
  // Model::Create is the only maker of models.
  auto impl = std::static_pointer_cast<const ModelImpl>(std::move(model));
  if (impl == nullptr) return UsageError("a session needs a model");
  const size_t bytes = impl->arena_bytes();
  try {
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
    std::unique_ptr<Session> session =
        std::make_unique<SessionImpl>(std::move(impl), std::move(owned), place);
    return session;
  } catch (const std::bad_alloc&) {
    return ResourceLimit("not enough memory for a session: its arena takes ", bytes, " bytes");
  }
}

}  // namespace potlut
