// Levels, straight-through gradients and the loops that stand for tensor operations.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "train/activation_quantiser.h"
#include "train/distribution_loss.h"
#include "train/weight_quantiser.h"

namespace potlut::train {
namespace {

at::Tensor Random(std::vector<int64_t> shape, double low, double high, uint32_t seed) {
  std::mt19937 rng(seed);
  at::Tensor t = at::empty(shape);
  for (int64_t i = 0; i < t.numel(); ++i) {
    t.data_ptr<float>()[i] =
        static_cast<float>(low + (high - low) * static_cast<double>(rng()) / 4294967295.0);
  }
  return t;
}

Alphabet PairAlphabet() {
  Alphabet a;
  a.kind = AlphabetKind::kPair;
  a.bits = 5;
  for (int x = -3; x <= 3; x += 2) {
    for (int y = -3; y <= 3; y += 2) {
      a.levels.push_back(static_cast<int8_t>(x));
      a.levels.push_back(static_cast<int8_t>(y));
    }
  }
  a.levels.push_back(0);
  a.levels.push_back(0);
  return a;
}

TEST(Levels, NearestIsTheLeastDistance) {
  std::vector<Alphabet> alphabets{PairAlphabet()};
  for (const int bits : {2, 3, 4})
    alphabets.push_back(MakeAlphabet(AlphabetKind::kPot, bits).value());
  for (const int bits : {3, 5})
    alphabets.push_back(MakeAlphabet(AlphabetKind::kApot, bits).value());
  for (const Alphabet& a : alphabets) {
    const Levels levels(a, at::kCPU);
    const int64_t members = a.is_pair() ? 2 : 1;
    const double reach = a.max_abs() + 2;
    const at::Tensor units = Random({300, members}, -reach, reach, 4);
    const at::Tensor shaped = a.is_pair() ? units : units.view({300});
    const at::Tensor codes = levels.Nearest(shaped);
    ASSERT_EQ(codes.numel(), 300);
    for (int64_t i = 0; i < 300; ++i) {
      const auto distance = [&](int64_t code) {
        double sum = 0;
        for (int64_t m = 0; m < members; ++m) {
          const double d = units.data_ptr<float>()[i * members + m] -
                           a.levels[static_cast<size_t>(code * members + m)];
          sum += d * d;
        }
        return sum;
      };
      double least = 1e30;
      for (int c = 0; c < a.codes(); ++c) least = std::min(least, distance(c));
      EXPECT_NEAR(distance(codes.data_ptr<int64_t>()[i]), least, 1e-4);
    }
  }
}

TEST(WeightQuantiser, ValuesAreLevelsAndGradientsStopBeyondTheEnds) {
  const Levels levels(MakeAlphabet(AlphabetKind::kPot, 3).value(), at::kCPU);
  const at::Tensor weight = Random({3, 4, 2, 2}, -1.5, 1.5, 1).set_requires_grad(true);
  const at::Tensor scale = at::full({3}, -2.0).set_requires_grad(true);
  const at::Tensor steps = at::full({3}, 0.25);
  const at::Tensor y = QuantiseWeights(weight, scale, steps, levels, 0, at::kFloat);
  const at::Tensor g = Random({3, 4, 2, 2}, -1, 1, 2);
  (y * g).sum().backward();
  for (int64_t i = 0; i < weight.numel(); ++i) {
    const float u = weight.detach().contiguous().data_ptr<float>()[i] / 0.25F;
    const float got = weight.grad().contiguous().data_ptr<float>()[i];
    EXPECT_EQ(got, std::abs(u) <= 4.5F ? g.data_ptr<float>()[i] : 0.0F) << u;
    const float q = y.detach().contiguous().data_ptr<float>()[i] / 0.25F;
    EXPECT_TRUE(q == 0 || std::abs(q) == 1 || std::abs(q) == 2 || std::abs(q) == 4) << q;
  }
  EXPECT_TRUE(scale.grad().abs().le(std::log(2.0) + 1e-6).all().item<bool>());
  EXPECT_TRUE(scale.grad().ne(0).any().item<bool>());
}

// The loops on the CPU against tensor operations in double.
TEST(ActivationQuantiser, LoopsEqualTensorOperations) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const int64_t channels : {1, 5, 16, 37}) {
      for (int shape = 0; shape < 4; ++shape) {
        const auto make = [&](uint32_t seed) {
          return Random({2, channels, 3, 3}, -4, 4, seed)
              .to(type)
              .contiguous(at::MemoryFormat::ChannelsLast);
        };
        const at::Tensor bias = (shape & 2) != 0 ? Random({channels}, -1, 1, 9) : at::Tensor();
        const at::Tensor gradient = make(7);
        const ActivationGrid grid{0.125,     shape == 1 ? 0.7 : 1.0, shape == 0 ? 0 : -16, 15, true,
                                  shape != 3};
        const auto run = [&](at::ScalarType as) {
          const auto leaf = [&](const at::Tensor& t) {
            return t.to(as).detach().clone().set_requires_grad(true);
          };
          const at::Tensor x = leaf(make(3));
          const at::Tensor other = (shape & 1) != 0 ? leaf(make(5)) : at::Tensor();
          const at::Tensor b = bias.defined() ? bias.clone().set_requires_grad(true) : bias;
          const at::Tensor log_step = at::zeros({1}).set_requires_grad(true);
          const at::Tensor y = QuantiseActivation(x, other, b, log_step, grid);
          (y.to(at::kDouble) * gradient.to(at::kDouble)).sum().backward();
          return std::vector<at::Tensor>{y.detach().to(at::kDouble), x.grad().to(at::kDouble),
                                         log_step.grad().to(at::kDouble)};
        };
        const auto fast = run(type), plain = run(at::kDouble);
        // A ratio that is no power of two may meet a tie in one precision only; none does here.
        EXPECT_TRUE(at::equal(fast[0], plain[0])) << "channels " << channels << ", case " << shape;
        EXPECT_TRUE(at::allclose(fast[1], plain[1], 1e-2, 1e-2))
            << "channels " << channels << ", case " << shape << ", " << type << ": "
            << (fast[1] - plain[1]).abs().max().item<double>();
        EXPECT_TRUE(at::allclose(fast[2], plain[2], 1e-3, 1e-3))
            << fast[2].item<double>() << " " << plain[2].item<double>();
      }
    }
  }
}

TEST(ActivationQuantiser, RoundsHalfUpAndClips) {
  const at::Tensor x = at::empty({1, 1, 1, 8});
  const float in[] = {-0.5F, -0.25F, -0.2499F, 0.2499F, 0.25F, 0.75F, 100, -100};
  const float out[] = {-0.5F, 0, 0, 0, 0.5F, 1, 3.5F, -4};
  std::copy(std::begin(in), std::end(in), x.data_ptr<float>());
  const at::Tensor y = QuantiseActivation(x, {}, {}, {}, {0.5, 1, -8, 7, true, true});
  for (int i = 0; i < 8; ++i) EXPECT_EQ(y.data_ptr<float>()[i], out[i]) << in[i];
}

// Away from borders between cells, each term is smooth: its gradient is the difference quotient.
TEST(DistributionLoss, GradientsAreDifferenceQuotients) {
  for (const bool pairs : {false, true}) {
    const Levels levels(pairs ? PairAlphabet() : MakeAlphabet(AlphabetKind::kPot, 3).value(),
                        at::kCPU);
    const at::Tensor steps = at::full({2}, 0.5);
    at::Tensor weight = Random({2, 4, 1, 3}, -1.4, 1.4, 12);
    const at::Tensor bits = Random({levels.codes()}, 1, 5, 3);
    const DistributionTerms at_weight = DistributionLossOf(weight, steps, levels, bits, 0.7);
    const double h = 1e-3;
    int checked = 0;
    for (int64_t i = 0; i < weight.numel(); ++i) {
      const auto moved = [&](double by) {
        at::Tensor w = weight.clone();
        w.data_ptr<float>()[i] += static_cast<float>(by);
        return w;
      };
      const at::Tensor up = moved(h), down = moved(-h);
      const auto codes = [&](const at::Tensor& w) {
        return levels.Nearest(ToUnits(w, steps, pairs));
      };
      if (!at::equal(codes(up), codes(down))) continue;
      const DistributionTerms a = DistributionLossOf(up, steps, levels, bits, 0.7),
                              b = DistributionLossOf(down, steps, levels, bits, 0.7);
      EXPECT_NEAR((a.bin - b.bin) / (2 * h),
                  at_weight.bin_gradient.contiguous().data_ptr<float>()[i], 0.05);
      const double rate = (a.rate - b.rate) / (2 * h);
      if (pairs && std::abs(rate) > 50) continue;  // another pair came among the nearest
      EXPECT_NEAR(rate, at_weight.rate_gradient.contiguous().data_ptr<float>()[i],
                  0.25 + 0.02 * std::abs(rate));
      ++checked;
    }
    EXPECT_GT(checked, 12);
  }
}

}  // namespace
}  // namespace potlut::train
