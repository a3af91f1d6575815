// Tests of functions of one value and of arithmetic with constants and between values.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "onnx/model_for_test.h"

namespace potlut::onnx {
namespace {

constexpr auto kUnsupported = ErrorCode::kUnsupported;
constexpr auto kBadInput = ErrorCode::kBadInput;

std::vector<float> Mapped(const std::vector<float>& x, const std::function<double(double)>& f) {
  std::vector<float> y;
  for (const float v : x) y.push_back(static_cast<float>(f(v)));
  return y;
}

TEST(Functions, OfOneValue) {
  struct Case {
    const char* op;
    int opset;
    std::vector<TestAttribute> attributes;
    std::function<double(double)> f;
  };
  const auto elu = [](double x, double a) { return x < 0 ? a * std::expm1(x) : x; };
  const auto hard = [](double x, double a, double b) {
    return std::max(0.0, std::min(1.0, a * x + b));
  };
  const auto softplus = [](double x) { return std::log1p(std::exp(x)); };
  const auto gelu_tanh = [](double x) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  };
  const std::vector<Case> cases = {
      {"Relu", 13, {}, [](double x) { return std::max(x, 0.0); }},
      {"Sigmoid", 13, {}, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Tanh", 13, {}, [](double x) { return std::tanh(x); }},
      {"Erf", 13, {}, [](double x) { return std::erf(x); }},
      {"Exp", 13, {}, [](double x) { return std::exp(x); }},
      {"Abs", 13, {}, [](double x) { return std::abs(x); }},
      {"Neg", 13, {}, [](double x) { return -x; }},
      {"Softplus", 13, {}, softplus},
      {"LeakyRelu", 13, {}, [](double x) { return x < 0 ? 0.01 * x : x; }},
      {"LeakyRelu", 13, {Float("alpha", 0.25F)}, [](double x) { return x < 0 ? x / 4 : x; }},
      {"Elu", 13, {}, [&](double x) { return elu(x, 1); }},
      {"Elu", 13, {Float("alpha", 0.5F)}, [&](double x) { return elu(x, 0.5); }},
      {"Selu", 13, {}, [&](double x) { return 1.0507009873554805 * elu(x, 1.6732632423543772); }},
      {"Celu", 13, {Float("alpha", 2)}, [&](double x) { return 2 * elu(x / 2, 1); }},
      {"HardSigmoid", 13, {}, [&](double x) { return hard(x, 0.2, 0.5); }},
      {"HardSigmoid",
       13,
       {Float("alpha", 0.5F), Float("beta", 0.25F)},
       [&](double x) { return hard(x, 0.5, 0.25); }},
      {"HardSwish", 14, {}, [&](double x) { return x * hard(x, 1.0 / 6, 0.5); }},
      {"Gelu", 20, {}, [](double x) { return x * (1 + std::erf(x / std::sqrt(2))) / 2; }},
      {"Gelu", 20, {Text("approximate", "tanh")}, gelu_tanh},
      {"Mish", 18, {}, [&](double x) { return x * std::tanh(softplus(x)); }},
      {"Clip",
       10,
       {Float("min", -0.5F), Float("max", 0.25F)},
       [](double x) { return std::min(std::max(x, -0.5), 0.25); }},
      {"Clip", 7, {Float("max", 0.25F)}, [](double x) { return std::min(x, 0.25); }},
      {"Dropout", 7, {Float("ratio", 0.5F)}, [](double x) { return x; }},
      {"Identity", 13, {}, [](double x) { return x; }},
      {"Cast", 13, {Int("to", 1)}, [](double x) { return x; }},
  };
  std::vector<float> x = RandomFloats(4 * 36, 1);
  for (float& v : x) v *= 4;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.op);
    TestModel model(c.opset);
    model.Node(c.op, {"x"}, {"y"}, c.attributes);
    ExpectNear(Evaluated(model, x), Mapped(x, c.f));
  }
  const std::vector<float> positive = Mapped(x, [](double v) { return std::abs(v) + 0.1; });
  TestModel root;
  root.Node("Sqrt", {"x"}, {"y"});
  ExpectNear(Evaluated(root, positive), Mapped(positive, [](double v) { return std::sqrt(v); }));
  TestModel reciprocal;
  reciprocal.Node("Reciprocal", {"x"}, {"y"});
  ExpectNear(Evaluated(reciprocal, positive), Mapped(positive, [](double v) { return 1 / v; }));
}

TEST(Clip, InputsMayBeMissingOrConstantNodes) {
  const auto clip = [](std::vector<std::string> inputs) {
    TestModel model;
    model.Floats("high", {}, {6}).Node("Constant", {}, {"low"}, {Float("value_float", 0)});
    model.Node("Clip", inputs, {"y"});
    return model.Import();
  };
  const graph::Activation relu6 = Only<graph::Activation>(clip({"x", "low", "high"}));
  EXPECT_EQ(relu6.function, graph::Function::kClip);
  EXPECT_EQ(relu6.a, 0);
  EXPECT_EQ(relu6.b, 6);
  EXPECT_EQ(Only<graph::Activation>(clip({"x", "low"})).function, graph::Function::kRelu);
  const graph::Activation high = Only<graph::Activation>(clip({"x", "", "high"}));
  EXPECT_EQ(high.a, -INFINITY);
  EXPECT_EQ(high.b, 6);
  EXPECT_EQ(Ops(clip({"x"})), "input");
}

TEST(Clip, Refusals) {
  TestModel late(11);
  late.Node("Clip", {"x"}, {"y"}, {Float("min", 0)});
  ExpectRefused(late, kBadInput, {"'min'", "opset 11"});
  TestModel early(10);
  early.Floats("low", {}, {0}).Node("Clip", {"x", "low"}, {"y"});
  ExpectRefused(early, kBadInput, {"min", "opset 11"});
  TestModel list;
  list.Floats("low", {2}, {0, 1}).Node("Clip", {"x", "low"}, {"y"});
  ExpectRefused(list, kBadInput, {"one number"});
  TestModel order;
  order.Floats("low", {}, {2}).Floats("high", {}, {1}).Node("Clip", {"x", "low", "high"}, {"y"});
  ExpectRefused(order, kBadInput, {"low end"});
  TestModel computed;
  computed.Node("Relu", {"x"}, {"r"}).Node("Clip", {"x", "r"}, {"y"});
  ExpectRefused(computed, kUnsupported, {"min", "constant"});
}

TEST(Functions, Refusals) {
  TestModel training(13);
  training.Floats("r", {}, {0.5F}).Node("Constant", {}, {"t"}, {Int("value_int", 1)});
  training.Node("Dropout", {"x", "r", "t"}, {"y"});
  ExpectRefused(training, kUnsupported, {"training_mode", "evaluation"});
  TestModel mask(13);
  mask.Node("Dropout", {"x"}, {"y", "m"}).Output("m");
  ExpectRefused(mask, kUnsupported, {"mask"});
  TestModel cast;
  cast.Node("Cast", {"x"}, {"y"}, {Int("to", 7)});
  ExpectRefused(cast, kUnsupported, {"'to'", "INT64"});
  TestModel gelu(20);
  gelu.Node("Gelu", {"x"}, {"y"}, {Text("approximate", "fast")});
  ExpectRefused(gelu, kBadInput, {"approximate"});
  TestModel early(13);
  early.Node("Gelu", {"x"}, {"y"});
  ExpectRefused(early, kBadInput, {"opsets 20 to 21", "13"});
}

TEST(PRelu, OneSlopeOrOneAChannel) {
  const std::vector<float> x = RandomFloats(4 * 36, 2);
  TestModel one;
  one.Floats("s", {1}, {0.5F}).Node("PRelu", {"x", "s"}, {"y"});
  ExpectNear(Evaluated(one, x), Mapped(x, [](double v) { return v < 0 ? v / 2 : v; }));
  TestModel each;
  each.Floats("s", {4, 1, 1}, {1, 2, 3, 4}).Node("PRelu", {"x", "s"}, {"y"});
  std::vector<float> want = x;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] < 0) want[i] *= static_cast<float>(i / 36 + 1);
  }
  ExpectNear(Evaluated(each, x), want);
  TestModel pixel;
  pixel.Random("s", {6}).Node("PRelu", {"x", "s"}, {"y"});
  ExpectRefused(pixel, kUnsupported, {"within a map"});
}

TEST(Arithmetic, WithConstants) {
  const std::vector<float> x = RandomFloats(4 * 36, 3);
  struct Case {
    const char* op;
    std::function<double(double, double)> f;
  };
  const std::vector<Case> cases = {{"Add", [](double a, double b) { return a + b; }},
                                   {"Sub", [](double a, double b) { return a - b; }},
                                   {"Mul", [](double a, double b) { return a * b; }},
                                   {"Div", [](double a, double b) { return a / b; }}};
  const std::vector<float> each{2, -3, 4, 0.5F};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.op);
    for (const bool reversed : {false, true}) {
      std::vector<float> want_one;
      std::vector<float> want_each;
      // Divisors stay away from 0.
      std::vector<float> values = x;
      for (float& v : values) v += v < 0 ? -1.0F : 1.0F;
      for (size_t i = 0; i < x.size(); ++i) {
        const double k = each[i / 36];
        const double v = values[i];
        want_one.push_back(static_cast<float>(reversed ? c.f(2, v) : c.f(v, 2)));
        want_each.push_back(static_cast<float>(reversed ? c.f(k, v) : c.f(v, k)));
      }
      const std::vector<std::string> inputs =
          reversed ? std::vector<std::string>{"c", "x"} : std::vector<std::string>{"x", "c"};
      TestModel one;
      one.Floats("c", {}, {2}).Node(c.op, inputs, {"y"});
      ExpectNear(Evaluated(one, values), want_one);
      TestModel channel;
      channel.Floats("c", {1, 4, 1, 1}, each).Node(c.op, inputs, {"y"});
      ExpectNear(Evaluated(channel, values), want_each);
      // Written out over the map, and met with channels last.
      TestModel full;
      std::vector<float> spread;
      for (size_t i = 0; i < x.size(); ++i) spread.push_back(each[i / 36]);
      full.Floats("c", {4, 6, 6}, spread).Node(c.op, inputs, {"y"});
      ExpectNear(Evaluated(full, values), want_each);
      TestModel last;
      last.Floats("c", {4}, each).Node("Transpose", {"x"}, {"t"}, {Ints("perm", {0, 2, 3, 1})});
      last.Node(c.op,
                reversed ? std::vector<std::string>{"c", "t"} : std::vector<std::string>{"t", "c"},
                {"z"});
      last.Node("Transpose", {"z"}, {"y"}, {Ints("perm", {0, 3, 1, 2})});
      ExpectNear(Evaluated(last, values), want_each);
    }
  }
}

TEST(Arithmetic, BetweenValues) {
  const std::vector<float> x = RandomFloats(4 * 36, 4);
  TestModel sub;
  sub.Node("Relu", {"x"}, {"r"}).Node("Sub", {"r", "x"}, {"y"});
  ExpectNear(Evaluated(sub, x), Mapped(x, [](double v) { return std::max(v, 0.0) - v; }));
  TestModel div;
  div.Node("Exp", {"x"}, {"e"}).Node("Div", {"x", "e"}, {"y"});
  ExpectNear(Evaluated(div, x), Mapped(x, [](double v) { return v / std::exp(v); }));
  // A gate from either side, and its subtraction from both sides.
  std::vector<float> mean(4);
  for (size_t i = 0; i < x.size(); ++i) mean[i / 36] += x[i] / 36;
  const auto gated = [&](const char* op, bool gate_first) {
    TestModel model;
    model.Node("GlobalAveragePool", {"x"}, {"g"});
    model.Node(op,
               gate_first ? std::vector<std::string>{"g", "x"} : std::vector<std::string>{"x", "g"},
               {"y"});
    return Evaluated(model, x);
  };
  std::vector<float> product;
  std::vector<float> difference;
  for (size_t i = 0; i < x.size(); ++i) {
    product.push_back(x[i] * mean[i / 36]);
    difference.push_back(x[i] - mean[i / 36]);
  }
  ExpectNear(gated("Mul", false), product);
  ExpectNear(gated("Mul", true), product);
  ExpectNear(gated("Sub", false), difference);
  for (float& v : difference) v = -v;
  ExpectNear(gated("Sub", true), difference);
}

TEST(Arithmetic, SumMeanMaxMinPow) {
  const std::vector<float> x = RandomFloats(4 * 36, 5);
  const auto run = [&](const char* op, std::vector<std::string> inputs, float constant) {
    TestModel model;
    model.Floats("c", {}, {constant}).Node("Abs", {"x"}, {"a"}).Node(op, inputs, {"y"});
    return Evaluated(model, x);
  };
  const auto abs = [](double v) { return std::abs(v); };
  ExpectNear(run("Sum", {"x", "a"}, 0), Mapped(x, [&](double v) { return v + abs(v); }));
  ExpectNear(run("Sum", {"c", "x", "a", "x"}, 3),
             Mapped(x, [&](double v) { return 3 + 2 * v + abs(v); }));
  ExpectNear(run("Sum", {"x"}, 0), x);
  ExpectNear(run("Mean", {"x", "a", "c"}, 3),
             Mapped(x, [&](double v) { return (v + abs(v) + 3) / 3; }));
  ExpectNear(run("Max", {"x", "c"}, 0.5F), Mapped(x, [](double v) { return std::max(v, 0.5); }));
  ExpectNear(run("Max", {"c", "x"}, 0), Mapped(x, [](double v) { return std::max(v, 0.0); }));
  ExpectNear(run("Min", {"x", "c"}, 0.5F), Mapped(x, [](double v) { return std::min(v, 0.5); }));
  for (const float exponent : {-1.0F, -0.5F, 0.5F, 1.0F, 2.0F, 3.0F}) {
    SCOPED_TRACE(exponent);
    TestModel model;
    model.Floats("c", {}, {exponent}).Floats("one", {}, {1});
    model.Node("Abs", {"x"}, {"a"}).Node("Add", {"a", "one"}, {"b"}).Node("Pow", {"b", "c"}, {"y"});
    ExpectNear(Evaluated(model, x),
               Mapped(x, [&](double v) { return std::pow(std::abs(v) + 1, exponent); }));
  }
}

TEST(Arithmetic, Refusals) {
  const auto with = [](const char* op, std::vector<int64_t> dims) {
    TestModel model;
    model.Random("c", dims).Node(op, {"x", "c"}, {"y"});
    return model;
  };
  ExpectRefused(with("Add", {6}), kUnsupported, {"Add", "within a map"});
  ExpectRefused(with("Mul", {4, 6, 6}), kUnsupported, {"within a map"});
  ExpectRefused(with("Add", {5, 1, 1}), kBadInput, {"does not fit"});
  ExpectRefused(with("Add", {2, 4, 1, 1}), kUnsupported, {"larger"});
  ExpectRefused(with("Add", {1, 1, 4, 1, 1}), kBadInput, {"more dimensions"});
  ExpectRefused(with("Add", {1, 1, 1, 1, 1}), kUnsupported, {"add axes"});
  ExpectRefused(with("Max", {4, 1, 1}), kUnsupported, {"one number"});
  ExpectRefused(with("Pow", {4, 1, 1}), kBadInput, {"exponent"});
  TestModel pow;
  pow.Floats("c", {}, {2.5F}).Node("Pow", {"x", "c"}, {"y"});
  ExpectRefused(pow, kUnsupported, {"2.5"});
  TestModel zero;
  zero.Floats("c", {}, {0}).Node("Div", {"x", "c"}, {"y"});
  ExpectRefused(zero, kBadInput, {"0"});
  TestModel integer;
  integer.Ints("c", {}, {1}).Node("Add", {"x", "c"}, {"y"});
  ExpectRefused(integer, kBadInput, {"INT64"});
  TestModel two;
  two.Node("Relu", {"x"}, {"r"}).Node("Max", {"x", "r"}, {"y"});
  ExpectRefused(two, kUnsupported, {"two values"});
  TestModel spatial;  // a gate that is one map for all channels
  spatial.Random("w", {1, 4, 1, 1}).Node("Conv", {"x", "w"}, {"g"}).Node("Mul", {"x", "g"}, {"y"});
  ExpectRefused(spatial, kUnsupported, {"one value a channel"});
}

TEST(Classes, SoftmaxArgMaxAndLrn) {
  const std::vector<float> x = RandomFloats(4 * 36, 6);
  std::vector<float> softmax(x.size());
  std::vector<float> best(36);
  for (size_t p = 0; p < 36; ++p) {
    double sum = 0;
    for (size_t c = 0; c < 4; ++c) {
      sum += std::exp(x[c * 36 + p]);
      if (x[c * 36 + p] > x[static_cast<size_t>(best[p]) * 36 + p]) best[p] = static_cast<float>(c);
    }
    for (size_t c = 0; c < 4; ++c) {
      softmax[c * 36 + p] = static_cast<float>(std::exp(x[c * 36 + p]) / sum);
    }
  }
  TestModel soft;
  soft.Node("Softmax", {"x"}, {"y"}, {Int("axis", 1)});
  ExpectNear(Evaluated(soft, x), softmax);
  for (const int64_t keep : {0, 1}) {
    TestModel arg;
    arg.Node("ArgMax", {"x"}, {"a"}, {Int("axis", -3), Int("keepdims", keep)});
    arg.Node("Cast", {"a"}, {"b"}, {Int("to", 6)}).Node("Cast", {"b"}, {"y"}, {Int("to", 1)});
    ExpectNear(Evaluated(arg, x), best);
  }
  // Before opset 13 the axes from `axis` on count as one.
  TestModel coerced(11);
  coerced.Node("Softmax", {"x"}, {"y"}, {Int("axis", 1)});
  ExpectRefused(coerced, kUnsupported, {"axis"});
  TestModel vector(11);
  vector.Node("GlobalMaxPool", {"x"}, {"g"}).Node("Softmax", {"g"}, {"y"});
  EXPECT_EQ(Ops(vector.Import()), "input max_pool softmax");

  TestModel lrn;
  lrn.Node("LRN", {"x"}, {"y"},
           {Int("size", 3), Float("alpha", 0.3F), Float("beta", 0.5F), Float("bias", 2)});
  std::vector<float> want(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    double squares = 0;
    for (size_t c = i / 36 - (i >= 36 ? 1 : 0); c <= std::min<size_t>(3, i / 36 + 1); ++c) {
      squares += std::pow(x[c * 36 + i % 36], 2);
    }
    want[i] = static_cast<float>(x[i] / std::sqrt(2 + 0.1 * squares));
  }
  ExpectNear(Evaluated(lrn, x), want);
}

TEST(Classes, Refusals) {
  TestModel width;
  width.Node("Softmax", {"x"}, {"y"});
  ExpectRefused(width, kUnsupported, {"axis 3", "channels"});
  TestModel batch;
  batch.Node("ArgMax", {"x"}, {"y"});
  ExpectRefused(batch, kUnsupported, {"axis 0"});
  TestModel last;
  last.Node("ArgMax", {"x"}, {"y"}, {Int("axis", 1), Int("select_last_index", 1)});
  ExpectRefused(last, kUnsupported, {"select_last_index"});
  TestModel integers;
  integers.Node("ArgMax", {"x"}, {"a"}, {Int("axis", 1)}).Node("Relu", {"a"}, {"y"});
  ExpectRefused(integers, kUnsupported, {"integers", "float"});
  TestModel log;
  log.Node("LogSoftmax", {"x"}, {"y"}, {Int("axis", 1)});
  ExpectRefused(log, kUnsupported, {"LogSoftmax", "Softmax"});
  TestModel size;
  size.Node("LRN", {"x"}, {"y"}, {Int("size", 0)});
  ExpectRefused(size, kBadInput, {"size"});
}

TEST(Chains, GeluSiluAndHardSwishOfExporters) {
  std::vector<float> x = RandomFloats(4 * 36, 7);
  for (float& v : x) v *= 5;
  TestModel gelu;
  gelu.Floats("root", {}, {1.41421356F}).Floats("one", {}, {1}).Floats("half", {}, {0.5F});
  gelu.Node("Div", {"x", "root"}, {"a"}).Node("Erf", {"a"}, {"b"}).Node("Add", {"b", "one"}, {"c"});
  gelu.Node("Mul", {"x", "c"}, {"d"}).Node("Mul", {"d", "half"}, {"y"});
  ExpectNear(Evaluated(gelu, x),
             Mapped(x, [](double v) { return v * (1 + std::erf(v / std::sqrt(2))) / 2; }));
  TestModel silu;
  silu.Node("Sigmoid", {"x"}, {"s"}).Node("Mul", {"x", "s"}, {"y"});
  ExpectNear(Evaluated(silu, x), Mapped(x, [](double v) { return v / (1 + std::exp(-v)); }));
  TestModel swish(9);
  swish.Floats("three", {}, {3}).Floats("six", {}, {6});
  swish.Node("Add", {"x", "three"}, {"a"});
  swish.Node("Clip", {"a"}, {"b"}, {Float("min", 0), Float("max", 6)});
  swish.Node("Mul", {"x", "b"}, {"c"}).Node("Div", {"c", "six"}, {"y"});
  ExpectNear(Evaluated(swish, x),
             Mapped(x, [](double v) { return v * std::max(0.0, std::min(6.0, v + 3)) / 6; }));
}

}  // namespace
}  // namespace potlut::onnx
