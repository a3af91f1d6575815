// The activation functions, one definition each, for loops that pick the function once outside.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "graph/graph.h"

namespace potlut::graph {

// exp(x) within 2 units in the last place for x in [-87, 88] and held at those ends, in operations
// that a compiler turns into vectors (std::exp makes maps of sigmoids four times as slow). 2^n *
// p(r) with x = n * log 2 + r, and the polynomial of Cephes' expf.
inline float BoundedExp(float x) {
  constexpr float kLog2e = 1.44269504F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  constexpr float kRounder =
      12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  x = std::min(std::max(x, -87.0F), 88.0F);
  const float shifted = x * kLog2e + kRounder;
  const float n = shifted - kRounder;
  const float r = x - n * kLn2High - n * kLn2Low;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const uint32_t scale = (std::bit_cast<uint32_t>(shifted) << 23) + (uint32_t{127} << 23);
  return p * std::bit_cast<float>(scale);
}

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
      return body([](float x, int32_t) { return 1.0F / (1.0F + BoundedExp(-x)); });
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
      return body([](float x, int32_t) { return x / (1.0F + BoundedExp(-x)); });
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
