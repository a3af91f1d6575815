// Accuracy and loss of a network on a data set.
#pragma once

#include "base/progress.h"
#include "data/data.h"
#include "graph/graph.h"
#include "train/network.h"

namespace potlut::train {

struct Evaluation {
  int64_t images = 0, correct = 0;
  double loss = 0;  // mean cross entropy
  double accuracy() const {
    return images > 0 ? static_cast<double>(correct) / static_cast<double>(images) : 0;
  }
};

struct EvaluateOptions {
  graph::Shape input;
  int64_t classes = 0;
  int32_t batch = 250;
  int data_threads = 1;
};

// With running statistics, in the network's type of evaluation; leaves the network in evaluation.
// Errors: those of the data; kInterrupted.
Expected<Evaluation> Evaluate(Network& network, const data::Source& source,
                              const EvaluateOptions& options, const std::string& task,
                              Progress& progress);

}  // namespace potlut::train
