// potlut-train fit: a float network from the zoo or an ONNX file, trained and saved as ONNX.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/json.h"
#include "cli/preprocess.h"
#include "cli/sha256.h"
#include "cli/units.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "train/batches.h"
#include "train/command_options.h"
#include "train/commands.h"
#include "train/device.h"
#include "train/evaluate.h"
#include "train/guard.h"
#include "zoo/zoo.h"

namespace potlut::train {
namespace {

// Images on which the statistics of an imported network are measured.
constexpr int64_t kStatisticsImages = 2560;

struct Options {
  std::string model;
  CommandOptions common;
  cli::NormalisationOptions normalisation;
};

struct Start {
  graph::Graph graph;
  std::string identity;  // of the weights that training starts from
};

// `classes`: what the data set has, 0: not known.
Expected<Start> BuildStart(const Options& options, int64_t classes, uint64_t seed) {
  Start start;
  if (!zoo::IsSpec(options.model)) {
    POTLUT_ASSIGN_OR_RETURN(start.graph, onnx::ImportFile(options.model));
    POTLUT_ASSIGN_OR_RETURN(start.identity, cli::Sha256OfFile(options.model));
    return start;
  }
  POTLUT_ASSIGN_OR_RETURN(zoo::ModelSpec spec, zoo::ParseSpec(options.model));
  if (spec.classes == 0) spec.classes = static_cast<int32_t>(classes);
  if (options.model.find("seed=") == std::string::npos) spec.seed = seed;
  start.identity = zoo::SpecText(spec);
  POTLUT_ASSIGN_OR_RETURN(start.graph, zoo::Build(spec));
  return start;
}

Status Calibrate(FloatNetwork& network, const data::Source& source, const graph::Shape& input,
                 int64_t classes, int32_t batch) {
  data::LoaderOptions loading;
  loading.h = input.h;
  loading.w = input.w;
  loading.c = input.c;
  loading.batch = batch;
  loading.shuffle = true;
  POTLUT_ASSIGN_OR_RETURN(Batches batches, Batches::Create(source, loading, network.device()));
  POTLUT_RETURN_IF_ERROR(batches.StartEpoch(0));
  Status status;
  int64_t images = 0;
  POTLUT_RETURN_IF_ERROR(network.CalibrateStatistics([&]() -> at::Tensor {
    if (images >= kStatisticsImages) return {};
    auto next = batches.Next(classes);
    if (!next.ok()) status = next.status();
    if (!next.ok() || !*next) return {};
    images += (*next)->pixels.size(0);
    return (*next)->pixels;
  }));
  return status;
}

Status Report(cli::Shell& shell, const Options& options, const TrainOptions& train,
              const Evaluation* validation, const Evaluation& test) {
  if (shell.common.json) {
    cli::Json json = {
        {"model", options.model}, {"output", options.common.output}, {"epochs", train.epochs}};
    if (validation != nullptr) json["validation_accuracy"] = validation->accuracy();
    json["test_accuracy"] = test.accuracy();
    json["test_images"] = test.images;
    json["test_loss"] = test.loss;
    cli::PrintJson(shell.console, json);
    return {};
  }
  if (validation != nullptr) {
    shell.console.Out(fmt::format("validation  {:6.2f} %  of {} images\n",
                                  100 * validation->accuracy(),
                                  cli::FormatCount(validation->images)));
  }
  shell.console.Out(fmt::format("test        {:6.2f} %  of {} images, loss {:.4f}\n",
                                100 * test.accuracy(), cli::FormatCount(test.images), test.loss));
  return {};
}

Status Fit(cli::Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const auto given, cli::ResolveNormalisation(options.normalisation));
  if (!given) return UsageError(cli::NormalisationRemedy());
  POTLUT_ASSIGN_OR_RETURN(const TrainOptions train,
                          ResolveTrainOptions(options.common, shell, *given));
  POTLUT_ASSIGN_OR_RETURN(const at::Device device, ChooseDevice(options.common.device));
  POTLUT_ASSIGN_OR_RETURN(Start start, BuildStart(options, 0, train.seed));
  const graph::Shape input = start.graph.input_shape();
  POTLUT_RETURN_IF_ERROR(cli::CheckChannels(*given, input.c));
  POTLUT_ASSIGN_OR_RETURN(const DataParts parts,
                          OpenParts(options.common, input, train.augmentation.random_resized_crop));
  const auto names = static_cast<int64_t>(parts.whole->class_names().size());
  if (zoo::IsSpec(options.model) && names > 0) {
    POTLUT_ASSIGN_OR_RETURN(start, BuildStart(options, names, train.seed));
  }
  const int64_t classes =
      start.graph.nodes[static_cast<size_t>(start.graph.outputs[0])].shape.count();

  POTLUT_ASSIGN_OR_RETURN(const auto network,
                          FloatNetwork::Create(start.graph, ToFloatOptions(*given)));
  network->To(device);
  POTLUT_ASSIGN_OR_RETURN(const auto teacher,
                          LoadTeacher(options.common, *given, input, classes, device));
  if (!zoo::IsSpec(options.model)) {
    POTLUT_RETURN_IF_ERROR(Calibrate(*network, *parts.train_fitted, input, classes, train.batch));
  }

  POTLUT_ASSIGN_OR_RETURN(const auto workers, JoinWorkers(options.common));
  const auto progress_owner = MakeProgress(shell, workers.get());
  Progress& progress = *progress_owner;
  TrainJob job;
  job.network = network.get();
  job.teacher = teacher.get();
  job.input = input;
  job.classes = classes;
  job.train = parts.train.get();
  job.validation = parts.validation.get();
  job.identity = Cat("fit ", start.identity);
  job.after_epoch = [&](const EpochRecord& record) {
    shell.console.Note(Describe(record, train.epochs));
  };
  job.workers = workers.get();
  job.progress = &progress;
  POTLUT_RETURN_IF_ERROR(TrainAndTell(shell, job, train));
  if (!IsFirst(workers.get())) return {};

  POTLUT_ASSIGN_OR_RETURN(const graph::Graph trained, network->Export());
  POTLUT_RETURN_IF_ERROR(onnx::SaveOnnx(options.common.output, trained));
  shell.console.Note(Cat(options.common.output, ": written"));
  const EvaluateOptions evaluate{input, classes, 250, train.data_threads};
  Evaluation validation;
  if (parts.validation != nullptr) {
    POTLUT_ASSIGN_OR_RETURN(
        validation, Evaluate(*network, *parts.validation, evaluate, "validation", progress));
  }
  POTLUT_ASSIGN_OR_RETURN(const Evaluation test,
                          Evaluate(*network, *parts.test, evaluate, "test", progress));
  return Report(shell, options, train, parts.validation != nullptr ? &validation : nullptr, test);
}

}  // namespace

void AddFit(CLI::App& app, cli::Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("fit", "train a float network and save it as ONNX");
  command
      .add_option("--model", options->model,
                  "zoo:NAME[@key=value,...], or an ONNX file to go on from")
      ->required()
      ->type_name("MODEL");
  command.add_option("-o,--output", options->common.output, ".onnx file to write")
      ->required()
      ->type_name("FILE");
  AddTrainOptions(command, options->common, shell);
  cli::AddNormalisation(command, options->normalisation);
  command.fallthrough();  // --config belongs to the program
  command.callback([&shell, options] {
    shell.action = [&shell, options] {
      return Guarded("fit", [&] { return Fit(shell, *options); });
    };
  });
}

}  // namespace potlut::train
