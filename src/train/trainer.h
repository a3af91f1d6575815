// The training loop: batches, steps, averages, validation, log and checkpoints.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "data/data.h"
#include "graph/graph.h"
#include "train/network.h"
#include "train/train_options.h"
#include "train/training_log.h"
#include "train/workers.h"

namespace potlut::train {

struct TrainJob {
  Network* network = nullptr;  // on its device already
  Network* teacher = nullptr;  // on the same one; only its Forward is used
  graph::Shape input;
  int64_t classes = 0;
  const data::Source* train = nullptr;
  const data::Source* validation = nullptr;  // may be missing
  std::string identity;  // what else a checkpoint must agree on: network, data, recipe
  // Before each epoch (from 0), also of one that is resumed in the middle; its tensors are loaded
  // afterwards.
  std::function<Status(int32_t epoch)> before_epoch;
  std::function<void(const EpochRecord&)> after_epoch;
  Workers* workers = nullptr;  // none: one process
  Progress* progress = nullptr;
};

// Leaves the network in evaluation with its final weights (averaged where asked for, their batch
// statistics measured anew). The log holds one line an epoch. Errors: those of the data; kFailed
// where the loss is not a number; kBadInput for a checkpoint that does not fit; kInterrupted after
// a checkpoint was written.
Status Train(const TrainJob& job, const TrainOptions& options);

}  // namespace potlut::train
