// Names and values of the activation functions.
#include "graph/functions.h"

namespace potlut::graph {

std::string_view FunctionName(Function function) {
  switch (function) {
    case Function::kRelu:
      return "relu";
    case Function::kClip:
      return "clip";
    case Function::kLeakyRelu:
      return "leaky_relu";
    case Function::kPRelu:
      return "prelu";
    case Function::kHardSigmoid:
      return "hard_sigmoid";
    case Function::kHardSwish:
      return "hard_swish";
    case Function::kSigmoid:
      return "sigmoid";
    case Function::kTanh:
      return "tanh";
    case Function::kErf:
      return "erf";
    case Function::kGelu:
      return "gelu";
    case Function::kGeluTanh:
      return "gelu_tanh";
    case Function::kSilu:
      return "silu";
    case Function::kElu:
      return "elu";
    case Function::kSoftplus:
      return "softplus";
    case Function::kExp:
      return "exp";
    case Function::kSqrt:
      return "sqrt";
    case Function::kAbs:
      return "abs";
    case Function::kNeg:
      return "neg";
    case Function::kReciprocal:
      return "reciprocal";
  }
  return "unknown";
}

float Evaluate(const Activation& activation, float x, int32_t c) {
  float y = 0;
  WithFunction(activation, [&](auto f) { y = f(x, c); });
  return y;
}

}  // namespace potlut::graph
