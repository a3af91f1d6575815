// Moves parameters along their gradients.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "train/network.h"
#include "train/train_options.h"

namespace potlut::train {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// Our own and not torch::optim: its state is a handful of named tensors, which a checkpoint stores
// without pickling.
class Optimiser {
 public:
  virtual ~Optimiser() = default;
  void ZeroGradients();
  // Parameters without a gradient stay as they are.
  void Step(double rate);
  // The optimiser's own tensors; a checkpoint stores them and copies into them.
  virtual NamedTensors State() const = 0;

 protected:
  Optimiser(std::vector<Parameter> parameters, const OptimiserOptions& options)
      : options_(options), parameters_(std::move(parameters)) {}
  // `decay` is 0 for what does not decay.
  virtual void Move(size_t index, at::Tensor& tensor, const at::Tensor& gradient, double rate,
                    double decay) = 0;
  virtual void BeginStep() {}

  const OptimiserOptions options_;
  std::vector<Parameter> parameters_;
};

std::unique_ptr<Optimiser> MakeOptimiser(std::vector<Parameter> parameters,
                                         const OptimiserOptions& options);

}  // namespace potlut::train
