// Arithmetic that spells an activation function: x * sigmoid(x), the gelus, and so on, in any order
// of their factors.
//
// A gate is k * u * w with w = s * f(g) + t; it is recognised where u is a multiple of some x and g
// a polynomial in that same x, whatever the order in which an exporter wrote the constants.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "graph/simplify_rules.h"

namespace potlut::graph {
namespace {

constexpr int kMaxDepth = 6;

// Coefficients of 1, x, x^2, x^3.
using Polynomial = std::array<double, 4>;

// a is b but for the rounding of constants to single precision.
bool Near(double a, double b) { return std::fabs(a - b) <= 1e-5 * std::max(1.0, std::fabs(b)); }

bool Near(const Polynomial& a, const Polynomial& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::fabs(a[i] - b[i]) > 1e-5 * std::max(std::fabs(b[i]), 0.01)) return false;
  }
  return true;
}

struct Line {  // y = scale * x + shift
  double scale = 1, shift = 0;
};

// An Affine with the same constants for all channels.
std::optional<Line> AsLine(const Rewriter& graph, int32_t node) {
  const auto* affine = graph.As<Affine>(node);
  const auto uniform = [](const std::vector<float>& v) {
    return std::all_of(v.begin(), v.end(), [&](float x) { return x == v[0]; });
  };
  if (!affine || !uniform(affine->scale) || !uniform(affine->shift)) return {};
  return Line{affine->scale[0], affine->shift[0]};
}

std::optional<Polynomial> Product(const Polynomial& a, const Polynomial& b) {
  Polynomial product{};
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) {
      if (a[i] == 0 || b[j] == 0) continue;
      if (i + j >= product.size()) return {};
      product[i + j] += a[i] * b[j];
    }
  }
  return product;
}

// The node's value as a polynomial in the value of node `x`, element by element, if it is one. An
// Add or Mul of two such operands has them in one shape: neither can be spread.
std::optional<Polynomial> AsPolynomial(const Rewriter& graph, int32_t node, int32_t x, int depth) {
  if (node == x) return Polynomial{0, 1, 0, 0};
  if (node < x || depth == 0) return {};
  const Node& n = graph.at(node);
  if (const auto line = AsLine(graph, node)) {
    auto p = AsPolynomial(graph, n.inputs[0], x, depth - 1);
    if (!p) return {};
    for (double& coefficient : *p) coefficient *= line->scale;
    (*p)[0] += line->shift;
    return p;
  }
  const auto* add = graph.As<Add>(node);
  if (!add && !graph.As<Mul>(node)) return {};
  auto a = AsPolynomial(graph, n.inputs[0], x, depth - 1);
  if (!a) return {};
  const auto b = AsPolynomial(graph, n.inputs[1], x, depth - 1);
  if (!b) return {};
  if (!add) return Product(*a, *b);
  for (size_t i = 0; i < a->size(); ++i) (*a)[i] += add->subtract ? -(*b)[i] : (*b)[i];
  return a;
}

// An activation with what is done to its result: value = outer(activation(node `argument`)).
struct Core {
  const Activation* activation;
  int32_t argument;
  Line outer;
};

std::optional<Core> AsCore(const Rewriter& graph, int32_t node) {
  Line outer;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    if (const auto* act = graph.As<Activation>(node)) {
      return Core{act, graph.at(node).inputs[0], outer};
    }
    const auto line = AsLine(graph, node);
    if (!line) return {};
    outer = {outer.scale * line->scale, outer.scale * line->shift + outer.shift};
    node = graph.at(node).inputs[0];
  }
  return {};
}

// A clamp of p(x) from 0 to some height, divided by the height: max(0, min(1, a * x + b)).
struct HardSigmoidForm {
  double height;
  Polynomial inner;  // a * x + b
};

std::optional<HardSigmoidForm> AsHardSigmoid(const Activation& act, Polynomial p) {
  if (act.function == Function::kHardSigmoid) {
    for (double& coefficient : p) coefficient *= static_cast<double>(act.a);
    p[0] += static_cast<double>(act.b);
    return HardSigmoidForm{1, p};
  }
  const bool clamps = act.function == Function::kClip && act.a == 0 && act.b > 0 &&
                      act.b < std::numeric_limits<float>::max();
  if (!clamps) return {};
  for (double& coefficient : p) coefficient /= static_cast<double>(act.b);
  return HardSigmoidForm{static_cast<double>(act.b), p};
}

// Which function k * x * outer(activation(p(x))) is.
std::optional<Function> GateFunction(const Core& core, const Polynomial& p, double k) {
  constexpr Polynomial kIdentity{0, 1, 0, 0}, kSixth{0.5, 1.0 / 6, 0, 0};
  constexpr Polynomial kErfArgument{0, 0.70710678118654752, 0, 0};
  constexpr Polynomial kTanhArgument{0, 0.79788456080286536, 0, 0.79788456080286536 * 0.044715};
  const Activation& act = *core.activation;
  const double scale = k * core.outer.scale, shift = k * core.outer.shift;
  const bool half_plus_half = Near(scale, 0.5) && Near(shift, 0.5);
  if (act.function == Function::kErf && half_plus_half && Near(p, kErfArgument)) {
    return Function::kGelu;
  }
  if (act.function == Function::kTanh && half_plus_half && Near(p, kTanhArgument)) {
    return Function::kGeluTanh;
  }
  if (act.function == Function::kSigmoid && Near(scale, 1) && shift == 0 && Near(p, kIdentity)) {
    return Function::kSilu;
  }
  const auto hard = AsHardSigmoid(act, p);
  if (hard && Near(scale * hard->height, 1) && shift == 0 && Near(hard->inner, kSixth)) {
    return Function::kHardSwish;
  }
  return {};
}

// Where k times the Mul `node` is a function of one x: makes `root` (the Mul, or the Affine over
// it) that function.
bool RecogniseGate(Rewriter& graph, int32_t root, int32_t node, double k) {
  const std::vector<int32_t> inputs = graph.at(node).inputs;
  for (const size_t side : {0, 1}) {
    const auto core = AsCore(graph, inputs[1 - side]);
    if (!core) continue;
    int32_t x = inputs[side];
    double multiple = k;  // k * u as a multiple of x
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      const auto p = AsPolynomial(graph, core->argument, x, kMaxDepth);
      if (const auto function = p ? GateFunction(*core, *p, multiple) : std::nullopt) {
        graph.op(root) = Activation{*function, 0, 0, {}};
        graph.SetInputs(root, {x});
        return true;
      }
      const auto line = AsLine(graph, x);
      if (!line || line->shift != 0) break;
      multiple *= line->scale;
      x = graph.at(x).inputs[0];
    }
  }
  return false;
}

// clip(x + 3, 0, 6) / 6 and what equals it.
bool RecogniseHardSigmoid(Rewriter& graph, int32_t node) {
  const auto core = AsCore(graph, node);
  if (!core || core->activation->function != Function::kClip || core->outer.shift != 0)
    return false;
  int32_t x = core->argument;
  for (int depth = 0; depth < kMaxDepth && AsLine(graph, x); ++depth) {
    x = graph.at(x).inputs[0];
    const auto p = AsPolynomial(graph, core->argument, x, kMaxDepth);
    const auto hard = p ? AsHardSigmoid(*core->activation, *p) : std::nullopt;
    if (!hard || !Near(core->outer.scale * hard->height, 1)) continue;
    // PyTorch's constants and those of Keras and ONNX; any others may be a network's own clamp.
    for (const float a : {1.0F / 6, 0.2F}) {
      if (!Near(hard->inner, Polynomial{0.5, static_cast<double>(a), 0, 0})) continue;
      graph.op(node) = Activation{Function::kHardSigmoid, a, 0.5F, {}};
      graph.SetInputs(node, {x});
      return true;
    }
  }
  return false;
}

}  // namespace

bool RecogniseFunction(Rewriter& graph, int32_t node) {
  if (graph.As<Mul>(node)) return RecogniseGate(graph, node, node, 1);
  if (RecogniseHardSigmoid(graph, node)) return true;
  const auto line = AsLine(graph, node);
  const int32_t before = graph.at(node).inputs[0];
  return line && line->shift == 0 && graph.As<Mul>(before) &&
         RecogniseGate(graph, node, before, line->scale);
}

}  // namespace potlut::graph
