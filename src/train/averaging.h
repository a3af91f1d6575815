// Averages of the parameters, which generalise better than the last values.
#pragma once

#include <vector>

#include "train/optimiser.h"

namespace potlut::train {

// Either an exponential moving average, whose factor rises at the start as min(factor, (1 + n) /
// (10 + n)) so that the first values do not linger, or the plain mean of what it was given.
// Float32.
class Average {
 public:
  // `factor` > 0: exponential; 0: plain mean.
  Average(const std::vector<Parameter>& parameters, double factor);

  void Add(const std::vector<Parameter>& parameters);
  bool empty() const;
  // Exchanges the parameters' values with the averages; a second call brings them back.
  void Swap(std::vector<Parameter> parameters);
  NamedTensors State() const;

 private:
  const double factor_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> mean_;
  at::Tensor count_;  // {1}, int64: how often Add was called
};

}  // namespace potlut::train
