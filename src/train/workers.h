// Several processes that train one network: what they have to agree on.
#pragma once

#include <vector>

#include "base/status.h"
#include "train/aten.h"

namespace potlut::train {

// All processes must make the same calls in the same order. May throw LibTorch's exceptions.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // The mean over all processes, in place; a float32 tensor that lies in one piece.
  virtual void Average(at::Tensor& flat) = 0;
  // What process 0 has, in place.
  virtual void Broadcast(at::Tensor& tensor) = 0;
};

}  // namespace potlut::train
