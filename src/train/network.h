// What the trainer trains: a network of LibTorch tensors made from a graph, in float or with
// simulated quantisers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/aten.h"

namespace potlut::train {

// A leaf tensor (float32) that the optimiser moves.
struct Parameter {
  enum class Kind {
    kWeight,  // of a convolution or dense layer: decays
    kBias,    // biases, batch normalisation: do not decay
    kScale,   // log2 of a quantiser's scale: does not decay, has a learning rate of its own
  };
  std::string name;
  at::Tensor tensor;
  Kind kind = Kind::kWeight;
};

// Numbers of one epoch, for people and for the log: "quantisation_error", "moved", "entropy", ...
using Metrics = std::map<std::string, double>;

// Not thread safe. Member functions may throw LibTorch's exceptions: the trainer turns them into
// Status at its border.
class Network {
 public:
  virtual ~Network() = default;

  // Image bytes [n][c][h][w] (uint8, any strides) on the network's device to logits [n][classes],
  // float32. Normalisation is the network's part.
  virtual at::Tensor Forward(const at::Tensor& pixels) = 0;

  // Batch statistics and gradients (true), or running statistics (false).
  virtual void SetTraining(bool training) = 0;
  virtual void To(const at::Device& device) = 0;
  virtual at::Device device() const = 0;
  // The type in which convolutions compute while training (kFloat or kBFloat16). Evaluation is in
  // float32 unless SetEvaluationType says otherwise (kDouble: exact where products and sums fit).
  virtual void SetTrainingType(at::ScalarType type) = 0;
  virtual void SetEvaluationType(at::ScalarType type) = 0;

  virtual std::vector<Parameter> parameters() = 0;
  // Everything that decides what Forward does, by unique name: parameters, running statistics, what
  // is derived at intervals. The tensors are the network's own: a checkpoint stores them, and
  // resuming copies into them and calls StateLoaded.
  virtual std::vector<std::pair<std::string, at::Tensor>> State() = 0;
  virtual Status StateLoaded() = 0;

  // Batch statistics as plain means over all batches that follow until EndStatistics, for weights
  // that were averaged (P. Izmailov et al., "Averaging Weights Leads to Wider Optima", 2018,
  // section 3.2). Forward must run in between, under NoGrad. False: this network has none, nothing
  // needs to be run.
  virtual bool BeginStatistics() = 0;
  virtual void EndStatistics() = 0;

  // A term to add to the loss, at `progress` in 0..1 of the training; an undefined tensor where
  // there is none.
  virtual at::Tensor Penalty(double progress) = 0;
  // After each step of the optimiser; `step` counts from 0 over the whole training.
  virtual Status AfterStep(int64_t step, double progress) = 0;
  // Of the epoch that just ended; starts the next one's.
  virtual Metrics TakeMetrics() = 0;
};

}  // namespace potlut::train
