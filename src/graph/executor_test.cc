// The executor against definitions in double precision, over random shapes; and its way with values
// and errors.
#include "graph/executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "graph/naive_for_test.h"
#include "graph/random_for_test.h"

namespace potlut::graph {
namespace {

// A window that fits a map of this size, with pads smaller than its kernel.
Window RandomWindow(Random& random, const Shape& in, bool dilate) {
  Window w;
  w.kernel_h = random.Int(1, 5);
  w.kernel_w = random.Int(1, 5);
  w.dilation_h = dilate ? random.Int(1, 2) : 1;
  w.dilation_w = dilate ? random.Int(1, 2) : 1;
  w.stride_h = random.Int(1, 3);
  w.stride_w = random.Int(1, 3);
  w.pad_top = random.Int(0, w.kernel_h - 1);
  w.pad_bottom = random.Int(0, w.kernel_h - 1);
  w.pad_left = random.Int(0, w.kernel_w - 1);
  w.pad_right = random.Int(0, w.kernel_w - 1);
  // Where it does not fit, pads make room.
  w.pad_bottom +=
      std::max(0, w.dilation_h * (w.kernel_h - 1) + 1 - in.h - w.pad_top - w.pad_bottom);
  w.pad_right += std::max(0, w.dilation_w * (w.kernel_w - 1) + 1 - in.w - w.pad_left - w.pad_right);
  return w;
}

// Runs one operator on random inputs both ways; values must agree relative to their largest.
void CheckOp(const Op& op, const std::vector<Shape>& in, Random& random, Shape wanted = {},
             float low = -3, float high = 3) {
  const auto shape = InferShape(op, in, wanted);
  ASSERT_TRUE(shape.ok()) << shape.status().message();
  Graph graph;  // the inputs as slices of one image, since a graph has only one
  graph.nodes.push_back({"in", Input{}, {}, in[0]});
  std::vector<int32_t> inputs{0};
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i] == in[0]) {
      graph.nodes.push_back(
          {"in" + std::to_string(i), Activation{Function::kAbs, 0, 0, {}}, {0}, in[i]});
    } else if (in[i].h == in[0].h && in[i].w == in[0].w && in[i].c < in[0].c) {
      graph.nodes.push_back({"in" + std::to_string(i), Slice{}, {0}, in[i]});
    } else {
      graph.nodes.push_back({"in" + std::to_string(i),
                             MaxPool{{.kernel_h = in[0].h, .kernel_w = in[0].w}},
                             {0},
                             in[i]});
    }
    inputs.push_back(static_cast<int32_t>(i));
  }
  graph.nodes.push_back({"node", op, inputs, *shape});
  const auto node = static_cast<int32_t>(in.size());
  graph.outputs = {node};

  const int32_t batch = random.Int(1, 3);
  auto executor = Executor::Create(graph, batch, random.Int(1, 3));
  ASSERT_TRUE(executor.ok()) << executor.status().message();
  std::vector<Values> values;
  std::vector<const Values*> pointers;
  for (const Shape& s : in) values.push_back(random.Reals(batch * s.count(), low, high));
  for (const Values& v : values) pointers.push_back(&v);
  Values output;
  const Status status = (*executor)->RunNode(node, pointers, output);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(output.size(), static_cast<size_t>(batch * shape->count()));
  for (int32_t n = 0; n < batch; ++n) {
    std::vector<NaiveValue> samples;
    for (size_t i = 0; i < in.size(); ++i) samples.push_back(SampleOf(values[i], in[i], n));
    const NaiveValue want = NaiveRun(op, samples, *shape), have = SampleOf(output, *shape, n);
    double scale = 1;
    for (const double v : want.data) scale = std::max(scale, std::fabs(v));
    for (size_t i = 0; i < want.data.size(); ++i) {
      ASSERT_NEAR(have.data[i], want.data[i], 1e-5 * scale)
          << "sample " << n << ", element " << i << " of\n"
          << Describe(graph);
    }
  }
}

class ExecutorOps : public testing::TestWithParam<uint32_t> {
 protected:
  Random random_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Seeds, ExecutorOps, testing::Range(1U, 41U));

TEST_P(ExecutorOps, Convolution) {
  const Shape in = random_.AnyShape(20, 12);
  CheckOp(RandomConv(random_, RandomWindow(random_, in, true), in.c, random_.Int(1, 20), 1), {in},
          random_);
}

TEST_P(ExecutorOps, ConvolutionWithPadsBeyondItsKernel) {
  const Shape in = random_.AnyShape(20, 6);
  Window window{.kernel_h = random_.Int(1, 3),
                .kernel_w = random_.Int(1, 3),
                .stride_h = random_.Int(1, 3),
                .stride_w = random_.Int(1, 3)};
  window.pad_top = random_.Int(3, 12);
  window.pad_left = random_.Int(3, 12);
  window.pad_bottom = random_.Int(3, 12);
  window.pad_right = random_.Int(3, 40);
  const bool depthwise = random_.Int(0, 1) == 1;
  CheckOp(RandomConv(random_, window, in.c, depthwise ? in.c : 16, depthwise ? in.c : 1), {in},
          random_);
}

TEST_P(ExecutorOps, GroupedConvolution) {
  const int32_t groups = random_.Int(2, 6);
  const Shape in{groups * random_.Int(1, 9), random_.Int(1, 12), random_.Int(1, 12)};
  CheckOp(RandomConv(random_, RandomWindow(random_, in, true), in.c, groups * random_.Int(1, 9),
                     groups),
          {in}, random_);
}

TEST_P(ExecutorOps, DepthwiseConvolution) {
  const Shape in = random_.AnyShape(40, 12);
  const int32_t multiplier = std::max(1, random_.Int(-2, 3));
  CheckOp(RandomConv(random_, RandomWindow(random_, in, true), in.c, in.c * multiplier, in.c), {in},
          random_);
}

TEST_P(ExecutorOps, Dense) {
  const Shape vector{random_.Int(1, 300), 1, 1}, map = random_.AnyShape(9, 7);
  CheckOp(RandomConv(random_, {}, vector.c, random_.Int(1, 70), 1), {vector}, random_);
  const Window whole{.kernel_h = map.h, .kernel_w = map.w};
  CheckOp(RandomConv(random_, whole, map.c, random_.Int(1, 20), 1), {map}, random_);
}

TEST_P(ExecutorOps, Pools) {
  const Shape in = random_.AnyShape(300, 12);
  Window window = RandomWindow(random_, in, false);
  // No position may see padding only.
  if (window.pad_bottom >= window.kernel_h) window.kernel_h += window.pad_bottom;
  while (!InferShape(MaxPool{window}, {in}, {}).ok()) {
    window.pad_bottom = window.pad_right = 0;
    window.kernel_h = std::min(window.kernel_h, in.h);
    window.kernel_w = std::min(window.kernel_w, in.w);
    window.pad_top = std::min(window.pad_top, window.kernel_h - 1);
    window.pad_left = std::min(window.pad_left, window.kernel_w - 1);
  }
  CheckOp(MaxPool{window}, {in}, random_);
  CheckOp(AvgPool{window, false}, {in}, random_);
  CheckOp(AvgPool{window, true}, {in}, random_);
  const Window global{.kernel_h = in.h, .kernel_w = in.w};
  CheckOp(AvgPool{global, false}, {in}, random_);
}

TEST_P(ExecutorOps, DilatedMaxPool) {
  const Shape in{random_.Int(1, 9), random_.Int(5, 12), random_.Int(5, 12)};
  const Window window{.kernel_h = 3,
                      .kernel_w = 2,
                      .stride_h = random_.Int(1, 2),
                      .dilation_h = 2,
                      .dilation_w = random_.Int(1, 3),
                      .pad_top = random_.Int(0, 2),
                      .pad_left = random_.Int(0, 1),
                      .pad_bottom = random_.Int(0, 2)};
  CheckOp(MaxPool{window}, {in}, random_);
}

TEST_P(ExecutorOps, Affine) {
  const Shape in = random_.AnyShape(40, 9);
  CheckOp(Affine{random_.Reals(in.c), random_.Reals(1)}, {in}, random_);
  CheckOp(Affine{random_.Reals(1), random_.Reals(in.c)}, {in}, random_);
}

TEST_P(ExecutorOps, Activations) {
  const Shape in = random_.AnyShape(40, 9);
  for (int f = 0; f <= static_cast<int>(Function::kReciprocal); ++f) {
    Activation act{static_cast<Function>(f), random_.Real(-1, 0.5F), random_.Real(0.5F, 2), {}};
    if (act.function == Function::kPRelu) act.slope = random_.Reals(random_.Int(0, 1) ? in.c : 1);
    const bool positive = act.function == Function::kSqrt || act.function == Function::kReciprocal;
    CheckOp(act, {in}, random_, {}, positive ? 0.1F : -5, 5);
  }
}

TEST_P(ExecutorOps, TwoInputs) {
  const Shape in = random_.AnyShape(40, 9);
  for (const Shape& second : {in, Shape{in.c, 1, 1}}) {
    CheckOp(Add{}, {in, second}, random_);
    CheckOp(Add{true}, {in, second}, random_);
    CheckOp(Mul{}, {in, second}, random_);
  }
}

TEST_P(ExecutorOps, MovingData) {
  const Shape in = random_.AnyShape(40, 9);
  CheckOp(Concat{}, {in}, random_);
  CheckOp(Concat{}, {in, in, {random_.Int(1, in.c), in.h, in.w}}, random_);
  CheckOp(Flatten{Flatten::Order::kChw}, {in}, random_);
  CheckOp(Flatten{Flatten::Order::kHwc}, {in}, random_);
  const auto pad = [&] { return random_.Int(0, 3); };
  CheckOp(Pad{{pad(), pad(), pad()}, {pad(), pad(), pad()}, random_.Real(-1, 1)}, {in}, random_);
  CheckOp(Resize{random_.Int(1, 3), random_.Int(1, 3)}, {in}, random_);
  const int32_t groups = random_.Int(1, 6);
  CheckOp(Shuffle{groups}, {{groups * random_.Int(1, 6), in.h, in.w}}, random_);
  Slice slice;
  Shape wanted;
  const int32_t sides[3] = {in.c, in.h, in.w};
  int32_t* const counts[3] = {&wanted.c, &wanted.h, &wanted.w};
  for (int i = 0; i < 3; ++i) {
    slice.start[i] = random_.Int(0, sides[i] - 1);
    slice.step[i] = random_.Int(1, 3);
    *counts[i] = random_.Int(1, (sides[i] - 1 - slice.start[i]) / slice.step[i] + 1);
  }
  CheckOp(slice, {in}, random_, wanted);
}

TEST_P(ExecutorOps, AcrossChannels) {
  const Shape in = random_.AnyShape(40, 9);
  CheckOp(Lrn{random_.Int(1, 9), random_.Real(0.1F, 1), random_.Real(0.5F, 1), 1}, {in}, random_);
  CheckOp(Softmax{}, {in}, random_);
  CheckOp(ArgMax{}, {in}, random_);
}

// image -> a -> b = relu(a) -> c = a + b -> d = c * c -> e = -d; f reads nothing of that.
Graph Diamond() {
  Graph graph;
  graph.nodes.push_back({"image", Input{}, {}, {3, 4, 5}});
  EXPECT_TRUE(Append(graph, {"a", Affine{{2}, {-1}}, {0}, {}}).ok());
  EXPECT_TRUE(Append(graph, {"b", Activation{}, {1}, {}}).ok());
  EXPECT_TRUE(Append(graph, {"c", Add{}, {1, 2}, {}}).ok());
  EXPECT_TRUE(Append(graph, {"d", Mul{}, {3, 3}, {}}).ok());
  EXPECT_TRUE(Append(graph, {"e", Activation{Function::kNeg, 0, 0, {}}, {4}, {}}).ok());
  EXPECT_TRUE(Append(graph, {"f", Activation{Function::kAbs, 0, 0, {}}, {0}, {}}).ok());
  graph.outputs = {5, 6};
  return graph;
}

TEST(ExecutorRun, GivesWantedValuesInTheirOrder) {
  const Graph graph = Diamond();
  const auto executor = Executor::Create(graph, 2, 2);
  ASSERT_TRUE(executor.ok()) << executor.status().message();
  Random random(7);
  const Values input = random.Reals(2 * 60);
  for (int round = 0; round < 2; ++round) {  // the second round runs on the first one's memory
    const std::vector<int32_t> wanted{5, 0, 1, 5, 3, 6};
    const auto values = (*executor)->Run(input, wanted);
    ASSERT_TRUE(values.ok()) << values.status().message();
    ASSERT_EQ(values->size(), wanted.size());
    for (size_t i = 0; i < input.size(); ++i) {
      const float a = input[i] * 2 - 1, c = a + std::max(a, 0.0F);
      EXPECT_EQ((*values)[0][i], -(c * c));
      EXPECT_EQ((*values)[1][i], input[i]);
      EXPECT_EQ((*values)[2][i], a);
      EXPECT_EQ((*values)[3][i], -(c * c));
      EXPECT_EQ((*values)[4][i], c);
      EXPECT_EQ((*values)[5][i], std::fabs(input[i]));
    }
  }
}

TEST(ExecutorRun, RefusesWrongSizesAndNodes) {
  const Graph graph = Diamond();
  const auto executor = Executor::Create(graph, 2, 1);
  ASSERT_TRUE(executor.ok());
  const std::vector<int32_t> wanted{5}, none{7};
  EXPECT_EQ((*executor)->Run(Values(60), wanted).status().code(), ErrorCode::kUsage);
  EXPECT_EQ((*executor)->Run(Values(120), none).status().code(), ErrorCode::kUsage);
  Values good(120), bad(119), output;
  const Values* one[] = {&good};
  const Values* wrong[] = {&bad};
  EXPECT_TRUE((*executor)->RunNode(2, one, output).ok());
  EXPECT_EQ((*executor)->RunNode(2, wrong, output).code(), ErrorCode::kUsage);
  EXPECT_EQ((*executor)->RunNode(2, one, good).code(), ErrorCode::kUsage);
  EXPECT_EQ((*executor)->RunNode(3, one, output).code(), ErrorCode::kUsage);
  EXPECT_EQ((*executor)->RunNode(0, {}, output).code(), ErrorCode::kUsage);
  EXPECT_EQ((*executor)->RunNode(7, one, output).code(), ErrorCode::kUsage);
}

TEST(ExecutorCreate, Errors) {
  Graph graph = Diamond();
  EXPECT_EQ(Executor::Create(graph, 0).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(Executor::Create(graph, 1, -1).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(Executor::Create(graph, 1 << 30).status().code(), ErrorCode::kResourceLimit);
  graph.nodes[2].shape.c = 9;
  EXPECT_EQ(Executor::Create(graph, 1).status().code(), ErrorCode::kBadInput);
}

TEST(GemmTransposedATest, EqualsItsDefinition) {
  Random random(3);
  for (const bool accumulate : {false, true}) {
    for (const auto& [m, n, k] :
         {std::array<int64_t, 3>{7, 5, 33}, {64, 96, 100}, {1, 1, 1}, {3, 2, 0}}) {
      const auto a = random.Reals(k * m), b = random.Reals(k * n);
      auto c = random.Reals(m * n);
      const auto before = c;
      GemmTransposedA(m, n, k, a.data(), b.data(), c.data(), accumulate);
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          const auto at = static_cast<size_t>(i * n + j);
          double want = accumulate ? before[at] : 0;
          for (int64_t t = 0; t < k; ++t) {
            want += static_cast<double>(a[static_cast<size_t>(t * m + i)]) *
                    b[static_cast<size_t>(t * n + j)];
          }
          ASSERT_NEAR(c[at], want, 1e-4)
              << m << " x " << n << " x " << k << " at " << i << ", " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace potlut::graph
