// potlut-train tune: a float ONNX model, fine-tuned with simulated quantisers, to a .plut file.
#include <fmt/format.h>

#include <charconv>

#include "base/file.h"
#include "base/text.h"
#include "cli/json.h"
#include "cli/origin.h"
#include "cli/recipe_options.h"
#include "cli/sha256.h"
#include "cli/units.h"
#include "graph/simplify.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "pack/plut.h"
#include "train/command_options.h"
#include "train/commands.h"
#include "train/device.h"
#include "train/evaluate.h"
#include "train/exactness.h"
#include "train/guard.h"
#include "train/tune_options.h"

namespace potlut::train {
namespace {

constexpr int64_t kReferenceImages = 500;

struct Options {
  std::string model, float_output, classes;
  std::string distribution_loss, progressive;
  std::string check_reference = Cat(kReferenceImages);
  int64_t check_images = 0;
  bool fixed_weight_scales = false, fixed_activation_scales = false;
  QuantOptions quant;
  CommandOptions common;
  cli::RecipeOptions recipe;
};

// Everything that is made on the way, in the order of making.
struct Run {
  quant::Recipe recipe;
  std::vector<quant::Recipe> phases;
  TrainOptions train;
  QuantOptions quant;
  int64_t reference_images = 0;
  graph::Graph graph;
  DataParts parts;
  std::unique_ptr<QuantNetwork> network;
  std::unique_ptr<FloatNetwork> teacher;
  std::optional<Evaluation> before, validation;
  std::vector<LayerBytes> layers;
  int64_t file_bytes = 0;
};

Status ResolveOptions(const cli::Shell& shell, const Options& options, Run& run) {
  POTLUT_ASSIGN_OR_RETURN(run.recipe, cli::ResolveRecipe(options.recipe, shell.common.seed));
  POTLUT_ASSIGN_OR_RETURN(run.phases, Phases(options.progressive, run.recipe));
  POTLUT_ASSIGN_OR_RETURN(
      run.train, ResolveTrainOptions(options.common, shell, {run.recipe.mean, run.recipe.stddev}));
  if (run.phases.size() > static_cast<size_t>(run.train.epochs)) {
    return UsageError("--progressive has ", run.phases.size(), " parts, more than --epochs ",
                      run.train.epochs);
  }
  run.quant = options.quant;
  run.quant.learn_weight_scales = !options.fixed_weight_scales;
  run.quant.learn_activation_scales = !options.fixed_activation_scales;
  POTLUT_ASSIGN_OR_RETURN(run.quant.loss, ParseDistributionLoss(options.distribution_loss));
  if (options.check_reference == "all") {
    run.reference_images = INT64_MAX;
  } else {
    const std::string& text = options.check_reference;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), run.reference_images);
    if (error != std::errc() || end != text.data() + text.size() || run.reference_images < 0)
      return UsageError("--check-reference: wanted is a number of images, or all");
  }
  return {};
}

quant::ImageSource Images(const data::Source& source) {
  return [&source](int64_t i) -> Expected<std::vector<uint8_t>> {
    POTLUT_ASSIGN_OR_RETURN(data::Sample sample, source.Get(i));
    return std::move(sample.image.pixels);
  };
}

// The program into its file, the float network where it was asked for.
Status Save(const Options& options, Run& run, Program& program) {
  POTLUT_RETURN_IF_ERROR(cli::FillOrigin(
      {options.model, options.classes, run.parts.whole.get(), options.common.resize}, program));
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, Pack(program, {}, &run.layers));
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.common.output, bytes));
  run.file_bytes = static_cast<int64_t>(bytes.size());
  if (options.float_output.empty()) return {};
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph tuned, run.network->Export());
  return onnx::SaveOnnx(options.float_output, tuned);
}

void Report(cli::Shell& shell, const Options& options, const Run& run, const Exactness& check) {
  int64_t weights = 0, code_bytes = 0;
  for (const LayerBytes& layer : run.layers) {
    weights += layer.weights;
    code_bytes += layer.stage2_bytes;
  }
  const auto share = [](int64_t part, int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(whole, 1));
  };
  const double bits = 8 * share(code_bytes, weights);
  if (shell.common.json) {
    cli::Json json = {{"model", options.model}, {"output", options.common.output}};
    if (run.before) json["validation_accuracy_before"] = run.before->accuracy();
    if (run.validation) json["validation_accuracy"] = run.validation->accuracy();
    json["test_accuracy"] = share(check.correct, check.labelled);
    json["test_images"] = check.labelled;
    json["file_bytes"] = run.file_bytes;
    json["weights"] = weights;
    json["code_bytes"] = code_bytes;
    json["exact"] = check.exact();
    json["logits"] = check.logits;
    json["different_logits"] = check.different_logits;
    json["reference_images"] = check.reference_images;
    json["different_reference_logits"] = check.different_reference_logits;
    json["same_top1_float32"] = share(check.same_float_top1, check.images);
    json["recipe"] = quant::WriteRecipe(run.recipe);
    cli::PrintJson(shell.console, json);
    return;
  }
  const auto line = [&](const char* name, double accuracy, int64_t images) {
    shell.console.Out(fmt::format("{:<12}{:6.2f} %  of {} images\n", name, 100 * accuracy,
                                  cli::FormatCount(images)));
  };
  if (run.before) line("untrained", run.before->accuracy(), run.before->images);
  if (run.validation) line("validation", run.validation->accuracy(), run.validation->images);
  line("test", share(check.correct, check.labelled), check.labelled);
  shell.console.Out(fmt::format("file        {} bytes, {} weights at {:.2f} bits\n",
                                cli::FormatCount(run.file_bytes), cli::FormatCount(weights), bits));
  shell.console.Out(Describe(check));
}

Status Tune(cli::Shell& shell, const Options& options) {
  Run run;
  POTLUT_RETURN_IF_ERROR(ResolveOptions(shell, options, run));
  POTLUT_ASSIGN_OR_RETURN(const at::Device device, ChooseDevice(options.common.device));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::ImportFile(options.model));
  POTLUT_ASSIGN_OR_RETURN(run.graph, graph::Simplify(imported));
  const graph::Shape input = run.graph.input_shape();
  const cli::Normalisation normalisation{run.recipe.mean, run.recipe.stddev};
  POTLUT_RETURN_IF_ERROR(cli::CheckChannels(normalisation, input.c));
  POTLUT_ASSIGN_OR_RETURN(
      run.parts, OpenParts(options.common, input, run.train.augmentation.random_resized_crop));
  const int64_t classes = run.graph.nodes[static_cast<size_t>(run.graph.outputs[0])].shape.count();
  POTLUT_ASSIGN_OR_RETURN(run.teacher,
                          LoadTeacher(options.common, normalisation, input, classes, device));

  POTLUT_ASSIGN_OR_RETURN(const auto workers, JoinWorkers(options.common));
  const auto progress_owner = MakeProgress(shell, workers.get());
  Progress& progress = *progress_owner;
  const data::Source& fitted = *run.parts.train_fitted;
  POTLUT_ASSIGN_OR_RETURN(
      run.network, QuantNetwork::Create(run.graph, run.phases[0], Images(fitted), fitted.size(),
                                        run.quant, run.train.threads, &progress));
  run.network->To(device);
  const EvaluateOptions evaluate{input, classes, 250, run.train.data_threads};
  if (run.parts.validation != nullptr) {
    POTLUT_ASSIGN_OR_RETURN(
        run.before, Evaluate(*run.network, *run.parts.validation, evaluate, "untrained", progress));
    shell.console.Note(
        fmt::format("without training: validation {:.2f} %", 100 * run.before->accuracy()));
  }

  size_t phase = 0;
  POTLUT_ASSIGN_OR_RETURN(const std::string sha256, cli::Sha256OfFile(options.model));
  TrainJob job;
  job.network = run.network.get();
  job.teacher = run.teacher.get();
  job.input = input;
  job.classes = classes;
  job.train = run.parts.train.get();
  job.validation = run.parts.validation.get();
  job.identity = Cat("tune ", sha256, " progressive=", options.progressive, " ", Digest(run.quant),
                     " ", quant::WriteRecipe(run.recipe));
  job.before_epoch = [&](int32_t epoch) -> Status {
    const size_t wanted = PhaseOf(epoch, run.train.epochs, run.phases.size());
    if (wanted == phase) return {};
    phase = wanted;
    return run.network->Requantise(run.phases[phase], Images(fitted), fitted.size(),
                                   run.train.threads, &progress);
  };
  job.after_epoch = [&](const EpochRecord& record) {
    shell.console.Note(Describe(record, run.train.epochs));
  };
  job.workers = workers.get();
  job.progress = &progress;
  POTLUT_RETURN_IF_ERROR(TrainAndTell(shell, job, run.train));
  if (!IsFirst(workers.get())) return {};

  POTLUT_ASSIGN_OR_RETURN(Program program, run.network->Lower());
  POTLUT_RETURN_IF_ERROR(Save(options, run, program));
  shell.console.Note(Cat(options.common.output, ": written"));
  if (run.parts.validation != nullptr) {
    POTLUT_ASSIGN_OR_RETURN(run.validation, Evaluate(*run.network, *run.parts.validation, evaluate,
                                                     "validation", progress));
  }
  const int64_t all = run.parts.test->size();
  const int64_t images = options.check_images > 0 ? std::min(options.check_images, all) : all;
  POTLUT_ASSIGN_OR_RETURN(const Exactness check,
                          CheckExactness(*run.network, program, *run.parts.test, images,
                                         run.reference_images, run.train.threads, progress));
  Report(shell, options, run, check);
  if (check.exact()) return {};
  return Failed("the program and what was trained differ in ",
                check.different_logits + check.different_reference_logits,
                " logits; please report this with the model and the options");
}

}  // namespace

void AddTune(CLI::App& app, cli::Shell& shell) {
  auto options = std::make_shared<Options>();
  options->common.train.epochs = 15;
  // Normalisation is folded into the weights by now, whose gradients differ much in size from layer
  // to layer: AdamW does not mind, SGD wants rates of 1e-4 or less.
  options->common.optimiser = "adamw";
  options->common.train.schedule.rate = 1e-4;
  options->common.train.optimiser.weight_decay = 1e-4;
  CLI::App& command =
      *app.add_subcommand("tune", "fine-tune a float network as the integer program it becomes");
  command.add_option("model", options->model, "float network (.onnx)")
      ->required()
      ->type_name("MODEL");
  command.add_option("-o,--output", options->common.output, ".plut file to write")
      ->required()
      ->type_name("FILE");
  command.add_option("--float-out", options->float_output, "the tuned float network (.onnx)")
      ->type_name("FILE");
  command.add_option("--classes", options->classes, "class names, one a line")->type_name("FILE");
  AddTrainOptions(command, options->common, shell);
  const auto add = [&](const char* name, auto& target, const char* help, const char* type) {
    return command.add_option(name, target, help)->type_name(type)->group("Quantisers");
  };
  add("--distribution-loss", options->distribution_loss,
      "bin=X and rate=X, the weights of its terms; more in docs/training.md", "LIST");
  add("--progressive", options->progressive, "bits of the weights one after the other, say 8,4,3",
      "LIST");
  add("--scale-lr", options->common.train.optimiser.scale_rate,
      "learning rate of scales, times --lr", "X")
      ->capture_default_str();
  add("--scale-interval", options->quant.scale_interval,
      "steps between looks at whether a scale has moved to another power of two", "N")
      ->capture_default_str()
      ->check(cli::Within(int64_t{1}, int64_t{1} << 40));
  add("--scale-hysteresis", options->quant.scale_hysteresis,
      "how far beyond the middle between two powers it has to be", "X")
      ->capture_default_str()
      ->check(cli::Within(0.0, 1.0));
  add("--gradient-scaling", options->quant.gradient_scaling,
      "element-wise gradient scaling; 0: none", "X")
      ->capture_default_str()
      ->check(cli::Within(0.0, 100.0));
  add("--batch-statistics", options->quant.batch_statistics,
      "share of the training in which outputs are normalised by batch; 0: never", "X")
      ->capture_default_str()
      ->check(cli::Within(0.0, 1.0));
  command
      .add_flag("--fixed-weight-scales", options->fixed_weight_scales, "do not learn their scales")
      ->group("Quantisers");
  command
      .add_flag("--fixed-activation-scales", options->fixed_activation_scales,
                "do not learn their scales")
      ->group("Quantisers");
  add("--check-images", options->check_images,
      "test images of the check that program and simulation are one; 0: all", "N")
      ->check(cli::Within(int64_t{0}, int64_t{1} << 40));
  add("--check-reference", options->check_reference,
      "how many of them the reference executor runs too, or all", "N")
      ->capture_default_str();
  cli::AddRecipe(command, options->recipe);
  command.fallthrough();
  command.callback([&shell, options] {
    shell.action = [&shell, options] {
      return Guarded("tune", [&] { return Tune(shell, *options); });
    };
  });
}

}  // namespace potlut::train
