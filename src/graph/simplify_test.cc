// Each rule of Simplify: what it makes, and where it must keep its hands off.
#include "graph/simplify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graph/executor.h"
#include "graph/random_for_test.h"

namespace potlut::graph {
namespace {

constexpr Window kPadded{
    .kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
constexpr Window kBare{.kernel_h = 3, .kernel_w = 3};

std::vector<Values> RunGraph(const Graph& graph, const Values& input) {
  const auto executor = Executor::Create(graph, 2, 1);
  EXPECT_TRUE(executor.ok()) << executor.status().message();
  auto values = (*executor)->Run(input, graph.outputs);
  EXPECT_TRUE(values.ok()) << values.status().message();
  return std::move(*values);
}

void ExpectSameFunction(const Graph& a, const Graph& b, uint32_t seed) {
  Random random(seed);
  const Values input = random.Reals(2 * a.input_shape().count(), -3, 3);
  const auto want = RunGraph(a, input), have = RunGraph(b, input);
  ASSERT_EQ(want.size(), have.size());
  for (size_t o = 0; o < want.size(); ++o) {
    ASSERT_EQ(want[o].size(), have[o].size());
    float scale = 1;
    for (const float v : want[o]) scale = std::max(scale, std::fabs(v));
    for (size_t i = 0; i < want[o].size(); ++i) {
      ASSERT_NEAR(have[o][i], want[o][i], 1e-4 * scale)
          << "output " << o << ", element " << i << "; before:\n"
          << Describe(a) << "after:\n"
          << Describe(b);
    }
  }
}

// Everything that a node computes from.
void ExpectSameGraph(const Graph& a, const Graph& b) {
  ASSERT_EQ(Describe(a), Describe(b));
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    if (const auto* conv = std::get_if<Conv>(&a.nodes[i].op)) {
      const auto& other = std::get<Conv>(b.nodes[i].op);
      EXPECT_EQ(conv->weights, other.weights);
      EXPECT_EQ(conv->bias, other.bias);
    } else if (const auto* affine = std::get_if<Affine>(&a.nodes[i].op)) {
      const auto& other = std::get<Affine>(b.nodes[i].op);
      EXPECT_EQ(affine->scale, other.scale);
      EXPECT_EQ(affine->shift, other.shift);
    }
  }
}

// Simplifies, checks that the function is the same and that nothing more can be done, and returns
// the operators.
std::string Ops(const Graph& graph, Graph* result = nullptr) {
  const auto simple = Simplify(graph);
  EXPECT_TRUE(simple.ok()) << simple.status().message();
  if (!simple.ok()) return "";
  ExpectSameFunction(graph, *simple, 1);
  const auto again = Simplify(*simple);
  EXPECT_TRUE(again.ok());
  if (again.ok()) ExpectSameGraph(*simple, *again);
  std::string ops;
  for (const Node& node : simple->nodes) {
    const auto* act = std::get_if<Activation>(&node.op);
    ops += ops.empty() ? "" : " ";
    ops += act ? FunctionName(act->function) : OpName(node.op);
  }
  if (result) *result = *simple;
  return ops;
}

class SimplifyTest : public testing::Test {
 protected:
  Random random_{11};
  GraphBuilder b_{{4, 6, 5}};
  int32_t PutConv(int32_t x, const Window& window = kBare, int32_t groups = 1,
                  std::string name = "") {
    return b_.Put(RandomConv(random_, window, b_.shape(x).c, 4, groups), {x}, std::move(name));
  }
  int32_t PutAffine(int32_t x, bool shift = true) {
    const int32_t c = b_.shape(x).c;
    return b_.Put(Affine{random_.Reals(c, -2, 2), shift ? random_.Reals(c) : std::vector<float>{0}},
                  {x});
  }
  std::string OpsOf(std::vector<int32_t> outputs, Graph* result = nullptr) {
    return Ops(b_.Finish(std::move(outputs)), result);
  }
};

TEST_F(SimplifyTest, AffineAfterConvFoldsAndTheConvKeepsItsName) {
  Graph result;
  const int32_t conv = PutConv(0, kPadded, 2, "stem");
  EXPECT_EQ(OpsOf({PutAffine(conv)}, &result), "input conv");
  EXPECT_EQ(result.nodes[1].name, "stem");
}

TEST_F(SimplifyTest, AffineAfterConvWithZeroAndNegativeScalesFolds) {
  EXPECT_EQ(OpsOf({b_.Put(Affine{{0, -1, -0.5F, 0}, {1, 2, 3, 4}}, {PutConv(0)})}), "input conv");
}

TEST_F(SimplifyTest, AffineAfterConvWithAnotherReaderStays) {
  const int32_t conv = PutConv(0), affine = PutAffine(conv);
  EXPECT_EQ(OpsOf({b_.Put(Add{}, {conv, affine})}), "input conv affine add");
}

TEST_F(SimplifyTest, AffineAfterConvThatIsAnOutputStays) {
  const int32_t conv = PutConv(0), affine = PutAffine(conv);
  EXPECT_EQ(OpsOf({affine, conv}), "input conv affine");
}

TEST_F(SimplifyTest, AffineBeforeConvFoldsWithoutPadding) {
  EXPECT_EQ(OpsOf({PutConv(PutAffine(0), kBare, 2)}), "input conv");
}

TEST_F(SimplifyTest, ScaleBeforePaddedConvFolds) {
  EXPECT_EQ(OpsOf({PutConv(PutAffine(0, false), kPadded)}), "input conv");
}

TEST_F(SimplifyTest, ShiftBeforePaddedConvStays) {
  EXPECT_EQ(OpsOf({PutConv(PutAffine(0), kPadded)}), "input affine conv");
}

TEST_F(SimplifyTest, AffineBeforeSeveralConvsFoldsIntoAllOrNone) {
  const int32_t affine = PutAffine(0);
  const int32_t one = PutConv(affine), two = PutConv(affine);
  EXPECT_EQ(OpsOf({one, two}), "input conv conv");
  EXPECT_EQ(OpsOf({one, two, PutConv(affine, kPadded)}), "input affine conv conv conv");
  EXPECT_EQ(OpsOf({one, affine}), "input affine conv");
}

TEST_F(SimplifyTest, ConstantsThatWouldOverflowStay) {
  Conv conv = RandomConv(random_, {}, 4, 4);
  conv.weights.assign(16, 1e30F);
  conv.bias.clear();
  const Graph graph = b_.Finish({b_.Line(b_.Put(conv, {0}), 1e30F, 0)});
  const auto simple = Simplify(graph);
  ASSERT_TRUE(simple.ok()) << simple.status().message();
  EXPECT_EQ(simple->nodes.size(), 3U);
}

TEST_F(SimplifyTest, AffinesMerge) {
  const int32_t chain = b_.Line(PutAffine(b_.Line(0, 2, -1)), 0.5F, 3);
  EXPECT_EQ(OpsOf({chain}), "input affine");
}

TEST_F(SimplifyTest, AffinesWithAnotherReaderStay) {
  const int32_t first = PutAffine(0), second = PutAffine(first);
  Graph result;
  EXPECT_EQ(OpsOf({b_.Put(Add{}, {first, second})}, &result), "input affine affine add");
  EXPECT_EQ(result.nodes[2].inputs, std::vector<int32_t>{1});
}

TEST_F(SimplifyTest, WhatDoesNothingGoes) {
  const Shape in = b_.shape(0);
  int32_t x = b_.Line(0, 1, 0);
  x = b_.PutSlice({}, x, in);
  x = b_.Put(Shuffle{1}, {x});
  x = b_.Put(Shuffle{4}, {x});
  x = b_.Put(Resize{}, {x});
  x = b_.Put(Pad{}, {x});
  x = b_.Put(Concat{}, {x});
  x = b_.Put(MaxPool{}, {x});
  x = b_.Put(AvgPool{}, {x});
  x = b_.Act(Function::kClip, x, -INFINITY, std::numeric_limits<float>::max());
  EXPECT_EQ(OpsOf({b_.Act(Function::kTanh, x)}), "input tanh");
  EXPECT_EQ(OpsOf({x}), "input");
}

TEST_F(SimplifyTest, WhatDoesSomethingStays) {
  int32_t x = b_.PutSlice({}, 0, {4, 5, 5});
  x = b_.PutSlice({{0, 0, 0}, {1, 1, 2}}, x, {4, 5, 3});
  x = b_.Put(Shuffle{2}, {x});
  x = b_.Put(Resize{1, 2}, {x});
  x = b_.Put(MaxPool{{.stride_h = 2}}, {x});
  EXPECT_EQ(OpsOf({x}), "input slice slice shuffle resize max_pool");
}

TEST_F(SimplifyTest, DeadNodesGo) {
  PutAffine(PutConv(0));
  EXPECT_EQ(OpsOf({b_.Act(Function::kTanh, 0)}), "input tanh");
}

TEST_F(SimplifyTest, ClampsMerge) {
  const auto two = [](Activation first, Activation second, Activation* merged = nullptr) {
    GraphBuilder b({4, 6, 5});
    const int32_t x = b.Put(first, {0});
    Graph result;
    const std::string ops = Ops(b.Finish({b.Put(second, {x})}), &result);
    if (merged) *merged = std::get<Activation>(result.nodes[1].op);
    return ops;
  };
  const Activation relu, relu6{Function::kClip, 0, 6, {}}, unit{Function::kClip, -1, 1, {}};
  Activation merged;
  EXPECT_EQ(two(relu, relu), "input relu");
  EXPECT_EQ(two(relu, relu6, &merged), "input clip");
  EXPECT_EQ(merged.b, 6);
  EXPECT_EQ(two(unit, relu, &merged), "input clip");
  EXPECT_EQ(merged.a, 0);
  EXPECT_EQ(merged.b, 1);
  // Ranges that do not meet leave a constant.
  EXPECT_EQ(two(unit, {Function::kClip, 2, 3, {}}, &merged), "input clip");
  EXPECT_EQ(merged.a, 2);
  EXPECT_EQ(merged.b, 2);
  EXPECT_EQ(two({Function::kClip, 2, 3, {}}, unit, &merged), "input clip");
  EXPECT_EQ(merged.a, 1);
  EXPECT_EQ(merged.b, 1);
  EXPECT_EQ(two({Function::kTanh, 0, 0, {}}, relu), "input tanh relu");
  EXPECT_EQ(two({Function::kSigmoid, 0, 0, {}}, relu), "input sigmoid");
  EXPECT_EQ(two({Function::kClip, 0, INFINITY, {}}, {Function::kNeg, 0, 0, {}}), "input relu neg");
}

TEST_F(SimplifyTest, ClampsWithAnotherReaderStay) {
  const int32_t first = b_.Act(Function::kClip, 0, -1, 1), second = b_.Act(Function::kRelu, first);
  EXPECT_EQ(OpsOf({b_.Put(Add{}, {first, second})}), "input clip relu add");
}

TEST_F(SimplifyTest, ZeroPadFoldsIntoConvolutionsAndCountingPools) {
  const Pad pad{{0, 1, 2}, {0, 3, 0}, 0};
  EXPECT_EQ(OpsOf({PutConv(b_.Put(pad, {0}), kPadded)}), "input conv");
  EXPECT_EQ(OpsOf({b_.Put(AvgPool{kPadded, true}, {b_.Put(Pad{{0, 1, 0}, {0, 0, 1}, 0}, {0})})}),
            "input avg_pool");
  // Without pads of its own a pool counts all it sees, the pad's cells too.
  EXPECT_EQ(OpsOf({b_.Put(AvgPool{kBare, false}, {b_.Put(Pad{{0, 1, 0}, {0, 0, 1}, 0}, {0})})}),
            "input avg_pool");
}

TEST_F(SimplifyTest, PadFoldsIntoMaxPoolWhereItNeverWins) {
  const Pad zero{{0, 1, 1}, {0, 0, 0}, 0};
  const Pad lowest{{0, 1, 1}, {0, 0, 0}, std::numeric_limits<float>::lowest()};
  const auto pool = [&](const Pad& pad, int32_t x) {
    return OpsOf({b_.Put(MaxPool{kBare}, {b_.Put(pad, {x})})});
  };
  EXPECT_EQ(pool(lowest, 0), "input max_pool");
  EXPECT_EQ(pool(zero, 0), "input pad max_pool");
  EXPECT_EQ(pool(zero, b_.Act(Function::kRelu, 0)), "input relu max_pool");
  EXPECT_EQ(pool(zero, b_.Act(Function::kClip, 0, 0, 6)), "input clip max_pool");
  EXPECT_EQ(pool(zero, b_.Act(Function::kClip, 0, -1, 6)), "input clip pad max_pool");
  EXPECT_EQ(pool(zero, b_.Act(Function::kLeakyRelu, 0, 0.1F)), "input leaky_relu pad max_pool");
}

TEST_F(SimplifyTest, OtherPadsStay) {
  const Pad one{{0, 1, 1}, {0, 0, 0}, 1}, channels{{1, 1, 0}, {0, 0, 0}, 0},
      zero{{0, 1, 1}, {0, 0, 0}, 0};
  EXPECT_EQ(OpsOf({PutConv(b_.Put(one, {0}))}), "input pad conv");
  EXPECT_EQ(OpsOf({PutConv(b_.Put(channels, {0}))}), "input pad conv");
  EXPECT_EQ(OpsOf({b_.Put(AvgPool{kPadded, false}, {b_.Put(zero, {0})})}), "input pad avg_pool");
  EXPECT_EQ(OpsOf({b_.Put(AvgPool{kBare, true}, {b_.Put(one, {0})})}), "input pad avg_pool");
  // One reader that cannot take it keeps it for all.
  const int32_t pad = b_.Put(zero, {0});
  EXPECT_EQ(OpsOf({PutConv(pad), b_.Act(Function::kTanh, pad)}), "input pad conv tanh");
  EXPECT_EQ(OpsOf({PutConv(pad), pad}), "input pad conv");
}

TEST_F(SimplifyTest, PadThatWouldLeaveAPoolNothingToSeeStays) {
  const Pad pad{{0, 3, 0}, {0, 0, 0}, 0};
  EXPECT_EQ(OpsOf({b_.Put(AvgPool{kBare, true}, {b_.Put(pad, {0})})}), "input pad avg_pool");
}

TEST_F(SimplifyTest, FlattenAndDenseBecomeAConvolutionOfTheMap) {
  for (const auto order : {Flatten::Order::kChw, Flatten::Order::kHwc}) {
    const int32_t flat = b_.Put(Flatten{order}, {0});
    Graph result;
    EXPECT_EQ(OpsOf({PutConv(flat, {}, 1), PutConv(flat, {}, 1)}, &result), "input conv conv");
    EXPECT_EQ(std::get<Conv>(result.nodes[1].op).window, (Window{.kernel_h = 6, .kernel_w = 5}));
    // Functions of one element step in front.
    EXPECT_EQ(OpsOf({PutConv(b_.Act(Function::kTanh, b_.Line(flat, 2, 1)), {}, 1)}),
              "input affine tanh conv");
  }
}

TEST_F(SimplifyTest, FlattenStaysWhereOrderOrReadersNeedIt) {
  const int32_t flat = b_.Put(Flatten{}, {0});
  EXPECT_EQ(OpsOf({PutConv(flat, {}, 2)}), "input flatten conv");
  EXPECT_EQ(OpsOf({PutConv(flat, {}, 1), b_.Act(Function::kTanh, flat)}),
            "input flatten conv tanh");
  EXPECT_EQ(OpsOf({PutConv(flat, {}, 1), flat}), "input flatten conv");
  const Activation prelu{Function::kPRelu, 0, 0, random_.Reals(120)};
  EXPECT_EQ(OpsOf({PutConv(b_.Put(prelu, {flat}), {}, 1)}), "input flatten prelu conv");
}

TEST_F(SimplifyTest, FlattenOfVectorsGoes) {
  const int32_t mean = b_.Put(AvgPool{{.kernel_h = 6, .kernel_w = 5}, false}, {0});
  const int32_t flat = b_.Put(Flatten{}, {b_.Put(Flatten{}, {mean})});
  EXPECT_EQ(OpsOf({b_.Put(Softmax{}, {flat})}), "input avg_pool softmax");
}

TEST_F(SimplifyTest, RefusesWhatIsNotAGraph) {
  Graph graph = b_.Finish({0});
  graph.outputs = {4};
  EXPECT_EQ(Simplify(graph).status().code(), ErrorCode::kBadInput);
}

class SimplifyRandom : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, SimplifyRandom, testing::Range(0U, 20U));

TEST_P(SimplifyRandom, KeepsTheFunctionAndIsIdempotent) {
  for (uint32_t i = 0; i < 50; ++i) {
    const uint32_t seed = GetParam() * 50 + i;
    SCOPED_TRACE("RandomGraph of seed " + std::to_string(seed));
    Random random(seed);
    const Graph graph = RandomGraph(random, random.Int(1, 14));
    const auto simple = Simplify(graph);
    ASSERT_TRUE(simple.ok()) << simple.status().message();
    ASSERT_LE(simple->nodes.size(), graph.nodes.size());
    ExpectSameFunction(graph, *simple, seed);
    const auto again = Simplify(*simple);
    ASSERT_TRUE(again.ok()) << again.status().message();
    ExpectSameGraph(*simple, *again);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace potlut::graph
