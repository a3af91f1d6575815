// Whole networks: what quantisation makes of every operator, against the float network.
#include "quant/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/text.h"
#include "graph/executor.h"
#include "program/reference.h"
#include "program/validate.h"

namespace potlut::quant {
namespace {

using graph::Graph;

class Net {
 public:
  explicit Net(graph::Shape input, unsigned seed = 1) : rng_(seed) {
    Add("input", graph::Input{}, {}, input);
  }
  int32_t Add(std::string name, graph::Op op, std::vector<int32_t> inputs,
              graph::Shape shape = {}) {
    auto index = graph::Append(graph_, {std::move(name), std::move(op), std::move(inputs), shape});
    EXPECT_TRUE(index.ok()) << index.error().message;
    graph_.outputs = {*index};
    return *index;
  }
  int32_t Conv(const std::string& name, int32_t from, int32_t out, int32_t kernel,
               int32_t stride = 1, int32_t groups = 1) {
    const int32_t in = graph_.nodes[static_cast<size_t>(from)].shape.c;
    graph::Conv conv;
    conv.window.kernel_h = conv.window.kernel_w = kernel;
    conv.window.stride_h = conv.window.stride_w = stride;
    conv.window.pad_top = conv.window.pad_left = conv.window.pad_bottom = conv.window.pad_right =
        kernel / 2;
    conv.groups = groups;
    conv.out_channels = out;
    const int32_t columns = kernel * kernel * in / groups;
    std::normal_distribution<float> normal(0, std::sqrt(2.0F / static_cast<float>(columns)));
    conv.weights.resize(static_cast<size_t>(out * columns));
    for (float& w : conv.weights) w = normal(rng_);
    conv.bias.resize(static_cast<size_t>(out));
    for (float& b : conv.bias) b = 0.3F * normal(rng_);
    return Add(name, conv, {from});
  }
  int32_t Apply(const std::string& name, graph::Function f, int32_t from, float a = 0,
                float b = 0) {
    return Add(name, graph::Activation{f, a, b, {}}, {from});
  }
  int32_t GlobalMean(const std::string& name, int32_t from) {
    const graph::Shape s = graph_.nodes[static_cast<size_t>(from)].shape;
    graph::AvgPool pool;
    pool.window.kernel_h = s.h;
    pool.window.kernel_w = s.w;
    return Add(name, pool, {from});
  }
  const Graph& graph() const { return graph_; }

 private:
  Graph graph_;
  std::mt19937 rng_;
};

// Smooth random images: neighbouring pixels are alike, as in pictures.
std::vector<uint8_t> MakeImage(graph::Shape s, int64_t index) {
  std::mt19937 rng(static_cast<unsigned>(index) + 100);
  std::vector<uint8_t> pixels(static_cast<size_t>(s.count()));
  std::vector<double> level(static_cast<size_t>(s.c));
  for (double& v : level) v = static_cast<double>(rng() % 256);
  for (size_t i = 0; i < pixels.size(); ++i) {
    double& v = level[i % level.size()];
    v = std::clamp(v + static_cast<double>(rng() % 61) - 30, 0.0, 255.0);
    pixels[i] = static_cast<uint8_t>(v);
  }
  return pixels;
}

Recipe BaseRecipe() {
  Recipe recipe;
  recipe.mean = {120};
  recipe.stddev = {60};
  recipe.images = 48;
  return recipe;
}

// Signal to noise of the program's first output against the float graph, in dB, on images it was
// not calibrated on.
double Compare(const Graph& graph, const Program& program, const Recipe& recipe) {
  const graph::Shape s = graph.input_shape();
  auto executor = graph::Executor::Create(graph, 1, 1);
  EXPECT_TRUE(executor.ok());
  double signal = 0, noise = 0;
  for (int64_t i = 1000; i < 1016; ++i) {
    const auto image = MakeImage(s, i);
    graph::Values input;
    for (const uint8_t v : image)
      input.push_back(static_cast<float>((v - recipe.mean[0]) / recipe.stddev[0]));
    auto wanted = (*executor)->Run(input, graph.outputs);
    EXPECT_TRUE(wanted.ok());
    auto values = ReferenceRun(program, image);
    EXPECT_TRUE(values.ok());
    const auto t = static_cast<size_t>(program.outputs[0]);
    const Tensor& out = program.tensors[t];
    for (size_t k = 0; k < (*wanted)[0].size(); ++k) {
      int32_t q;
      if (out.type.wide()) {
        std::memcpy(&q, (*values)[t].data() + k * 4, 4);
      } else {
        q = out.type.is_signed ? static_cast<int8_t>((*values)[t][k]) : (*values)[t][k];
      }
      const double f =
          out.factor.empty() ? 1 : out.factor[out.factor.size() == 1 ? 0 : k % out.factor.size()];
      const double real = std::ldexp(q * f, out.exponent);
      signal += (*wanted)[0][k] * (*wanted)[0][k];
      noise += ((*wanted)[0][k] - real) * ((*wanted)[0][k] - real);
    }
  }
  return 10 * std::log10(signal / noise);
}

Expected<Program> Quantised(const Graph& graph, const Recipe& recipe, Report* report = nullptr,
                            int threads = 2) {
  const graph::Shape s = graph.input_shape();
  return Quantize(
      graph, recipe, [s](int64_t i) -> Expected<std::vector<uint8_t>> { return MakeImage(s, i); },
      64, threads, nullptr, report);
}

void ExpectClose(const Net& net, double db, Recipe recipe = BaseRecipe()) {
  recipe.weights = {AlphabetKind::kUniform, 8, true};
  auto program = Quantised(net.graph(), recipe);
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_TRUE(Validate(*program).ok());
  EXPECT_GT(Compare(net.graph(), *program, recipe), db);
}

Net Residual() {
  Net net({3, 12, 12});
  const int32_t a = net.Apply("relu1", graph::Function::kRelu, net.Conv("conv1", 0, 8, 3));
  const int32_t b = net.Apply("relu2", graph::Function::kRelu, net.Conv("conv2", a, 8, 3));
  const int32_t c = net.Add("add", graph::Add{}, {net.Conv("conv3", b, 8, 3), a});
  const int32_t d = net.Apply("relu3", graph::Function::kRelu, c);
  net.Conv("fc", net.GlobalMean("mean", d), 10, 1);
  return net;
}

TEST(Quantize, ResidualNetworkAtEightBits) { ExpectClose(Residual(), 28); }

TEST(Quantize, EveryAlphabetAndFewerBits) {
  struct Case {
    WeightChoice weights;
    int activation_bits;
    double db;
  };
  for (const Case& c :
       {Case{{AlphabetKind::kPot, 4, true}, 8, 15}, Case{{AlphabetKind::kPot, 3, true}, 8, 11},
        Case{{AlphabetKind::kApot, 4, true}, 8, 17}, Case{{AlphabetKind::kCustom, 4, true}, 8, 18},
        Case{{AlphabetKind::kPair, 6, true}, 8, 12},
        Case{{AlphabetKind::kUniform, 4, false}, 8, 15},
        Case{{AlphabetKind::kUniform, 8, true}, 4, 13}}) {
    const Net net = Residual();
    Recipe recipe = BaseRecipe();
    recipe.weights = c.weights;
    recipe.activation_bits = c.activation_bits;
    Report report;
    auto program = Quantised(net.graph(), recipe, &report);
    ASSERT_TRUE(program.ok()) << program.error().message;
    const double db = Compare(net.graph(), *program, recipe);
    EXPECT_GT(db, c.db) << AlphabetName(c.weights.alphabet) << " " << c.weights.bits;
    ASSERT_EQ(report.layers.size(), 4U);
    EXPECT_EQ(report.layers[1].activation_bits, c.activation_bits);
    EXPECT_EQ(report.layers[0].alphabet, "uniform 8");
    EXPECT_NEAR(report.layers[3].sqnr_db, db, 6) << "calibration and other images are alike";
  }
}

TEST(Quantize, FeedbackAndBiasCorrectionHelp) {
  const Net net = Residual();
  Recipe recipe = BaseRecipe();
  recipe.weights = {AlphabetKind::kPot, 3, true};
  auto with = Quantised(net.graph(), recipe);
  recipe.error_feedback = recipe.bias_correction = false;
  auto without = Quantised(net.graph(), recipe);
  ASSERT_TRUE(with.ok() && without.ok());
  EXPECT_GT(Compare(net.graph(), *with, recipe), Compare(net.graph(), *without, recipe) + 2);
}

TEST(Quantize, GatesAndFunctions) {
  Net net({3, 10, 10});
  const int32_t a = net.Apply("swish", graph::Function::kHardSwish, net.Conv("conv1", 0, 8, 3));
  const int32_t d = net.Apply("relu6", graph::Function::kClip, net.Conv("dw", a, 8, 3, 1, 8), 0, 6);
  const int32_t s =
      net.Apply("squeeze", graph::Function::kRelu, net.Conv("fc1", net.GlobalMean("m", d), 4, 1));
  const int32_t g = net.Apply("gate", graph::Function::kSigmoid, net.Conv("fc2", s, 8, 1));
  const int32_t m = net.Add("mul", graph::Mul{}, {d, g});
  const int32_t e = net.Conv("project", m, 8, 1);
  const int32_t sum = net.Add("add", graph::Add{}, {e, a});
  net.Conv("fc", net.GlobalMean("mean", net.Apply("gelu", graph::Function::kGelu, sum)), 5, 1);
  ExpectClose(net, 24);
}

TEST(Quantize, FunctionsOfOneVariableBecomeOneTable) {
  Net net({3, 6, 6});
  const int32_t x = net.Conv("conv", 0, 4, 3);
  const int32_t s = net.Apply("tanh", graph::Function::kTanh,
                              net.Apply("softplus", graph::Function::kSoftplus, x));
  const int32_t mish = net.Add("mish", graph::Mul{}, {x, s});
  net.Conv("fc", net.GlobalMean("mean", mish), 3, 1);
  Recipe recipe = BaseRecipe();
  recipe.weights = {AlphabetKind::kUniform, 8, true};
  auto program = Quantised(net.graph(), recipe);
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(program->nodes.size(), 5U) << "input table, conv, table, mean, fc";
  EXPECT_GT(Compare(net.graph(), *program, recipe), 26);
}

TEST(Quantize, MovesPoolsAndJoins) {
  Net net({4, 12, 12});
  const int32_t a = net.Apply("relu1", graph::Function::kRelu, net.Conv("conv1", 0, 8, 3));
  graph::MaxPool pool;
  pool.window.kernel_h = pool.window.kernel_w = pool.window.stride_h = pool.window.stride_w = 2;
  const int32_t p = net.Add("pool", pool, {a});
  graph::Slice half{{0, 0, 0}, {1, 1, 1}};
  const int32_t left = net.Add("left", half, {p}, {4, 6, 6});
  half.start[0] = 4;
  const int32_t right = net.Add("right", half, {p}, {4, 6, 6});
  const int32_t b = net.Conv("conv2", right, 4, 3);
  const int32_t joined = net.Add("join", graph::Concat{}, {left, b});
  const int32_t shuffled = net.Add("shuffle", graph::Shuffle{2}, {joined});
  graph::Pad pad;
  pad.after[0] = 2;
  pad.before[1] = 1;
  const int32_t padded = net.Add("pad", pad, {shuffled});
  const int32_t grown = net.Add("grow", graph::Resize{2, 2}, {padded});
  graph::AvgPool mean;
  mean.window.kernel_h = mean.window.kernel_w = 3;
  mean.window.stride_h = mean.window.stride_w = 2;
  const int32_t m = net.Add("mean", mean, {grown});
  const int32_t n = net.Add("less", graph::Add{true}, {m, net.Conv("conv3", m, 10, 1)});
  const int32_t flat = net.Add("flat", graph::Flatten{}, {n});
  net.Conv("fc", flat, 6, 1);
  ExpectClose(net, 22);
}

TEST(Quantize, PreActivationWithPerChannelTables) {
  Net net({3, 8, 8});
  const int32_t x = net.Conv("conv1", 0, 6, 3);
  graph::Affine norm;
  for (int c = 0; c < 6; ++c) {
    norm.scale.push_back(0.5F + 0.3F * static_cast<float>(c));
    norm.shift.push_back(0.1F * static_cast<float>(c) - 0.2F);
  }
  const int32_t r = net.Apply("relu", graph::Function::kRelu, net.Add("bn", norm, {x}));
  const int32_t j = net.Add("dense", graph::Concat{}, {x, net.Conv("conv2", r, 6, 3)});
  net.Conv("fc", net.GlobalMean("mean", j), 4, 1);
  ExpectClose(net, 24);
}

TEST(Quantize, SoftmaxAtTheEndIsLeftToTheApplication) {
  Net net({3, 4, 4});
  net.Add("softmax", graph::Softmax{},
          {net.Conv("fc", net.GlobalMean("mean", net.Conv("conv", 0, 4, 3)), 4, 1)});
  auto program = Quantised(net.graph(), BaseRecipe());
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(program->metadata.at("softmax"), "1");
  EXPECT_TRUE(program->tensors[static_cast<size_t>(program->outputs[0])].type.wide());
}

TEST(Quantize, ArgMaxKeepsWideLogits) {
  Net net({3, 4, 4});
  net.Add("class", graph::ArgMax{},
          {net.Conv("fc", net.GlobalMean("mean", net.Conv("conv", 0, 4, 3)), 4, 1)});
  auto program = Quantised(net.graph(), BaseRecipe());
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(OpName(program->nodes.back().op), "argmax");
  EXPECT_TRUE(program->tensors[static_cast<size_t>(program->nodes.back().inputs[0])].type.wide());
}

TEST(Quantize, RefusesWhatHasNoIntegerMeaning) {
  Net lrn({3, 8, 8});
  lrn.Conv("fc",
           lrn.GlobalMean("mean", lrn.Add("norm1", graph::Lrn{}, {lrn.Conv("conv", 0, 4, 3)})), 4,
           1);
  auto program = Quantised(lrn.graph(), BaseRecipe());
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(program.error().message.find("norm1"), std::string::npos);

  Net border({3, 8, 8});
  graph::AvgPool pool;
  pool.window.kernel_h = pool.window.kernel_w = 3;
  pool.window.pad_top = 1;
  border.Add("pool1", pool, {border.Conv("conv", 0, 4, 3)});
  program = Quantised(border.graph(), BaseRecipe());
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.error().message.find("count_include_pad"), std::string::npos);
}

TEST(Quantize, RefusesRecipesThatDoNotFit) {
  const Net net = Residual();
  const auto refused = [&](auto change) {
    Recipe recipe = BaseRecipe();
    change(recipe);
    auto program = Quantised(net.graph(), recipe);
    return !program.ok() && program.error().code == ErrorCode::kUsage;
  };
  EXPECT_TRUE(refused([](Recipe& r) { r.mean = {1, 2}; }));
  EXPECT_TRUE(refused([](Recipe& r) { r.stddev = {0}; }));
  EXPECT_TRUE(refused([](Recipe& r) { r.weights.bits = 7; }));
  EXPECT_TRUE(refused([](Recipe& r) { r.weights = {AlphabetKind::kPair, 4, true}; }));
  EXPECT_TRUE(refused([](Recipe& r) { r.activation_bits = 9; }));
  EXPECT_TRUE(refused([](Recipe& r) { r.images = 0; }));
  EXPECT_TRUE(refused([](Recipe& r) { r.layers.push_back({"nothing*", {}, 4, {}, {}}); }));
}

TEST(Quantize, OverridesPickLayersByName) {
  const Net net = Residual();
  Recipe recipe = BaseRecipe();
  recipe.layers.push_back({"conv[23]", AlphabetKind::kApot, 5, std::nullopt, 5});
  Report report;
  auto program = Quantised(net.graph(), recipe, &report);
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(report.layers[1].alphabet, "apot 5");
  EXPECT_EQ(report.layers[1].activation_bits, 5);
  EXPECT_EQ(report.layers[3].alphabet, "uniform 8");
}

TEST(Quantize, SameInputsSameProgramOnAnyThreads) {
  const Net net = Residual();
  auto one = Quantised(net.graph(), BaseRecipe(), nullptr, 1);
  auto two = Quantised(net.graph(), BaseRecipe(), nullptr, 2);
  auto again = Quantised(net.graph(), BaseRecipe(), nullptr, 2);
  ASSERT_TRUE(one.ok() && two.ok() && again.ok());
  EXPECT_TRUE(*two == *again);
  EXPECT_TRUE(*one == *two);
}

TEST(Quantize, StopsWhenAsked) {
  struct Stop : Progress {
    bool cancelled() const override { return true; }
  } stop;
  const Net net = Residual();
  const graph::Shape s = net.graph().input_shape();
  auto program = Quantize(
      net.graph(), BaseRecipe(),
      [s](int64_t i) -> Expected<std::vector<uint8_t>> { return MakeImage(s, i); }, 64, 1, &stop);
  EXPECT_EQ(program.status().code(), ErrorCode::kInterrupted);
}

TEST(Quantize, PassesOnWhatTheImagesSay) {
  const Net net = Residual();
  auto program = Quantize(
      net.graph(), BaseRecipe(),
      [](int64_t i) -> Expected<std::vector<uint8_t>> {
        if (i == 7) return BadInput("image 7 is torn");
        return std::vector<uint8_t>(3 * 12 * 12);
      },
      64);
  EXPECT_EQ(program.status().code(), ErrorCode::kBadInput);
  program = Quantize(
      net.graph(), BaseRecipe(),
      [](int64_t) -> Expected<std::vector<uint8_t>> { return std::vector<uint8_t>(5); }, 64);
  EXPECT_EQ(program.status().code(), ErrorCode::kBadInput);
}

}  // namespace
}  // namespace potlut::quant
