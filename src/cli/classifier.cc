// The integer and the float side of the one face.
#include "cli/classifier.h"

#include <algorithm>
#include <fstream>

#include "base/text.h"
#include "cli/class_names.h"
#include "graph/executor.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "pack/plut.h"
#include "program/reference.h"

namespace potlut::cli {
namespace {

class PlutClassifier : public Classifier {
 public:
  Status Load(const std::string& path, const ClassifierOptions& options) {
    if (options.normalisation) {
      return UsageError(
          path,
          ": a .plut model carries its own normalisation; leave --mean, --std and --normalize out");
    }
    POTLUT_ASSIGN_OR_RETURN(Program program, LoadProgram(path));
    const Dims dims = program.tensors[static_cast<size_t>(program.input)].dims;
    POTLUT_ASSIGN_OR_RETURN(const int32_t resize, ReadResize(program));
    geometry_ = {dims.h, dims.w, dims.c, options.resize.value_or(resize)};
    if (const auto names = program.metadata.find("classes"); names != program.metadata.end()) {
      classes_ = SplitClasses(names->second);
    }
    for (const Node& node : program.nodes) {
      const bool is_last = node.output == program.outputs[0];
      if (is_last && std::holds_alternative<ArgMaxOp>(node.op)) kind_ = OutputKind::kIndex;
    }
    workers_ = std::max(1, options.threads);
    reference_ = options.reference;
    POTLUT_ASSIGN_OR_RETURN(model_, Model::Create(std::move(program), options.isa));
    if (reference_) return {};
    for (int i = 0; i < workers_; ++i) {
      POTLUT_ASSIGN_OR_RETURN(auto session, Session::Create(model_));
      sessions_.push_back(std::move(session));
    }
    return {};
  }

  std::string executor() const override {
    return reference_ ? "reference" : Cat("engine (", IsaName(model_->isa()), ")");
  }

  Status Run(int worker, std::span<const data::Image> images,
             std::vector<std::vector<OutputValues>>& outputs) override {
    outputs.clear();
    for (const data::Image& image : images) {
      std::vector<OutputValues>& values = outputs.emplace_back();
      if (reference_) {
        POTLUT_ASSIGN_OR_RETURN(const auto tensors, ReferenceRun(model_->program(), image.pixels));
        for (const int32_t index : model_->program().outputs) {
          values.push_back(Values(index, tensors[static_cast<size_t>(index)]));
        }
        continue;
      }
      Session& session = *sessions_[static_cast<size_t>(worker)];
      POTLUT_RETURN_IF_ERROR(session.Run(image.pixels));
      const auto& wanted = model_->program().outputs;
      for (size_t i = 0; i < wanted.size(); ++i)
        values.push_back(Values(wanted[i], session.Output(i)));
    }
    return {};
  }

 private:
  OutputValues Values(int32_t index, std::span<const uint8_t> stored) const {
    const Tensor& tensor = model_->program().tensors[static_cast<size_t>(index)];
    OutputValues values;
    const Dims& dims = tensor.dims;
    values.shape = {dims.h, dims.w, dims.c};
    if (dims.h == 1 && dims.w == 1) values.shape = {dims.c};
    values.real = Dequantise(tensor, stored);
    values.stored = StoredIntegers(tensor, stored);
    return values;
  }

  std::shared_ptr<const Model> model_;
  std::vector<std::unique_ptr<Session>> sessions_;
  bool reference_ = false;
};

class OnnxClassifier : public Classifier {
 public:
  Status Load(const std::string& path, const ClassifierOptions& options) {
    if (options.reference) {
      return UsageError(path, ": --reference runs .plut models; a float network has one executor");
    }
    if (!options.normalisation) return UsageError(path, ": ", NormalisationRemedy());
    normalisation_ = *options.normalisation;
    POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::ImportFile(path));
    POTLUT_ASSIGN_OR_RETURN(graph_, graph::Simplify(imported));
    const graph::Shape shape = graph_.input_shape();
    POTLUT_RETURN_IF_ERROR(CheckChannels(normalisation_, shape.c));
    geometry_ = {shape.h, shape.w, shape.c, options.resize.value_or(0)};
    const graph::Op& last = graph_.nodes[static_cast<size_t>(graph_.outputs[0])].op;
    if (std::holds_alternative<graph::ArgMax>(last)) kind_ = OutputKind::kIndex;
    if (std::holds_alternative<graph::Softmax>(last)) kind_ = OutputKind::kProbabilities;
    batch_ = std::max(1, options.batch);
    // One executor a worker, each on one thread: they wait for nobody, which on a busy machine is
    // many times faster than one executor whose threads wait for each other after every layer.
    workers_ = std::max(1, options.threads);
    team_ = std::max(1, options.team);
    executors_.resize(static_cast<size_t>(workers_));
    return Prepare(0);
  }

  std::string executor() const override { return "float (oneDNN)"; }

  Status Run(int worker, std::span<const data::Image> images,
             std::vector<std::vector<OutputValues>>& outputs) override {
    const size_t size = static_cast<size_t>(graph_.input_shape().count());
    graph::Values input(size *
                        static_cast<size_t>(batch_));  // a last batch is filled up with zeros
    for (size_t i = 0; i < images.size(); ++i)
      NormaliseInto(normalisation_, images[i], input.data() + i * size);
    POTLUT_RETURN_IF_ERROR(Prepare(worker));
    POTLUT_ASSIGN_OR_RETURN(const auto values,
                            executors_[static_cast<size_t>(worker)]->Run(input, graph_.outputs));
    outputs.assign(images.size(), {});
    for (size_t k = 0; k < values.size(); ++k) {
      const graph::Shape& shape = graph_.nodes[static_cast<size_t>(graph_.outputs[k])].shape;
      const auto count = static_cast<ptrdiff_t>(shape.count());
      for (size_t i = 0; i < images.size(); ++i) {
        OutputValues one;
        one.shape = {shape.h, shape.w, shape.c};
        if (shape.h == 1 && shape.w == 1) one.shape = {shape.c};
        const auto begin = values[k].begin() + static_cast<ptrdiff_t>(i) * count;
        one.real.assign(begin, begin + count);
        outputs[i].push_back(std::move(one));
      }
    }
    return {};
  }

 private:
  // Makes the worker's executor where it has none yet.
  Status Prepare(int worker) {
    auto& executor = executors_[static_cast<size_t>(worker)];
    if (executor) return {};
    POTLUT_ASSIGN_OR_RETURN(executor, graph::Executor::Create(graph_, batch_, team_));
    return {};
  }

  graph::Graph graph_;
  Normalisation normalisation_;
  std::vector<std::unique_ptr<graph::Executor>> executors_;  // by worker
  int team_ = 1;
};

template <typename T>
Expected<std::unique_ptr<Classifier>> LoadAs(const std::string& path,
                                             const ClassifierOptions& options) {
  auto classifier = std::make_unique<T>();
  POTLUT_RETURN_IF_ERROR(classifier->Load(path, options));
  return std::unique_ptr<Classifier>(std::move(classifier));
}

}  // namespace

Expected<bool> IsPlut(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  uint8_t head[64] = {};
  in.read(reinterpret_cast<char*>(head), sizeof(head));
  if (in.gcount() == 0) return BadInput(path, ": no such model file, or it is empty or a folder");
  return LooksLikePlut({head, static_cast<size_t>(in.gcount())});
}

Expected<std::unique_ptr<Classifier>> LoadClassifier(const std::string& path,
                                                     const ClassifierOptions& options) {
  POTLUT_ASSIGN_OR_RETURN(const bool is_plut, IsPlut(path));
  return is_plut ? LoadAs<PlutClassifier>(path, options) : LoadAs<OnnxClassifier>(path, options);
}

}  // namespace potlut::cli
