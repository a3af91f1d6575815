// Programs run kernel by kernel with a buffer for each tensor; float networks ask for every value.
#include "cli/tensors.h"

#include <cstdlib>

#include "base/text.h"
#include "graph/executor.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "pack/plut.h"
#include "program/reference.h"
#include "program/validate.h"
#include "quant/quantize.h"

namespace potlut::cli {
namespace {

std::string DimsText(int32_t h, int32_t w, int32_t c) {
  return h == 1 && w == 1 ? Cat(c) : Cat(h, "x", w, "x", c);
}

std::string ScaleText(const Tensor& tensor) {
  std::string text = Cat(tensor.exponent);
  for (const double factor : tensor.factor) text += Cat(" ", factor);
  return text;
}

struct FreeMemory {
  void operator()(void* p) const { std::free(p); }
};

class PlutTensors : public TensorSource {
 public:
  Status Load(const std::string& path, const ClassifierOptions& options) {
    POTLUT_ASSIGN_OR_RETURN(Program program, LoadProgram(path));
    const Dims dims = program.tensors[static_cast<size_t>(program.input)].dims;
    POTLUT_ASSIGN_OR_RETURN(const int32_t resize, ReadResize(program));
    geometry_ = {dims.h, dims.w, dims.c, options.resize.value_or(resize)};
    reference_ = options.reference;
    // Every tensor is wanted: nodes run one by one, not fused into steps.
    POTLUT_RETURN_IF_ERROR(Validate(program));
    program_ = std::move(program);
    size_t scratch = 64;
    for (const Node& node : program_.nodes) {
      POTLUT_ASSIGN_OR_RETURN(auto kernel, MakeKernel(program_, node, options.isa));
      scratch = std::max(scratch, (kernel->scratch_bytes() + 63) / 64 * 64);
      kernels_.push_back(std::move(kernel));
    }
    scratch_.reset(std::aligned_alloc(64, scratch));
    if (!scratch_) return ResourceLimit("out of memory for ", scratch, " bytes of scratch");
    return {};
  }

  Expected<std::vector<NamedTensor>> Run(const data::Image& image) override {
    const Program& program = program_;
    const int64_t wanted = program.tensors[static_cast<size_t>(program.input)].dims.count();
    if (image.pixels.size() != static_cast<size_t>(wanted)) {
      return UsageError("an image of ", image.pixels.size(), " bytes for a model that reads ",
                        wanted);
    }
    std::vector<TensorData> values;
    if (reference_) {
      POTLUT_ASSIGN_OR_RETURN(values, ReferenceRun(program, image.pixels));
    } else {
      values.resize(program.tensors.size());
      values[static_cast<size_t>(program.input)] = image.pixels;
      for (size_t i = 0; i < program.nodes.size(); ++i) {
        const Node& node = program.nodes[i];
        const Tensor& tensor = program.tensors[static_cast<size_t>(node.output)];
        std::vector<const void*> inputs;
        for (const int32_t index : node.inputs)
          inputs.push_back(values[static_cast<size_t>(index)].data());
        TensorData& output = values[static_cast<size_t>(node.output)];
        output.resize(static_cast<size_t>(tensor.dims.count()) * tensor.type.bytes());
        kernels_[i]->Run(inputs.data(), output.data(), scratch_.get());
      }
    }
    std::vector<NamedTensor> tensors;
    for (const Node& node : program.nodes) {
      const Tensor& tensor = program.tensors[static_cast<size_t>(node.output)];
      const TensorData& bytes = values[static_cast<size_t>(node.output)];
      const auto real = Dequantise(tensor, bytes);
      tensors.push_back({tensor.name,
                         DimsText(tensor.dims.h, tensor.dims.w, tensor.dims.c),
                         {real.begin(), real.end()},
                         StoredIntegers(tensor, bytes),
                         ScaleText(tensor)});
    }
    return tensors;
  }

 private:
  Program program_;
  std::vector<std::unique_ptr<Kernel>> kernels_;  // of each node
  std::unique_ptr<void, FreeMemory> scratch_;
  bool reference_ = false;
};

class OnnxTensors : public TensorSource {
 public:
  Status Load(const std::string& path, const ClassifierOptions& options) {
    if (!options.normalisation) return UsageError(path, ": ", NormalisationRemedy());
    normalisation_ = *options.normalisation;
    POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::ImportFile(path));
    POTLUT_ASSIGN_OR_RETURN(graph_, graph::Simplify(imported));
    const graph::Shape shape = graph_.input_shape();
    POTLUT_RETURN_IF_ERROR(CheckChannels(normalisation_, shape.c));
    geometry_ = {shape.h, shape.w, shape.c, options.resize.value_or(0)};
    POTLUT_ASSIGN_OR_RETURN(executor_, graph::Executor::Create(graph_, 1, options.team));
    for (size_t i = 0; i < graph_.nodes.size(); ++i) wanted_.push_back(static_cast<int32_t>(i));
    return {};
  }

  Expected<std::vector<NamedTensor>> Run(const data::Image& image) override {
    if (image.pixels.size() != static_cast<size_t>(graph_.input_shape().count())) {
      return UsageError("an image of ", image.pixels.size(), " bytes for a network that reads ",
                        graph_.input_shape().count(), " values");
    }
    graph::Values input(image.pixels.size());
    NormaliseInto(normalisation_, image, input.data());
    POTLUT_ASSIGN_OR_RETURN(auto values, executor_->Run(input, wanted_));
    std::vector<NamedTensor> tensors;
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const graph::Node& node = graph_.nodes[i];
      // Programs call the normalised image "input", whatever the source called it.
      tensors.push_back({i == 0 ? "input" : node.name,
                         DimsText(node.shape.h, node.shape.w, node.shape.c),
                         std::move(values[i]),
                         {},
                         {}});
    }
    return tensors;
  }

 private:
  graph::Graph graph_;
  Normalisation normalisation_;
  std::unique_ptr<graph::Executor> executor_;
  std::vector<int32_t> wanted_;
};

template <typename T>
Expected<std::unique_ptr<TensorSource>> LoadAs(const std::string& path,
                                               const ClassifierOptions& options) {
  auto source = std::make_unique<T>();
  POTLUT_RETURN_IF_ERROR(source->Load(path, options));
  return std::unique_ptr<TensorSource>(std::move(source));
}

}  // namespace

Expected<std::unique_ptr<TensorSource>> LoadTensors(const std::string& path,
                                                    const ClassifierOptions& options) {
  POTLUT_ASSIGN_OR_RETURN(const bool is_plut, IsPlut(path));
  return is_plut ? LoadAs<PlutTensors>(path, options) : LoadAs<OnnxTensors>(path, options);
}

Expected<Normalisation> NormalisationOf(const std::string& path) {
  POTLUT_ASSIGN_OR_RETURN(const Program program, LoadProgram(path));
  const auto entry = program.metadata.find("recipe");
  if (entry == program.metadata.end()) {
    return BadInput(
        path, ": carries no recipe, so the normalisation is not known; give --mean and --std");
  }
  const auto recipe = quant::ParseRecipe(entry->second);
  if (!recipe) return BadInput(path, ": its recipe cannot be read: ", recipe.error().message);
  return MakeNormalisation(recipe->mean, recipe->stddev, path);
}

}  // namespace potlut::cli
