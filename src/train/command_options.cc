// Declared once, so that both commands mean the same by them.
#include "train/command_options.h"

#include <charconv>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/progress_bar.h"
#include "data/subset.h"
#include "onnx/import.h"
#include "train/guard.h"

namespace potlut::train {
namespace {

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status ParseInterval(const std::string& text, TrainOptions& options) {
  if (text.size() > 1) {
    const std::string_view number = std::string_view(text).substr(0, text.size() - 1);
    if (const auto minutes = ParseNumber<double>(number); text.back() == 'm' && minutes) {
      options.checkpoint_minutes = *minutes;
      return {};
    }
    if (const auto batches = ParseNumber<int64_t>(number);
        text.back() == 'b' && batches && *batches > 0) {
      options.checkpoint_batches = *batches;
      return {};
    }
  }
  return UsageError("--checkpoint-interval '", text,
                    "': wanted are minutes (10m) or batches (200b)");
}

void AddRates(CLI::App& command, CommandOptions& options) {
  const auto add = [&](const char* name, auto& target, const char* help, const char* type) {
    command.add_option(name, target, help)
        ->type_name(type)
        ->capture_default_str()
        ->group("Training");
  };
  TrainOptions& train = options.train;
  add("--epochs", train.epochs, "times through the training images", "N");
  add("--batch", train.batch, "images a step (of each process)", "N");
  add("--lr", train.schedule.rate, "the highest learning rate", "X");
  add("--schedule", options.schedule, "constant, cosine or one-cycle", "NAME");
  add("--warmup", train.schedule.warmup, "epochs of rising rate (one-cycle: 0 is 30 % of all)",
      "X");
  add("--optimiser", options.optimiser, "sgd (Nesterov) or adamw", "NAME");
  add("--momentum", train.optimiser.momentum, "of sgd", "X");
  add("--weight-decay", train.optimiser.weight_decay, "of weights; nothing else decays", "X");
  add("--label-smoothing", train.label_smoothing, "share spread over all classes", "X");
  add("--ema", train.ema, "moving average of the weights, say 0.999; 0: none", "X");
  add("--average-last", train.average_last, "average the weights of the last N epochs", "N");
  add("--augment", options.augment,
      "crop=PIXELS, flip, cutout=SIDE, random-resized-crop[=AREA], parted by commas", "LIST");
}

void AddTeacher(CLI::App& command, CommandOptions& options) {
  const std::string group = "Distillation";
  command.add_option("--teacher", options.teacher, "float network to learn from (.onnx)")
      ->type_name("MODEL")
      ->group(group);
  command
      .add_option("--teacher-weight", options.train.distillation.weight,
                  "its share of the loss, 0 to 1")
      ->type_name("X")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--teacher-temperature", options.train.distillation.temperature,
                  "softens both opinions")
      ->type_name("X")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--teacher-normalize", options.teacher_normalisation.preset,
                  "its normalisation, a preset, where it differs")
      ->type_name("NAME")
      ->group(group);
}

void AddRun(CLI::App& command, CommandOptions& options) {
  const std::string group = "Run";
  TrainOptions& train = options.train;
  command.add_option("--checkpoint", train.checkpoint, "file to go on from, written at intervals")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--checkpoint-interval", options.checkpoint_interval,
                  "minutes (10m) or batches (200b) between checkpoints, beside each epoch's")
      ->type_name("N")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--resume", train.resume, "go on from --checkpoint where it is there")
      ->group(group);
  command.add_option("--log", train.log, "JSON lines, one an epoch")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--bf16", train.bf16, "train in bfloat16 (weights and sums stay float32)")
      ->group(group);
  const std::string several = "Several machines";
  command
      .add_option("--rendezvous", options.rendezvous.address,
                  "tcp://HOST:PORT of process 0 (or what torchrun sets)")
      ->type_name("URL")
      ->group(several);
  command.add_option("--rank", options.rendezvous.rank, "number of this process, from 0")
      ->type_name("R")
      ->group(several);
  command.add_option("--world-size", options.rendezvous.world_size, "number of processes")
      ->type_name("N")
      ->group(several);
  command
      .add_option("--data-threads", options.data_threads,
                  "threads that read and augment (half of --threads, at least 1)")
      ->type_name("N")
      ->check(cli::Within(0, 256))
      ->group(group);
}

Expected<OptimiserKind> ParseOptimiser(const std::string& text) {
  if (text == "sgd") return OptimiserKind::kSgd;
  if (text == "adamw") return OptimiserKind::kAdamW;
  return UsageError("--optimiser '", text, "' is none of sgd, adamw");
}

}  // namespace

void AddTrainOptions(CLI::App& command, CommandOptions& options, cli::Shell& shell) {
  command.add_option("--data", options.data, "images to train on, and to test on")
      ->required()
      ->type_name("DATA");
  command
      .add_option("--test-data", options.test, "images to test on, where not --data's test part")
      ->type_name("DATA");
  command
      .add_option("--validation", options.validation,
                  "hold out the last N training images; choose settings on them")
      ->type_name("N")
      ->check(cli::Within(int64_t{0}, int64_t{1} << 40));
  command
      .add_option("--resize", options.resize,
                  "shorter side before cropping the middle; 0: straight to the size")
      ->check(cli::Within(0, 65536))
      ->type_name("N");
  AddRates(command, options);
  AddTeacher(command, options);
  AddRun(command, options);
  command.footer(cli::kDataHelp);
  cli::AddJson(command, shell);
  cli::AddSeed(command, shell, "of weights, order and augmentation (1)");
  cli::AddThreads(command, shell, "threads of the arithmetic (0: all CPUs)");
}

Expected<data::Augmentation> ParseAugmentation(const std::string& text) {
  data::Augmentation a;
  std::string_view rest = text;
  while (!rest.empty() && text != "none") {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    const size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    const auto pixels = ParseNumber<int32_t>(value);
    const auto area = ParseNumber<double>(value);
    if (key == "crop" && pixels) {
      a.crop_padding = *pixels;
    } else if (item == "flip") {
      a.flip = true;
    } else if (key == "cutout" && pixels) {
      a.cutout = *pixels;
    } else if (key == "random-resized-crop" && (value.empty() || area)) {
      a.random_resized_crop = true;
      if (area) a.min_area = *area;
    } else {
      return UsageError("--augment: '", item, "' is not understood; wanted are crop=PIXELS, flip, ",
                        "cutout=SIDE, random-resized-crop[=AREA], parted by commas, or none");
    }
  }
  if (Status status = data::CheckAugmentation(a); !status.ok())
    return UsageError("--augment: ", status.message());
  return a;
}

Expected<TrainOptions> ResolveTrainOptions(const CommandOptions& options, const cli::Shell& shell,
                                           const cli::Normalisation& normalisation) {
  TrainOptions train = options.train;
  POTLUT_ASSIGN_OR_RETURN(train.schedule.kind, ParseSchedule(options.schedule));
  POTLUT_ASSIGN_OR_RETURN(train.optimiser.kind, ParseOptimiser(options.optimiser));
  POTLUT_ASSIGN_OR_RETURN(train.augmentation, ParseAugmentation(options.augment));
  POTLUT_RETURN_IF_ERROR(ParseInterval(options.checkpoint_interval, train));
  // What is filled in becomes 0 for the network.
  for (size_t c = 0; c < train.augmentation.fill.size(); ++c) {
    const double mean = normalisation.mean[c < normalisation.mean.size() ? c : 0];
    train.augmentation.fill[c] = static_cast<uint8_t>(std::lround(std::clamp(mean, 0.0, 255.0)));
  }
  train.seed = shell.common.seed.value_or(1);
  train.threads = shell.Threads();
  train.data_threads = options.data_threads.value_or(std::max(1, train.threads / 2));
  if (!options.teacher.empty() && train.distillation.weight == 0) train.distillation.weight = 0.5;
  if (options.teacher.empty() && train.distillation.weight > 0) {
    return UsageError("--teacher-weight needs --teacher MODEL");
  }
  POTLUT_RETURN_IF_ERROR(Validate(train));
  return train;
}

Expected<DataParts> OpenParts(const CommandOptions& options, const graph::Shape& input, bool raw) {
  const data::Geometry fitted{input.h, input.w, input.c, options.resize};
  const data::Geometry own{0, 0, input.c, 0};
  DataParts parts;
  POTLUT_ASSIGN_OR_RETURN(parts.whole,
                          data::Open(options.data, data::Split::kTrain, raw ? own : fitted));
  const std::string& test = options.test.empty() ? options.data : options.test;
  POTLUT_ASSIGN_OR_RETURN(parts.test, data::Open(test, data::Split::kTest, fitted));
  const int64_t left = parts.whole->size() - options.validation;
  if (left < 1) {
    return UsageError("--validation ", options.validation, ": the training set has only ",
                      parts.whole->size(), " images");
  }
  POTLUT_ASSIGN_OR_RETURN(parts.train, data::Subset::Create(*parts.whole, 0, left));
  if (raw) {
    POTLUT_ASSIGN_OR_RETURN(parts.whole_fitted,
                            data::Open(options.data, data::Split::kTrain, fitted));
  }
  const data::Source& source = raw ? *parts.whole_fitted : *parts.whole;
  POTLUT_ASSIGN_OR_RETURN(parts.train_fitted, data::Subset::Create(source, 0, left));
  if (options.validation == 0) return parts;
  POTLUT_ASSIGN_OR_RETURN(parts.validation,
                          data::Subset::Create(source, left, left + options.validation));
  return parts;
}

Expected<std::unique_ptr<Workers>> JoinWorkers(const CommandOptions& options) {
  POTLUT_ASSIGN_OR_RETURN(const auto rendezvous, ResolveRendezvous(options.rendezvous));
  if (!rendezvous) return std::unique_ptr<Workers>();
  return Join(*rendezvous);
}

std::unique_ptr<Progress> MakeProgress(const cli::Shell& shell, const Workers* workers) {
  class Silent : public Progress {
    bool cancelled() const override { return cli::Interrupted(); }
  };
  if (!IsFirst(workers)) return std::make_unique<Silent>();
  // Training takes hours, and each epoch has its own line.
  return std::make_unique<cli::ProgressBar>(shell.console.error_is_terminal(),
                                            std::chrono::minutes(1));
}

Status TrainAndTell(cli::Shell& shell, const TrainJob& job, const TrainOptions& options) {
  Status status = Train(job, options);
  if (status.code() == ErrorCode::kInterrupted && IsFirst(job.workers))
    shell.console.Note(status.message());
  return status;
}

FloatOptions ToFloatOptions(const cli::Normalisation& normalisation) {
  FloatOptions options;
  options.mean = normalisation.mean;
  options.stddev = normalisation.stddev;
  return options;
}

Expected<std::unique_ptr<FloatNetwork>> LoadTeacher(const CommandOptions& options,
                                                    const cli::Normalisation& normalisation,
                                                    const graph::Shape& input, int64_t classes,
                                                    const at::Device& device) {
  if (options.teacher.empty()) return std::unique_ptr<FloatNetwork>();
  POTLUT_ASSIGN_OR_RETURN(const auto own, cli::ResolveNormalisation(options.teacher_normalisation));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph, onnx::ImportFile(options.teacher));
  if (graph.input_shape() != input) {
    return UsageError("--teacher ", options.teacher,
                      ": reads images of another size than the network");
  }
  if (graph.nodes[static_cast<size_t>(graph.outputs[0])].shape.count() != classes) {
    return UsageError("--teacher ", options.teacher, ": has ",
                      graph.nodes[static_cast<size_t>(graph.outputs[0])].shape.count(),
                      " classes, the network ", classes);
  }
  return Guarded("--teacher", [&]() -> Expected<std::unique_ptr<FloatNetwork>> {
    POTLUT_ASSIGN_OR_RETURN(
        auto teacher, FloatNetwork::Create(graph, ToFloatOptions(own ? *own : normalisation)));
    teacher->To(device);
    teacher->SetTraining(false);
    if (options.train.bf16) teacher->SetEvaluationType(at::kBFloat16);
    return teacher;
  });
}

}  // namespace potlut::train
