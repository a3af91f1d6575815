// The options that fit and tune share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/preprocess.h"
#include "cli/shell.h"
#include "data/data.h"
#include "graph/graph.h"
#include "train/distributed.h"
#include "train/float_network.h"
#include "train/trainer.h"

namespace potlut::train {

struct CommandOptions {
  std::string data, test, output;
  int64_t validation = 0;
  int32_t resize = 0;
  std::string schedule = "cosine", optimiser = "sgd", augment = "none", device = "auto";
  std::string checkpoint_interval = "10m";
  std::string teacher;
  cli::NormalisationOptions teacher_normalisation;
  std::optional<int> data_threads;
  RendezvousOptions rendezvous;
  TrainOptions train;  // the rest
};

// `options` holds the defaults, which the help shows.
void AddTrainOptions(CLI::App& command, CommandOptions& options, cli::Shell& shell);

// Errors: kUsage naming the option.
Expected<TrainOptions> ResolveTrainOptions(const CommandOptions& options, const cli::Shell& shell,
                                           const cli::Normalisation& normalisation);

// "crop=4,flip,cutout=8", "random-resized-crop=0.08,flip", "none". Errors: kUsage naming the part.
Expected<data::Augmentation> ParseAugmentation(const std::string& text);

// The parts of a data set.
struct DataParts {
  std::unique_ptr<data::Source> whole, whole_fitted, test;  // owners
  std::unique_ptr<data::Source> train;                      // a range of `whole`
  std::unique_ptr<data::Source> train_fitted;               // the same images in the network's size
  std::unique_ptr<data::Source> validation;  // in the network's size; none where N is 0
};
// `raw`: training images are left at their own size. Errors: those of data::Open; kUsage where
// nothing would be left to train on.
Expected<DataParts> OpenParts(const CommandOptions& options, const graph::Shape& input, bool raw);

// The teacher on `device`, in evaluation; none where none was asked for. Errors: those of
// importing; kUsage where its input or number of classes is another.
Expected<std::unique_ptr<FloatNetwork>> LoadTeacher(const CommandOptions& options,
                                                    const cli::Normalisation& normalisation,
                                                    const graph::Shape& input, int64_t classes,
                                                    const at::Device& device);

// The processes of this training; none where it is alone. Errors: those of distributed.h.
Expected<std::unique_ptr<Workers>> JoinWorkers(const CommandOptions& options);
// Whether this process writes files and talks.
inline bool IsFirst(const Workers* workers) { return workers == nullptr || workers->rank() == 0; }

// A bar for the first process, silence for the others; all hear Ctrl-C.
std::unique_ptr<Progress> MakeProgress(const cli::Shell& shell, const Workers* workers);

// Train, and where it was interrupted a note that says how to go on.
Status TrainAndTell(cli::Shell& shell, const TrainJob& job, const TrainOptions& options);

FloatOptions ToFloatOptions(const cli::Normalisation& normalisation);

}  // namespace potlut::train
