// Steps of random graphs.
#include "graph/random_for_test.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace potlut::graph {

Conv RandomConv(Random& random, const Window& window, int32_t in, int32_t out, int32_t groups) {
  Conv conv{window, groups, out, {}, {}};
  const int32_t fan_in = window.kernel_h * window.kernel_w * (in / groups);
  const float size = 1.5F / std::sqrt(static_cast<float>(fan_in));
  conv.weights = random.Reals(int64_t{out} * fan_in, -size, size);
  if (random.Int(0, 2) > 0) conv.bias = random.Reals(out);
  return conv;
}

int32_t GraphBuilder::Put(Op op, std::vector<int32_t> inputs, std::string name) {
  auto node = Append(graph, {std::move(name), std::move(op), std::move(inputs), {}});
  if (!node.ok()) {
    std::fprintf(stderr, "%s\n", node.error().message.c_str());
    std::abort();
  }
  return *node;
}

int32_t GraphBuilder::PutSlice(const Slice& slice, int32_t input, const Shape& shape) {
  return Append(graph, {"", slice, {input}, shape}).value();
}

namespace {

// Another value of the shape of `node`, or it itself.
int32_t Partner(Random& random, const GraphBuilder& builder, int32_t node) {
  const auto count = static_cast<int32_t>(builder.graph.nodes.size());
  for (int tries = 0; tries < 8; ++tries) {
    const int32_t other = random.Int(0, count - 1);
    const Shape& s = builder.shape(other);
    if (s == builder.shape(node) || s == Shape{builder.shape(node).c, 1, 1}) return other;
  }
  return node;
}

int32_t AddConv(Random& random, GraphBuilder& b, int32_t x) {
  const Shape in = b.shape(x);
  Window w;
  if (in.h >= 3 && in.w >= 3 && random.Int(0, 2) > 0) {
    w = {.kernel_h = 3,
         .kernel_w = 3,
         .stride_h = random.Int(1, 2),
         .pad_top = random.Int(0, 1),
         .pad_left = random.Int(0, 1),
         .pad_bottom = random.Int(0, 1),
         .pad_right = random.Int(0, 1)};
  }
  const bool depthwise = random.Int(0, 2) == 0;
  return b.Put(
      RandomConv(random, w, in.c, depthwise ? in.c : random.Int(1, 6), depthwise ? in.c : 1), {x});
}

int32_t AddAffine(Random& random, GraphBuilder& b, int32_t x) {
  const int32_t c = b.shape(x).c;
  const auto constant = [&](float low, float high) {
    return random.Reals(random.Int(0, 1) ? c : 1, low, high);
  };
  switch (random.Int(0, 3)) {
    case 0:
      return b.Put(Affine{constant(-1.2F, 1.2F), {0}}, {x});
    case 1:
      return b.Put(Affine{{1}, {0}}, {x});
    default:
      return b.Put(Affine{constant(-1.2F, 1.2F), constant(-1, 1)}, {x});
  }
}

int32_t AddActivation(Random& random, GraphBuilder& b, int32_t x) {
  constexpr Function kFunctions[] = {Function::kRelu,        Function::kRelu,      Function::kClip,
                                     Function::kClip,        Function::kLeakyRelu, Function::kPRelu,
                                     Function::kHardSigmoid, Function::kSigmoid,   Function::kTanh,
                                     Function::kAbs,         Function::kNeg};
  Activation act;
  act.function = kFunctions[random.Int(0, static_cast<int32_t>(std::size(kFunctions)) - 1)];
  act.a = random.Real(-1, 0.5F);
  act.b = act.a + random.Real(0, 2);
  if (act.function == Function::kClip && random.Int(0, 2) == 0) act.a = 0, act.b = 6;
  if (act.function == Function::kClip && random.Int(0, 4) == 0) act.b = INFINITY;
  if (act.function == Function::kPRelu) {
    act.slope = random.Reals(random.Int(0, 1) ? b.shape(x).c : 1);
  }
  return b.Put(act, {x});
}

// Functions written out, as exporters do.
int32_t AddSpelledFunction(Random& random, GraphBuilder& b, int32_t x) {
  switch (random.Int(0, 4)) {
    case 0:
      return b.Put(Mul{}, {x, b.Act(Function::kSigmoid, x)});
    case 1: {
      const int32_t clip = b.Act(Function::kClip, b.Line(x, 1, 3), 0, 6);
      return b.Line(b.Put(Mul{}, {x, clip}), 1.0F / 6, 0);
    }
    case 2:
      return b.Put(Mul{}, {b.Act(Function::kHardSigmoid, x, 1.0F / 6, 0.5F), x});
    case 3: {
      const int32_t erf = b.Line(b.Act(Function::kErf, b.Line(x, std::sqrt(0.5F), 0)), 1, 1);
      return b.Put(Mul{}, {b.Line(x, 0.5F, 0), erf});
    }
    default:
      return b.Line(b.Act(Function::kClip, b.Line(x, 1, 3), 0, 6), 1.0F / 6, 0);
  }
}

int32_t AddPool(Random& random, GraphBuilder& b, int32_t x) {
  const Shape in = b.shape(x);
  Window w;
  if (in.h >= 2 && in.w >= 2 && random.Int(0, 3) > 0) {
    w = {.kernel_h = 2,
         .kernel_w = 2,
         .stride_h = random.Int(1, 2),
         .stride_w = random.Int(1, 2),
         .pad_top = random.Int(0, 1),
         .pad_left = random.Int(0, 1)};
  }
  if (random.Int(0, 1)) return b.Put(MaxPool{w}, {x});
  return b.Put(AvgPool{w, random.Int(0, 1) == 1}, {x});
}

int32_t AddPad(Random& random, GraphBuilder& b, int32_t x) {
  Pad pad;
  for (int i = random.Int(0, 3) > 0 ? 1 : 0; i < 3; ++i) {
    pad.before[i] = random.Int(0, 1);
    pad.after[i] = random.Int(0, 1);
  }
  if (random.Int(0, 3) == 0) pad.value = random.Real(-1, 1);
  return b.Put(pad, {x});
}

int32_t AddMove(Random& random, GraphBuilder& b, int32_t x) {
  const Shape in = b.shape(x);
  switch (random.Int(0, 3)) {
    case 0: {
      Shape wanted = in;
      if (random.Int(0, 1)) wanted.c = random.Int(1, in.c);
      return b.PutSlice({{in.c - wanted.c, 0, 0}, {1, 1, 1}}, x, wanted);
    }
    case 1:
      return b.Put(Shuffle{in.c % 2 == 0 ? 2 : 1}, {x});
    case 2:
      return b.Put(Resize{1, in.w < 6 ? random.Int(1, 2) : 1}, {x});
    default:
      return b.Put(Concat{}, {x});
  }
}

int32_t AddFlatten(Random& random, GraphBuilder& b, int32_t x) {
  const auto order = random.Int(0, 1) ? Flatten::Order::kChw : Flatten::Order::kHwc;
  int32_t y = b.Put(Flatten{order}, {x});
  if (random.Int(0, 2) == 0) y = AddActivation(random, b, y);
  return random.Int(0, 2) ? b.Put(RandomConv(random, {}, b.shape(y).c, random.Int(1, 6)), {y}) : y;
}

}  // namespace

Graph RandomGraph(Random& random, int steps) {
  GraphBuilder b({random.Int(1, 4), random.Int(3, 7), random.Int(3, 7)});
  for (int step = 0; step < steps; ++step) {
    const auto last = static_cast<int32_t>(b.graph.nodes.size()) - 1;
    // Mostly a chain; sometimes a branch.
    const int32_t x = random.Int(0, 3) ? last : random.Int(0, last);
    switch (random.Int(0, 11)) {
      case 0:
      case 1:
      case 2:
        AddConv(random, b, x);
        break;
      case 3:
      case 4:
        AddAffine(random, b, x);
        break;
      case 5:
      case 6:
        AddActivation(random, b, x);
        break;
      case 7:
        AddSpelledFunction(random, b, x);
        break;
      case 8:
        AddPool(random, b, x);
        break;
      case 9:
        AddPad(random, b, x);
        break;
      case 10:
        if (random.Int(0, 1)) {
          AddMove(random, b, x);
        } else {
          AddFlatten(random, b, x);
        }
        break;
      default:
        b.Put(Add{random.Int(0, 1) == 1}, {x, Partner(random, b, x)});
    }
  }
  const auto last = static_cast<int32_t>(b.graph.nodes.size()) - 1;
  std::vector<int32_t> outputs{last};
  if (random.Int(0, 2) == 0) outputs.push_back(random.Int(0, last));
  return b.Finish(outputs);
}

}  // namespace potlut::graph
