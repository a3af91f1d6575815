// Convolutions and dense layers on oneDNN, made once and run often.
#pragma once

#include <memory>
#include <vector>

#include "graph/graph.h"

namespace potlut::graph {

// oneDNN's engine and stream, and scratch memory that all primitives of an executor share (they run
// one by one).
class DnnContext;
std::shared_ptr<DnnContext> MakeDnnContext();

class ConvRunner {
 public:
  // `conv` must outlive the runner. Throws dnnl::error and std::bad_alloc.
  static std::unique_ptr<ConvRunner> Make(std::shared_ptr<DnnContext> context, const Conv& conv,
                                          const Shape& in, const Shape& out, int32_t batch);
  virtual ~ConvRunner() = default;
  // NHWC in and out. Throws dnnl::error and std::bad_alloc.
  virtual void Run(const float* in, float* out) = 0;
};

// What of an exception's words is worth showing, for both kinds above; call it in a catch block.
std::string DnnFailure();

}  // namespace potlut::graph
