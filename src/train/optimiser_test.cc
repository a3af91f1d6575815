// Steps against the formulas, worked out by hand.
#include "train/optimiser.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/averaging.h"
#include "train/loss.h"

namespace potlut::train {
namespace {

Parameter Make(const std::string& name, double value, Parameter::Kind kind) {
  return {name, at::full({2}, value, at::kFloat).set_requires_grad(true), kind};
}

void SetGradient(Parameter& p, double value) {
  p.tensor.mutable_grad() = at::full({2}, value, at::kFloat);
}

double Value(const Parameter& p) { return p.tensor.detach()[0].item<double>(); }

TEST(Sgd, NesterovsMomentumAndDecayOfWeightsOnly) {
  OptimiserOptions options;
  options.weight_decay = 0.1;
  std::vector<Parameter> p{Make("w", 2, Parameter::Kind::kWeight),
                           Make("b", 2, Parameter::Kind::kBias),
                           Make("s", 2, Parameter::Kind::kScale)};
  const auto optimiser = MakeOptimiser(p, options);
  double w = 2, v = 0, b = 2, vb = 0, s = 2, vs = 0;
  for (int step = 0; step < 3; ++step) {
    for (Parameter& one : p) SetGradient(one, 1 + step);
    optimiser->Step(0.5);
    const double g = 1 + step + 0.1 * w;
    v = 0.9 * v + g;
    w -= 0.5 * (g + 0.9 * v);
    vb = 0.9 * vb + 1 + step;
    b -= 0.5 * (1 + step + 0.9 * vb);
    vs = 0.9 * vs + 1 + step;
    s -= 0.5 * options.scale_rate * (1 + step + 0.9 * vs);
    EXPECT_NEAR(Value(p[0]), w, 1e-5);
    EXPECT_NEAR(Value(p[1]), b, 1e-5);
    EXPECT_NEAR(Value(p[2]), s, 1e-5);
  }
  optimiser->ZeroGradients();
  EXPECT_FALSE(p[0].tensor.grad().defined());
  const double before = Value(p[0]);
  optimiser->Step(0.5);  // no gradient: nothing moves
  EXPECT_EQ(Value(p[0]), before);
}

TEST(AdamW, FirstStepsAreTheRateWhateverTheGradientsSize) {
  OptimiserOptions options;
  options.kind = OptimiserKind::kAdamW;
  options.weight_decay = 0.2;
  std::vector<Parameter> p{Make("w", 1, Parameter::Kind::kWeight),
                           Make("b", 1, Parameter::Kind::kBias)};
  const auto optimiser = MakeOptimiser(p, options);
  SetGradient(p[0], 1e-3);
  SetGradient(p[1], 50);
  optimiser->Step(0.01);
  EXPECT_NEAR(Value(p[0]), 1 - 0.01 * 0.2 - 0.01, 1e-5);
  EXPECT_NEAR(Value(p[1]), 1 - 0.01, 1e-6);
  // Second step of b: m = 0.9*0.1*50 + 0.1*g, s likewise, both corrected.
  SetGradient(p[1], -10);
  optimiser->Step(0.01);
  const double m = (0.9 * 0.1 * 50 - 0.1 * 10) / (1 - 0.81);
  const double s = (0.999 * 0.001 * 2500 + 0.001 * 100) / (1 - 0.999 * 0.999);
  EXPECT_NEAR(Value(p[1]), 1 - 0.01 - 0.01 * m / std::sqrt(s), 1e-5);
}

TEST(Optimiser, StateGoesOnBitForBit) {
  for (const auto kind : {OptimiserKind::kSgd, OptimiserKind::kAdamW}) {
    OptimiserOptions options;
    options.kind = kind;
    std::vector<Parameter> a{Make("w", 1, Parameter::Kind::kWeight)};
    const auto first = MakeOptimiser(a, options);
    for (int i = 0; i < 3; ++i) {
      SetGradient(a[0], 0.1 * (i + 1));
      first->Step(0.1);
    }
    std::vector<Parameter> b{{"w", a[0].tensor.detach().clone(), Parameter::Kind::kWeight}};
    const auto second = MakeOptimiser(b, options);
    auto from = first->State(), to = second->State();
    ASSERT_EQ(from.size(), to.size());
    for (size_t i = 0; i < from.size(); ++i) to[i].second.copy_(from[i].second);
    SetGradient(a[0], 0.7);
    SetGradient(b[0], 0.7);
    first->Step(0.1);
    second->Step(0.1);
    EXPECT_TRUE(at::equal(a[0].tensor.detach(), b[0].tensor.detach()));
  }
}

TEST(Average, PlainMeanAndSwap) {
  std::vector<Parameter> p{Make("w", 0, Parameter::Kind::kWeight)};
  Average mean(p, 0);
  EXPECT_TRUE(mean.empty());
  const at::NoGradGuard no_grad;
  for (const double v : {1.0, 2.0, 6.0}) {
    p[0].tensor.fill_(v);
    mean.Add(p);
  }
  mean.Swap(p);
  EXPECT_NEAR(Value(p[0]), 3, 1e-6);
  mean.Swap(p);
  EXPECT_EQ(Value(p[0]), 6);
}

TEST(Average, ExponentialForgetsWhereItBegan) {
  std::vector<Parameter> p{Make("w", 100, Parameter::Kind::kWeight)};
  Average ema(p, 0.9);
  const at::NoGradGuard no_grad;
  p[0].tensor.fill_(1);
  double wanted = 100;
  for (int n = 0; n < 60; ++n) {
    ema.Add(p);
    const double factor = std::min(0.9, (1.0 + n) / (10.0 + n));
    wanted = wanted * factor + (1 - factor);
  }
  ema.Swap(p);
  EXPECT_NEAR(Value(p[0]), wanted, 1e-4);
  EXPECT_LT(wanted, 1.1);
}

TEST(Loss, LabelSmoothingIsTheFormula) {
  const at::Tensor logits = at::tensor({2.0F, -1.0F, 0.5F}).view({1, 3});
  const at::Tensor labels = at::zeros({1}, at::kLong);
  const at::Tensor log = at::log_softmax(logits, 1)[0];
  const double wanted = -(0.9 * log[0].item<double>() + 0.1 * log.mean().item<double>());
  EXPECT_NEAR(Loss(logits, labels, 0.1, {}, {}).item<double>(), wanted, 1e-6);
}

TEST(Loss, ATeacherOfTheSameOpinionAddsNothing) {
  const at::Tensor logits = at::tensor({2.0F, -1.0F, 0.5F, 0.0F, 1.0F, 3.0F}).view({2, 3});
  const at::Tensor labels = at::tensor({int64_t{0}, int64_t{2}});
  const double alone = Loss(logits, labels, 0, {}, {}).item<double>();
  const DistillationOptions half{0.5, 4};
  EXPECT_NEAR(Loss(logits, labels, 0, logits, half).item<double>(), alone / 2, 1e-6);
  const at::Tensor other = logits.flip({1});
  const at::Tensor p = at::softmax(other / 4, 1);
  const at::Tensor divergence = (p * (p.log() - at::log_softmax(logits / 4, 1))).sum() / 2;
  EXPECT_NEAR(Loss(logits, labels, 0, other, half).item<double>(),
              alone / 2 + 0.5 * 16 * divergence.item<double>(), 1e-5);
  // The teacher alone: labels do not matter.
  const DistillationOptions all{1, 2};
  EXPECT_NEAR(Loss(logits, labels, 0, other, all).item<double>(),
              Loss(logits, labels.flip({0}), 0, other, all).item<double>(), 0);
}

}  // namespace
}  // namespace potlut::train
