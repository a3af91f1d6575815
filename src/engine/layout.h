// Where everything of a session lies in its arena.
#pragma once

#include <vector>

#include "engine/engine.h"
#include "engine/fuse.h"

namespace potlut {

struct Layout {
  // Offset of each tensor. A reshape's output lies where its input does; tensors that no step
  // writes lie nowhere.
  std::vector<size_t> tensor;
  std::vector<size_t> scratch;         // offset of each step's scratch, of its first share
  std::vector<size_t> scratch_stride;  // from one share's to the next
  size_t bytes = 0;
};

size_t BytesOf(const Tensor& t);

// `scratch_bytes`: of each step and share; `shares`: of each step.
Layout PlanLayout(const Program& program, const std::vector<Step>& steps,
                  const std::vector<size_t>& scratch_bytes, const std::vector<int32_t>& shares);

}  // namespace potlut
