// Building, shapes, validation and listing of graphs.
#include "graph/graph.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "graph/functions.h"

namespace potlut::graph {
namespace {

// Shape of `op` on inputs, or the code of its error.
ErrorCode CodeOf(const Op& op, const std::vector<Shape>& in, Shape wanted = {}) {
  return InferShape(op, in, wanted).status().code();
}
Shape ShapeOf(const Op& op, const std::vector<Shape>& in, Shape wanted = {}) {
  const auto shape = InferShape(op, in, wanted);
  EXPECT_TRUE(shape.ok()) << shape.status().message();
  return shape.ok() ? *shape : Shape{0, 0, 0};
}

Conv MakeConv(Window window, int32_t in, int32_t out, int32_t groups = 1) {
  Conv conv{window, groups, out, {}, {}};
  conv.weights.resize(
      static_cast<size_t>(int64_t{out} * window.kernel_h * window.kernel_w * in / groups));
  return conv;
}

Graph SmallGraph() {
  Graph graph;
  EXPECT_TRUE(Append(graph, {"image", Input{}, {}, {3, 8, 8}}).ok());
  EXPECT_TRUE(
      Append(graph, {"conv", MakeConv({.kernel_h = 3, .kernel_w = 3}, 3, 4), {0}, {}}).ok());
  EXPECT_TRUE(Append(graph, {"", Activation{}, {1}, {}}).ok());
  graph.outputs = {2};
  return graph;
}

TEST(InferShapeTest, ConvolutionWithStrideDilationAndUnevenPads) {
  const Window window{.kernel_h = 3,
                      .kernel_w = 5,
                      .stride_h = 2,
                      .stride_w = 1,
                      .dilation_h = 2,
                      .dilation_w = 1,
                      .pad_top = 1,
                      .pad_left = 2,
                      .pad_bottom = 0,
                      .pad_right = 1};
  EXPECT_EQ(ShapeOf(MakeConv(window, 6, 4, 2), {{6, 10, 9}}), (Shape{4, 4, 8}));
}

TEST(InferShapeTest, ConvolutionErrors) {
  EXPECT_EQ(CodeOf(MakeConv({.kernel_h = 9}, 3, 4), {{3, 8, 8}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(MakeConv({.stride_h = 0}, 3, 4), {{3, 8, 8}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(MakeConv({.pad_left = -1}, 3, 4), {{3, 8, 8}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(MakeConv({}, 3, 4), {{4, 8, 8}}),
            ErrorCode::kBadInput);  // weights for 3 channels
  EXPECT_EQ(CodeOf(MakeConv({}, 4, 4), {{4, 8, 8}, {4, 8, 8}}), ErrorCode::kBadInput);
  Conv groups = MakeConv({}, 4, 4);
  groups.groups = 3;
  EXPECT_EQ(CodeOf(groups, {{4, 8, 8}}), ErrorCode::kBadInput);
  Conv bias = MakeConv({}, 4, 4);
  bias.bias = {1, 2, 3};
  EXPECT_EQ(CodeOf(bias, {{4, 8, 8}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(MakeConv({.pad_top = 1 << 21}, 4, 4), {{4, 8, 8}}), ErrorCode::kResourceLimit);
}

TEST(InferShapeTest, HostileSizesDoNotWrap) {
  Conv conv;
  conv.out_channels = std::numeric_limits<int32_t>::max();
  conv.window = {.kernel_h = std::numeric_limits<int32_t>::max(),
                 .kernel_w = std::numeric_limits<int32_t>::max()};
  EXPECT_FALSE(InferShape(conv, {{1, 1, 1}}, {}).ok());
  const Pad pad{
      {0, std::numeric_limits<int32_t>::max(), 0}, {0, std::numeric_limits<int32_t>::max(), 0}, 0};
  EXPECT_EQ(CodeOf(pad, {{1, 8, 8}}), ErrorCode::kResourceLimit);
  const Resize resize{std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::max()};
  EXPECT_EQ(CodeOf(resize, {{1000, 1000, 100}}), ErrorCode::kResourceLimit);
  EXPECT_EQ(CodeOf(Input{}, {}, {1 << 20, 1 << 20, 1 << 20}), ErrorCode::kResourceLimit);
  EXPECT_EQ(CodeOf(Input{}, {}, {0, 1, 1}), ErrorCode::kBadInput);
}

TEST(InferShapeTest, Pools) {
  EXPECT_EQ(ShapeOf(MaxPool{{.kernel_h = 3,
                             .kernel_w = 3,
                             .stride_h = 2,
                             .stride_w = 2,
                             .pad_top = 1,
                             .pad_left = 1,
                             .pad_bottom = 1,
                             .pad_right = 1}},
                    {{5, 9, 8}}),
            (Shape{5, 5, 4}));
  // A position that sees nothing but padding has no maximum and no mean.
  EXPECT_EQ(CodeOf(MaxPool{{.pad_top = 1}}, {{1, 4, 4}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(AvgPool{{.kernel_w = 2, .pad_right = 2}}, {{1, 4, 4}}), ErrorCode::kBadInput);
  // Taps at rows -1, 3 and 7 of a map of two rows: the middle ones miss as well.
  EXPECT_EQ(
      CodeOf(MaxPool{{.kernel_h = 3, .dilation_h = 4, .pad_top = 1, .pad_bottom = 6}}, {{1, 2, 2}}),
      ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(AvgPool{{.kernel_h = 2, .dilation_h = 2}}, {{1, 4, 4}}), ErrorCode::kBadInput);
}

TEST(InferShapeTest, TheOtherOperators) {
  EXPECT_EQ(ShapeOf(Add{}, {{4, 3, 2}, {4, 1, 1}}), (Shape{4, 3, 2}));
  EXPECT_EQ(CodeOf(Add{}, {{4, 1, 1}, {4, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(Mul{}, {{4, 3, 2}, {1, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(Mul{}, {{4, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(ShapeOf(Concat{}, {{4, 3, 2}, {5, 3, 2}}), (Shape{9, 3, 2}));
  EXPECT_EQ(CodeOf(Concat{}, {{4, 3, 2}, {5, 3, 1}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(Concat{}, {}), ErrorCode::kBadInput);
  EXPECT_EQ(ShapeOf(Flatten{}, {{4, 3, 2}}), (Shape{24, 1, 1}));
  EXPECT_EQ(ShapeOf(Pad{{1, 2, 3}, {4, 5, 6}, 0}, {{4, 3, 2}}), (Shape{9, 10, 11}));
  EXPECT_EQ(CodeOf(Pad{{-1, 0, 0}, {0, 0, 0}, 0}, {{4, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(ShapeOf(Slice{{1, 0, 0}, {2, 1, 1}}, {{6, 3, 2}}, {3, 3, 2}), (Shape{3, 3, 2}));
  EXPECT_EQ(CodeOf(Slice{{2, 0, 0}, {2, 1, 1}}, {{6, 3, 2}}, {3, 3, 2}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(Slice{{0, 0, 0}, {0, 1, 1}}, {{6, 3, 2}}, {3, 3, 2}), ErrorCode::kBadInput);
  EXPECT_EQ(ShapeOf(Shuffle{2}, {{6, 3, 2}}), (Shape{6, 3, 2}));
  EXPECT_EQ(CodeOf(Shuffle{4}, {{6, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(ShapeOf(Resize{2, 3}, {{6, 3, 2}}), (Shape{6, 6, 6}));
  EXPECT_EQ(CodeOf(Resize{0, 3}, {{6, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(Lrn{.size = 0}, {{6, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(ShapeOf(Softmax{}, {{6, 3, 2}}), (Shape{6, 3, 2}));
  EXPECT_EQ(ShapeOf(ArgMax{}, {{6, 3, 2}}), (Shape{1, 3, 2}));
  EXPECT_EQ(CodeOf(Affine{{1, 2}, {0}}, {{6, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(ShapeOf(Affine{{1}, {0, 1, 2, 3, 4, 5}}, {{6, 3, 2}}), (Shape{6, 3, 2}));
  EXPECT_EQ(CodeOf(Activation{Function::kClip, 2, 1, {}}, {{6, 3, 2}}), ErrorCode::kBadInput);
  EXPECT_EQ(CodeOf(Activation{Function::kPRelu, 0, 0, {}}, {{6, 3, 2}}), ErrorCode::kBadInput);
}

TEST(AppendTest, InfersShapesAndMakesUpNames) {
  const Graph graph = SmallGraph();
  EXPECT_EQ(graph.nodes[1].shape, (Shape{4, 6, 6}));
  EXPECT_EQ(graph.nodes[2].name, "activation@2");
  EXPECT_TRUE(Validate(graph).ok());
  Graph copy = graph;
  const auto bad = Append(copy, {"late", Activation{}, {3}, {}});
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("'late'"), std::string::npos);
  EXPECT_EQ(copy.nodes.size(), 3U);
}

TEST(ValidateTest, RefusesWhatIsNotSound) {
  const auto broken = [](auto change) {
    Graph graph = SmallGraph();
    change(graph);
    return Validate(graph);
  };
  EXPECT_EQ(Validate(Graph{}).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.outputs.clear(); }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.outputs = {3}; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.outputs = {-1}; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.nodes[2].name = "conv"; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.nodes[2].name = ""; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.nodes[2].inputs = {2}; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.nodes[2].inputs = {-1}; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.nodes[2].inputs = {}; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) { g.nodes[2].shape.w = 5; }).code(), ErrorCode::kBadInput);
  EXPECT_EQ(broken([](Graph& g) {
              g.nodes[2].op = Input{};
              g.nodes[2].inputs.clear();
            }).code(),
            ErrorCode::kBadInput);
  const Status nan =
      broken([](Graph& g) { std::get<Conv>(g.nodes[1].op).weights[7] = std::nanf(""); });
  EXPECT_EQ(nan.code(), ErrorCode::kBadInput);
  EXPECT_NE(nan.message().find("'conv' (conv)"), std::string::npos) << nan.message();
  // Open ends of a clip are meant to be infinite.
  EXPECT_TRUE(broken([](Graph& g) {
                g.nodes[2].op = Activation{Function::kClip, 0, INFINITY, {}};
              }).ok());
}

TEST(ConsumersTest, ListsEachReaderOnce) {
  Graph graph = SmallGraph();
  ASSERT_TRUE(Append(graph, {"square", Mul{}, {2, 2}, {}}).ok());
  ASSERT_TRUE(Append(graph, {"sum", Add{}, {2, 3}, {}}).ok());
  const auto consumers = Consumers(graph);
  EXPECT_EQ(consumers[0], std::vector<int32_t>{1});
  EXPECT_EQ(consumers[2], (std::vector<int32_t>{3, 4}));
  EXPECT_TRUE(consumers[4].empty());
}

TEST(DescribeTest, OneLineANode) {
  EXPECT_EQ(Describe(SmallGraph()),
            "0 image: input -> 3x8x8\n"
            "1 conv: conv 3x3 no bias -> 4x6x6 of 0\n"
            "2 activation@2: relu -> 4x6x6 of 1\n"
            "outputs 2\n");
}

TEST(EvaluateTest, FunctionsHaveTheirTextbookValues) {
  const auto value = [](Function f, float x, float a = 0, float b = 0) {
    return Evaluate({f, a, b, {0.25F, -2.0F}}, x, 1);
  };
  EXPECT_EQ(value(Function::kRelu, -2), 0);
  EXPECT_EQ(value(Function::kClip, 7, 0, 6), 6);
  EXPECT_EQ(value(Function::kLeakyRelu, -2, 0.5F), -1);
  EXPECT_EQ(value(Function::kPRelu, -3), 6);
  EXPECT_EQ(value(Function::kHardSigmoid, 1, 0.25F, 0.5F), 0.75F);
  EXPECT_FLOAT_EQ(value(Function::kHardSwish, 1), 4.0F / 6);
  EXPECT_EQ(value(Function::kHardSwish, -4), 0);
  EXPECT_FLOAT_EQ(value(Function::kSigmoid, 1), 0.73105858F);
  EXPECT_FLOAT_EQ(value(Function::kTanh, 1), 0.76159416F);
  EXPECT_FLOAT_EQ(value(Function::kErf, 1), 0.84270079F);
  EXPECT_FLOAT_EQ(value(Function::kGelu, 1), 0.84134475F);
  EXPECT_NEAR(value(Function::kGelu, -5) / -1.4332579e-06F, 1, 1e-4);
  EXPECT_NEAR(value(Function::kGeluTanh, 1), 0.8411920F, 1e-6);
  EXPECT_FLOAT_EQ(value(Function::kSilu, 1), 0.73105858F);
  EXPECT_NEAR(value(Function::kSilu, -200), 0, 1e-30);
  EXPECT_EQ(value(Function::kSilu, 200), 200);
  EXPECT_TRUE(std::isnan(value(Function::kSilu, std::nanf(""))));
  EXPECT_FLOAT_EQ(value(Function::kElu, -1, 2), -1.2642411F);
  EXPECT_FLOAT_EQ(value(Function::kSoftplus, 0), 0.69314718F);
  EXPECT_EQ(value(Function::kSoftplus, 200), 200);
  EXPECT_FLOAT_EQ(value(Function::kExp, 1), 2.7182818F);
  EXPECT_EQ(value(Function::kSqrt, 9), 3);
  EXPECT_EQ(value(Function::kAbs, -9), 9);
  EXPECT_EQ(value(Function::kNeg, -9), 9);
  EXPECT_EQ(value(Function::kReciprocal, 4), 0.25F);
}

TEST(BoundedExpTest, IsExpWhereItCounts) {
  for (float x = -87; x <= 88; x += 0.0137F) {
    const double want = std::exp(static_cast<double>(x));
    ASSERT_NEAR(BoundedExp(x) / want, 1, 2.5e-7) << "at " << x;
  }
  EXPECT_EQ(BoundedExp(0), 1);
  EXPECT_EQ(BoundedExp(-1e30F), BoundedExp(-87));
  EXPECT_EQ(BoundedExp(1e30F), BoundedExp(88));
}

}  // namespace
}  // namespace potlut::graph
