// What an ONNX value name stands for while a model is imported.
#pragma once

#include <variant>

#include "onnx/constant.h"
#include "onnx/layout.h"

namespace potlut::onnx {

// A value that depends on the network's input: a graph node's value and how ONNX's axes map to it.
struct Tensor {
  int32_t node = 0;
  Layout layout;
  bool integral = false;  // ArgMax: casts to integers do not change it
};

using Value = std::variant<ConstantPtr, Tensor>;

}  // namespace potlut::onnx
