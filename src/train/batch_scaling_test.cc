// Normalising by batch while folded: the same function at the start, batch normalisation's
// gradients, and factors that fold back.
#include "train/batch_scaling.h"

#include <gtest/gtest.h>

namespace potlut::train {
namespace {

at::Tensor Outputs(double scale, double offset) {
  const at::Tensor channel = at::arange(1, 5).to(at::kFloat).view({1, 4, 1, 1});
  return at::randn({6, 4, 5, 5}) * channel * scale + offset * channel;
}

double MaxDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(BatchScaling, StartsAsTheFunctionThatWasFolded) {
  at::manual_seed(1);
  const at::Tensor y = Outputs(0.3, 0.7);
  BatchScaling scaling(4);
  EXPECT_TRUE(at::equal(scaling.Factor(), at::ones({4})));
  EXPECT_TRUE(at::equal(scaling.Offset(), at::zeros({4})));
  scaling.Start(y);
  EXPECT_LT(MaxDifference(scaling.Factor(), at::ones({4})), 1e-6);
  // shift = bias + offset, as the layer sets it: y + bias is what comes out on the same batch.
  const at::Tensor bias = at::linspace(-1, 1, 4);
  const at::Tensor z = scaling.Normalise(y, bias + scaling.Offset(), 0.1);
  EXPECT_LT(MaxDifference(z, y + bias.view({1, 4, 1, 1})), 1e-4);
  EXPECT_LT(MaxDifference(scaling.Factor(), at::ones({4})), 1e-4);  // and the statistics stay
  scaling.Reset();
  EXPECT_TRUE(at::equal(scaling.Factor(), at::ones({4})));
  EXPECT_TRUE(at::equal(scaling.Offset(), at::zeros({4})));
}

TEST(BatchScaling, OutputsDoNotDependOnTheScaleOfTheWeights) {
  at::manual_seed(2);
  const at::Tensor y = Outputs(0.3, 0.7);
  BatchScaling one(4), other(4);
  one.Start(y);
  other.Start(y);
  const at::Tensor shift = at::zeros({4});
  EXPECT_LT(MaxDifference(one.Normalise(y, shift, 0.1), other.Normalise(y * 3, shift, 0.1)), 1e-3);
}

TEST(BatchScaling, FactorsFollowWhatWeightsGive) {
  at::manual_seed(3);
  const at::Tensor y = Outputs(0.3, 0.7);
  BatchScaling scaling(4);
  scaling.Start(y);
  // Weights have doubled. What is quantised is v * factor, so outputs follow the factor; the
  // running statistics find the factor that undoes the doubling.
  for (int step = 0; step < 200; ++step) {
    const at::Tensor outputs = y * 2 * scaling.Factor().view({1, 4, 1, 1});
    scaling.Normalise(outputs, at::zeros({4}), 0.1);
  }
  EXPECT_LT(MaxDifference(scaling.Factor(), at::full({4}, 0.5)), 1e-3);
  const at::Tensor folded = y * 2 * scaling.Factor().view({1, 4, 1, 1});
  EXPECT_LT(MaxDifference(scaling.Offset(), folded.mean({0, 2, 3})), 1e-3);
}

TEST(BatchScaling, AChannelThatIsOffKeepsItsStatistics) {
  at::manual_seed(4);
  const at::Tensor y = Outputs(0.3, 0.7);
  BatchScaling scaling(4);
  scaling.Start(y);
  const at::Tensor gain = scaling.Gain("layer").tensor;
  {
    const at::NoGradGuard guard;
    gain.select(0, 2).zero_();
  }
  scaling.Normalise(y * scaling.Factor().view({1, 4, 1, 1}), at::zeros({4}), 0.5);
  EXPECT_TRUE(at::isfinite(scaling.Factor()).all().item<bool>());
  EXPECT_TRUE(at::isfinite(scaling.Offset()).all().item<bool>());
  EXPECT_EQ(scaling.Factor()[2].item<float>(), 0.0F);
  // It comes back as soon as its gain does.
  const at::NoGradGuard guard;
  gain.select(0, 2).fill_(0.9);
  EXPECT_NEAR(scaling.Factor()[2].item<double>(), 0.9 / y.select(1, 2).std().item<double>(), 0.05);
}

TEST(BatchScaling, GradientsAreThoseOfBatchNormalisation) {
  at::manual_seed(5);
  at::Tensor y = Outputs(0.3, 0.7).set_requires_grad(true);
  BatchScaling scaling(4);
  scaling.Start(y.detach());
  const at::Tensor shift = at::zeros({4}).set_requires_grad(true);
  const at::Tensor weights = at::randn({6, 4, 5, 5});
  (scaling.Normalise(y, shift, 0.1) * weights).sum().backward();
  // Neither a constant nor a scale of y moves the output.
  EXPECT_LT(y.grad().sum({0, 2, 3}).abs().max().item<double>(), 1e-3);
  EXPECT_LT((y.grad() * y.detach()).sum({0, 2, 3}).abs().max().item<double>(), 1e-2);
  EXPECT_LT(MaxDifference(shift.grad(), weights.sum({0, 2, 3})), 1e-3);
  EXPECT_TRUE(scaling.Gain("layer").tensor.grad().defined());
}

}  // namespace
}  // namespace potlut::train
