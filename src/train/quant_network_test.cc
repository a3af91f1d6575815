// What is simulated is the program: equal integers before, while and after weights and scales move,
// for every alphabet and for networks of all operators.
#include "train/quant_network.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "graph/simplify.h"
#include "quant/quantised_network.h"
#include "train/exactness.h"
#include "train/optimiser.h"
#include "train/test_data.h"
#include "zoo/zoo.h"

namespace potlut::train {
namespace {

constexpr int32_t kClasses = 5;

quant::Recipe RecipeOf(AlphabetKind kind, int bits, int activation_bits) {
  quant::Recipe recipe;
  recipe.weights = {kind, bits, true};
  recipe.activation_bits = activation_bits;
  recipe.images = 12;
  recipe.mean = {127};
  recipe.stddev = {64};
  return recipe;
}

at::Tensor PixelsOf(const data::Source& source, int64_t first, int64_t count,
                    std::vector<int64_t>& labels) {
  std::vector<at::Tensor> images;
  labels.clear();
  for (int64_t i = first; i < first + count; ++i) {
    const data::Sample s = source.Get(i).value();
    at::Tensor t = at::empty({s.image.h, s.image.w, 3}, at::kByte);
    std::copy(s.image.pixels.begin(), s.image.pixels.end(), t.data_ptr<uint8_t>());
    images.push_back(t);
    labels.push_back(s.label);
  }
  return at::stack(images).permute({0, 3, 1, 2});
}

// Some steps of plain gradient descent, with scales that move fast.
void Wiggle(QuantNetwork& net, const data::Source& source, int steps, double rate) {
  net.SetTraining(true);
  std::vector<int64_t> labels;
  for (int step = 0; step < steps; ++step) {
    const at::Tensor pixels = PixelsOf(source, step * 8, 8, labels);
    const at::Tensor target = at::empty({8}, at::kLong);
    std::copy(labels.begin(), labels.end(), target.data_ptr<int64_t>());
    at::Tensor loss = at::cross_entropy_loss(net.Forward(pixels), target);
    if (const at::Tensor penalty = net.Penalty(0.9); penalty.defined()) loss = loss + penalty;
    loss.backward();
    const at::NoGradGuard guard;
    for (const Parameter& p : net.parameters()) {
      if (!p.tensor.grad().defined()) continue;
      at::Tensor t = p.tensor;
      t.sub_(p.kind == Parameter::Kind::kScale ? at::sign(t.grad()) * 0.15 : t.grad() * rate);
      t.mutable_grad().reset();
    }
    ASSERT_TRUE(net.AfterStep(step, 0.9).ok());
  }
  net.SetTraining(false);
}

void ExpectExact(QuantNetwork& net, const data::Source& source, const std::string& what) {
  const auto program = net.Lower();
  ASSERT_TRUE(program.ok()) << what << ": " << program.error().message;
  Progress silent;
  const auto check = CheckExactness(net, *program, source, 24, 24, 1, silent);
  ASSERT_TRUE(check.ok()) << what << ": " << check.error().message;
  EXPECT_TRUE(check->exact()) << what << ": " << Describe(*check);
  EXPECT_EQ(check->reference_images, 24);
}

TEST(QuantNetwork, StartsAsPostTrainingQuantisationAndStaysExact) {
  const ColourSource source(200, 8, kClasses, 11);
  const auto images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    return source.Get(i)->image.pixels;
  };
  const graph::Graph graph = graph::Simplify(SmallGraph(8, kClasses, true)).value();
  const struct {
    AlphabetKind kind;
    int bits, activation_bits;
  } cases[] = {{AlphabetKind::kPot, 3, 8},    {AlphabetKind::kPot, 4, 4},
               {AlphabetKind::kApot, 4, 3},   {AlphabetKind::kUniform, 2, 8},
               {AlphabetKind::kCustom, 4, 6}, {AlphabetKind::kPair, 6, 4},
               {AlphabetKind::kPair, 5, 8},   {AlphabetKind::kUniform, 8, 2}};
  for (const auto& c : cases) {
    const std::string what = Cat(AlphabetName(c.kind), " ", c.bits, "/", c.activation_bits);
    const quant::Recipe recipe = RecipeOf(c.kind, c.bits, c.activation_bits);
    QuantOptions options;
    options.scale_interval = 2;
    options.gradient_scaling = 0.02;
    options.loss.bin = 0.1;
    options.loss.rate = 0.1;
    auto net = QuantNetwork::Create(graph, recipe, images, source.size(), options, 1, nullptr);
    ASSERT_TRUE(net.ok()) << what << ": " << net.error().message;
    // Before training: the very program.
    const Program quantised = quant::Quantize(graph, recipe, images, source.size(), 1).value();
    EXPECT_TRUE((*net)->Lower().value() == quantised) << what;
    ExpectExact(**net, source, what + " untrained");
    Wiggle(**net, source, 9, 0.01);
    EXPECT_FALSE((*net)->Lower().value() == quantised) << what;
    ExpectExact(**net, source, what + " trained");
  }
}

TEST(QuantNetwork, NormalisingByBatchLeavesTheProgramExact) {
  const ColourSource source(200, 8, kClasses, 11);
  const auto images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    return source.Get(i)->image.pixels;
  };
  const graph::Graph graph = graph::Simplify(SmallGraph(8, kClasses, true)).value();
  const quant::Recipe recipe = RecipeOf(AlphabetKind::kPot, 4, 4);
  QuantOptions options;
  options.scale_interval = 2;
  options.batch_statistics = 0.95;
  auto net = QuantNetwork::Create(graph, recipe, images, source.size(), options, 1, nullptr);
  ASSERT_TRUE(net.ok()) << net.error().message;
  const auto names = [&] {
    std::string all;
    for (const Parameter& p : (*net)->parameters()) all += p.name + " ";
    return all;
  };
  EXPECT_NE(names().find(".gain"), std::string::npos) << names();
  // Before training it is the very program; while it normalises, statistics come from the batch.
  const Program quantised = quant::Quantize(graph, recipe, images, source.size(), 1).value();
  EXPECT_TRUE((*net)->Lower().value() == quantised);
  std::vector<int64_t> labels;
  const at::Tensor few = PixelsOf(source, 0, 4, labels), many = PixelsOf(source, 0, 16, labels);
  const auto first_of = [&](const at::Tensor& pixels) {
    const at::NoGradGuard guard;
    (*net)->SetTraining(true);
    const at::Tensor y = (*net)->Forward(pixels)[0].clone();
    (*net)->SetTraining(false);
    return y;
  };
  EXPECT_FALSE(at::equal(first_of(few), first_of(many)));
  Wiggle(**net, source, 9, 0.05);
  ExpectExact(**net, source, "trained");
  // Frozen, an image's logits no longer depend on its batch.
  ASSERT_TRUE((*net)->AfterStep(9, 0.96).ok());
  EXPECT_TRUE(at::equal(first_of(few), first_of(many)));
  Wiggle(**net, source, 3, 0.01);
  ExpectExact(**net, source, "frozen");
}

TEST(QuantNetwork, SimulatesEveryOperatorOfTheZoo) {
  const ColourSource source(64, 32, kClasses, 5);
  const auto images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    return source.Get(i)->image.pixels;
  };
  for (const char* name :
       {"resnet8", "mobilenetv2@width=0.1,size=32", "shufflenetv2-x0.5@width=0.25,size=32"}) {
    const auto spec = zoo::ParseSpec(Cat("zoo:", name));
    ASSERT_TRUE(spec.ok()) << spec.error().message;
    zoo::ModelSpec small = *spec;
    small.classes = kClasses;
    small.spread = 0.3;
    const auto built = zoo::Build(small);
    ASSERT_TRUE(built.ok()) << built.error().message;
    const graph::Graph graph = graph::Simplify(*built).value();
    QuantOptions options;
    options.scale_interval = 1;
    auto net = QuantNetwork::Create(graph, RecipeOf(AlphabetKind::kPot, 4, 5), images,
                                    source.size(), options, 1, nullptr);
    ASSERT_TRUE(net.ok()) << name << ": " << net.error().message;
    Wiggle(**net, source, 4, 1e-4);
    ExpectExact(**net, source, name);
  }
}

TEST(QuantNetwork, StateHoldsEverything) {
  const ColourSource source(100, 8, kClasses, 7);
  const auto images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    return source.Get(i)->image.pixels;
  };
  const graph::Graph graph = graph::Simplify(SmallGraph(8, kClasses, true)).value();
  QuantOptions options;
  options.scale_interval = 1;
  options.loss.rate = 0.1;
  const auto make = [&](int bits) {
    return std::move(QuantNetwork::Create(graph, RecipeOf(AlphabetKind::kCustom, bits, 8), images,
                                          source.size(), options, 1, nullptr)
                         .value());
  };
  auto a = make(4);
  Wiggle(*a, source, 5, 0.01);
  auto b = make(3);  // another alphabet, other scales: all of it comes with the state
  const auto from = a->State();
  auto to = b->State();
  ASSERT_EQ(from.size(), to.size());
  {
    const at::NoGradGuard guard;
    for (size_t i = 0; i < from.size(); ++i) {
      EXPECT_EQ(from[i].first, to[i].first);
      to[i].second.copy_(from[i].second);
    }
  }
  ASSERT_TRUE(b->StateLoaded().ok());
  Program pa = a->Lower().value(), pb = b->Lower().value();
  pa.metadata.clear();
  pb.metadata.clear();
  EXPECT_TRUE(pa == pb);
}

TEST(QuantNetwork, RateTermLowersEntropyAndBinTermError) {
  const ColourSource source(200, 8, kClasses, 9);
  const auto images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    return source.Get(i)->image.pixels;
  };
  const graph::Graph graph = graph::Simplify(SmallGraph(8, kClasses, true)).value();
  const auto after = [&](double bin, double rate) {
    QuantOptions options;
    options.loss.bin = bin;
    options.loss.rate = rate;
    options.learn_weight_scales = options.learn_activation_scales = false;
    auto net = QuantNetwork::Create(graph, RecipeOf(AlphabetKind::kPot, 3, 8), images,
                                    source.size(), options, 1, nullptr)
                   .value();
    Wiggle(*net, source, 20, 0.003);
    return net->TakeMetrics();
  };
  Metrics plain = after(0, 0), bin = after(3, 0), rate = after(0, 5);
  EXPECT_LT(bin["quantisation_error"], plain["quantisation_error"]);
  EXPECT_LT(rate["entropy_bits"], plain["entropy_bits"]);
}

}  // namespace
}  // namespace potlut::train
