// The activation functions, one definition each, for loops that pick the function once outside.
#pragma once

#include <algorithm>
#include <cmath>

#include "graph/graph.h"

namespace potlut::graph {

// Calls body(f), where f(x, c) is the value of `activation` at x in channel c.
template <typename Body>
void WithFunction(const Activation& activation, Body&& body) {
  const float a = activation.a;
  const float b = activation.b;
  switch (activation.function) {
    case Function::kRelu:
      return body([](float x, int32_t) { return std::max(x, 0.0F); });
    case Function::kClip:
      return body([a, b](float x, int32_t) { return std::min(std::max(x, a), b); });
    case Function::kLeakyRelu:
      return body([a](float x, int32_t) { return x < 0 ? a * x : x; });
    case Function::kPRelu: {
      const float* slope = activation.slope.data();
      if (activation.slope.size() == 1) {
        return body([s = slope[0]](float x, int32_t) { return x < 0 ? s * x : x; });
      }
      return body([slope](float x, int32_t c) { return x < 0 ? slope[c] * x : x; });
    }
    case Function::kHardSigmoid:
      return body([a, b](float x, int32_t) { return std::max(0.0F, std::min(1.0F, a * x + b)); });
    case Function::kHardSwish:
      return body([](float x, int32_t) {
        return x * std::max(0.0F, std::min(1.0F, x * (1.0F / 6.0F) + 0.5F));
      });
    case Function::kSigmoid:
      return body([](float x, int32_t) { return 1.0F / (1.0F + std::exp(-x)); });
    case Function::kTanh:
      return body([](float x, int32_t) { return std::tanh(x); });
    case Function::kErf:
      return body([](float x, int32_t) { return std::erf(x); });
    case Function::kGelu:  // 1 + erf(z) as erfc(-z): exact where x is far below 0
      return body([](float x, int32_t) { return 0.5F * x * std::erfc(x * -0.70710678F); });
    case Function::kGeluTanh:
      return body([](float x, int32_t) {
        return 0.5F * x * (1.0F + std::tanh(0.79788456F * (x + 0.044715F * x * x * x)));
      });
    case Function::kSilu:
      return body([](float x, int32_t) { return x / (1.0F + std::exp(-x)); });
    case Function::kElu:
      return body([a](float x, int32_t) { return x < 0 ? a * std::expm1(x) : x; });
    case Function::kSoftplus:  // log(1 + exp(x)) without overflow
      return body(
          [](float x, int32_t) { return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x))); });
    case Function::kExp:
      return body([](float x, int32_t) { return std::exp(x); });
    case Function::kSqrt:
      return body([](float x, int32_t) { return std::sqrt(x); });
    case Function::kAbs:
      return body([](float x, int32_t) { return std::abs(x); });
    case Function::kNeg:
      return body([](float x, int32_t) { return -x; });
    case Function::kReciprocal:
      return body([](float x, int32_t) { return 1.0F / x; });
  }
}

}  // namespace potlut::graph
