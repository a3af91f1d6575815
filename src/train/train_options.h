// Everything that decides a training run, checked before it begins.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "data/augment.h"
#include "train/schedule.h"

namespace potlut::train {

enum class OptimiserKind { kSgd, kAdamW };

struct OptimiserOptions {
  OptimiserKind kind = OptimiserKind::kSgd;
  double momentum = 0.9;              // kSgd: Nesterov's
  double beta1 = 0.9, beta2 = 0.999;  // kAdamW
  double epsilon = 1e-8;
  double weight_decay = 5e-4;  // of Parameter::Kind::kWeight only; kSgd: added to the gradient
  double scale_rate = 0.1;     // times the learning rate: the rate of Parameter::Kind::kScale
};

struct DistillationOptions {
  double weight = 0;       // share of the teacher in the loss, 0..1
  double temperature = 4;  // of both softmaxes
};

struct TrainOptions {
  int32_t epochs = 30;
  int32_t batch = 128;  // images a step, of each process
  Schedule schedule;
  OptimiserOptions optimiser;
  double label_smoothing = 0;
  DistillationOptions distillation;
  double ema = 0;            // factor of an exponential moving average of the parameters; 0: none
  int32_t average_last = 0;  // epochs whose parameters are averaged in the end; 0: none
  data::Augmentation augmentation;
  uint64_t seed = 1;
  int threads = 1;                 // of the arithmetic
  int data_threads = 1;            // that read and augment
  bool bf16 = false;               // convolutions compute in bfloat16 while training
  std::string checkpoint;          // file; empty: none
  double checkpoint_minutes = 10;  // between checkpoints; one is written after each epoch too
  int64_t checkpoint_batches = 0;  // where > 0: between checkpoints, instead of minutes
  bool resume = false;             // go on from `checkpoint` where it is there
  std::string log;                 // JSON lines, one an epoch; empty: none
};

// Errors: kUsage naming the command line's option.
Status Validate(const TrainOptions& options);

// What a checkpoint must agree on with the run that goes on from it: all that decides the numbers,
// and none of the files' names, threads and intervals.
std::string Digest(const TrainOptions& options);

}  // namespace potlut::train
