// Activation functions spelled in arithmetic are recognised in the orders that exporters use, and
// nothing else is.
#include <gtest/gtest.h>

#include <cmath>

#include "graph/random_for_test.h"
#include "graph/simplify.h"

namespace potlut::graph {
namespace {

const float kSixth = 1.0F / 6, kRootHalf = std::sqrt(0.5F),
            kRoot2OverPi = std::sqrt(2 / 3.14159265F);

class PatternTest : public testing::Test {
 protected:
  GraphBuilder b_{{3, 4, 5}};
  // Between two functions, so that the pattern's x is neither input nor output.
  const int32_t x_ = b_.Act(Function::kLeakyRelu, 0, 0.5F);

  int32_t Times(int32_t a, int32_t b) { return b_.Put(Mul{}, {a, b}); }
  int32_t Clip6(int32_t x) { return b_.Act(Function::kClip, b_.Line(x, 1, 3), 0, 6); }
  int32_t ErfPlus1(int32_t x) {
    return b_.Line(b_.Act(Function::kErf, b_.Line(x, kRootHalf, 0)), 1, 1);
  }
  int32_t TanhPlus1(int32_t argument) { return b_.Line(b_.Act(Function::kTanh, argument), 1, 1); }
  int32_t Cube(int32_t x) { return Times(Times(x, x), x); }

  // The simplified operators between the first function and the output.
  std::string Become(int32_t y) {
    const auto simple = Simplify(b_.Finish({b_.Act(Function::kNeg, y)}));
    EXPECT_TRUE(simple.ok()) << simple.status().message();
    if (!simple.ok()) return "";
    std::string ops;
    for (size_t i = 2; i + 1 < simple->nodes.size(); ++i) {
      const auto* act = std::get_if<Activation>(&simple->nodes[i].op);
      ops += ops.empty() ? "" : " ";
      ops += act ? FunctionName(act->function) : OpName(simple->nodes[i].op);
    }
    return ops;
  }
};

TEST_F(PatternTest, Silu) {
  EXPECT_EQ(Become(Times(x_, b_.Act(Function::kSigmoid, x_))), "silu");
  EXPECT_EQ(Become(Times(b_.Act(Function::kSigmoid, x_), x_)), "silu");
}

TEST_F(PatternTest, AlmostSilu) {
  const int32_t other = b_.Act(Function::kTanh, x_);
  EXPECT_EQ(Become(Times(other, b_.Act(Function::kSigmoid, x_))), "tanh sigmoid mul");
  EXPECT_EQ(Become(Times(x_, b_.Act(Function::kSigmoid, b_.Line(x_, 1.702F, 0)))),
            "affine sigmoid mul");
  EXPECT_EQ(Become(Times(x_, b_.Line(b_.Act(Function::kSigmoid, x_), 1, 0.5F))),
            "sigmoid affine mul");
  // A gate of a map by the mean of itself is none.
  const int32_t mean = b_.Put(AvgPool{{.kernel_h = 4, .kernel_w = 5}, false}, {x_});
  EXPECT_EQ(Become(Times(x_, b_.Act(Function::kSigmoid, mean))), "avg_pool sigmoid mul");
}

TEST_F(PatternTest, HardSigmoid) {
  EXPECT_EQ(Become(b_.Line(Clip6(x_), kSixth, 0)), "hard_sigmoid");
  EXPECT_EQ(Become(b_.Act(Function::kClip, b_.Line(x_, kSixth, 0.5F), 0, 1)), "hard_sigmoid");
  EXPECT_EQ(Become(b_.Act(Function::kClip, b_.Line(x_, 0.2F, 0.5F), 0, 1)), "hard_sigmoid");
}

TEST_F(PatternTest, AlmostHardSigmoid) {
  EXPECT_EQ(Become(Clip6(x_)), "affine clip");
  EXPECT_EQ(Become(b_.Line(Clip6(x_), 0.2F, 0)), "affine clip affine");
  EXPECT_EQ(Become(b_.Line(b_.Act(Function::kClip, b_.Line(x_, 1, 2), 0, 6), kSixth, 0)),
            "affine clip affine");
  EXPECT_EQ(Become(b_.Act(Function::kClip, b_.Line(x_, 0.3F, 0.5F), 0, 1)), "affine clip");
}

TEST_F(PatternTest, HardSigmoidBetweenConvolutions) {
  Random random(5);
  const int32_t conv = b_.Put(RandomConv(random, {}, 3, 3), {x_});
  const int32_t gate = b_.Line(Clip6(conv), kSixth, 0);
  EXPECT_EQ(Become(b_.Put(RandomConv(random, {}, 3, 3), {gate})), "conv hard_sigmoid conv");
}

TEST_F(PatternTest, HardSwish) {
  EXPECT_EQ(Become(Times(x_, b_.Act(Function::kHardSigmoid, x_, kSixth, 0.5F))), "hard_swish");
  EXPECT_EQ(Become(b_.Line(Times(x_, Clip6(x_)), kSixth, 0)), "hard_swish");
  EXPECT_EQ(Become(b_.Line(Times(Clip6(x_), x_), kSixth, 0)), "hard_swish");
  EXPECT_EQ(Become(Times(x_, b_.Line(Clip6(x_), kSixth, 0))), "hard_swish");
  EXPECT_EQ(Become(Times(b_.Line(x_, kSixth, 0), Clip6(x_))), "hard_swish");
}

TEST_F(PatternTest, HardSwishBeforeAConvolution) {
  Random random(5);
  const int32_t swish = b_.Line(Times(x_, Clip6(x_)), kSixth, 0);
  EXPECT_EQ(Become(b_.Put(RandomConv(random, {}, 3, 3), {swish})), "hard_swish conv");
}

TEST_F(PatternTest, AlmostHardSwish) {
  EXPECT_EQ(Become(Times(x_, b_.Act(Function::kHardSigmoid, x_, 0.2F, 0.5F))), "hard_sigmoid mul");
  EXPECT_EQ(Become(Times(x_, Clip6(x_))), "affine clip mul");
}

TEST_F(PatternTest, Gelu) {
  EXPECT_EQ(Become(b_.Line(Times(x_, ErfPlus1(x_)), 0.5F, 0)), "gelu");
  EXPECT_EQ(Become(Times(b_.Line(x_, 0.5F, 0), ErfPlus1(x_))), "gelu");
  EXPECT_EQ(Become(Times(x_, b_.Line(ErfPlus1(x_), 0.5F, 0))), "gelu");
  EXPECT_EQ(Become(Times(b_.Line(ErfPlus1(x_), 0.5F, 0), x_)), "gelu");
}

TEST_F(PatternTest, GeluOfWhatIsItselfALine) {
  const int32_t line = b_.Line(x_, 1.5F, 0.25F);
  EXPECT_EQ(Become(b_.Line(Times(line, ErfPlus1(line)), 0.5F, 0)), "affine gelu");
}

TEST_F(PatternTest, AlmostGelu) {
  EXPECT_EQ(Become(Times(x_, ErfPlus1(x_))), "affine erf affine mul");
  const int32_t erf = b_.Line(b_.Act(Function::kErf, x_), 1, 1);
  EXPECT_EQ(Become(b_.Line(Times(x_, erf), 0.5F, 0)), "erf affine mul affine");
}

TEST_F(PatternTest, GeluTanh) {
  const auto inner = [&] {
    return b_.Line(b_.Put(Add{}, {x_, b_.Line(Cube(x_), 0.044715F, 0)}), kRoot2OverPi, 0);
  };
  EXPECT_EQ(Become(b_.Line(Times(x_, TanhPlus1(inner())), 0.5F, 0)), "gelu_tanh");
  EXPECT_EQ(Become(Times(b_.Line(x_, 0.5F, 0), TanhPlus1(inner()))), "gelu_tanh");
  // x * sqrt(2 / pi) * (1 + 0.044715 * x * x)
  const int32_t square = Times(b_.Line(x_, 0.044715F, 0), x_);
  const int32_t fast = Times(b_.Line(x_, kRoot2OverPi, 0), b_.Line(square, 1, 1));
  EXPECT_EQ(Become(Times(b_.Line(x_, 0.5F, 0), TanhPlus1(fast))), "gelu_tanh");
}

TEST_F(PatternTest, AlmostGeluTanh) {
  const int32_t inner =
      b_.Line(b_.Put(Add{}, {x_, b_.Line(Times(x_, x_), 0.044715F, 0)}), kRoot2OverPi, 0);
  EXPECT_EQ(Become(b_.Line(Times(x_, TanhPlus1(inner)), 0.5F, 0)),
            "mul affine add affine tanh affine mul affine");
}

TEST_F(PatternTest, WhatOthersReadStaysBesideTheFunction) {
  const int32_t sigmoid = b_.Act(Function::kSigmoid, x_);
  EXPECT_EQ(Become(b_.Put(Add{}, {Times(x_, sigmoid), sigmoid})), "sigmoid silu add");
}

}  // namespace
}  // namespace potlut::graph
