// The check finds what is different, and only that.
#include "train/exactness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "graph/simplify.h"
#include "program/reference.h"
#include "train/optimiser.h"
#include "train/test_data.h"

namespace potlut::train {
namespace {

constexpr int32_t kSide = 8, kClasses = 5;

// Stands for a network whose simulation is the program itself, but for one logit of one image where
// asked for.
class Echo : public QuantNetwork {
 public:
  explicit Echo(const Program& program) : program_(program) {}
  int64_t wrong_image = -1;

  at::Tensor Logits(const at::Tensor& pixels) override {
    const at::Tensor images = pixels.permute({0, 2, 3, 1}).contiguous();
    const auto n = static_cast<size_t>(images.size(0));
    const size_t bytes = static_cast<size_t>(images.numel()) / n;
    at::Tensor out = at::empty({images.size(0), kClasses}, at::kDouble);
    for (size_t i = 0; i < n; ++i, ++seen_) {
      const std::span<const uint8_t> image(images.data_ptr<uint8_t>() + i * bytes, bytes);
      const auto tensors = ReferenceRun(program_, image).value();
      const auto& stored = tensors[static_cast<size_t>(program_.outputs[0])];
      for (size_t k = 0; k < kClasses; ++k) {
        int32_t value = 0;
        std::memcpy(&value, stored.data() + 4 * k, 4);
        out[static_cast<int64_t>(i)][static_cast<int64_t>(k)] = static_cast<double>(value);
      }
      if (seen_ == wrong_image) out[static_cast<int64_t>(i)][2] += 1e-9;
    }
    return out;
  }
  // In float32 always the class 0.
  at::Tensor Forward(const at::Tensor& pixels) override {
    at::Tensor out = at::zeros({pixels.size(0), kClasses});
    out.select(1, 0).fill_(1);
    return out;
  }
  void SetTraining(bool) override {}
  void To(const at::Device&) override {}
  at::Device device() const override { return at::kCPU; }
  void SetTrainingType(at::ScalarType) override {}
  void SetEvaluationType(at::ScalarType) override {}
  std::vector<Parameter> parameters() override { return {}; }
  NamedTensors State() override { return {}; }
  Status StateLoaded() override { return {}; }
  bool BeginStatistics() override { return false; }
  void EndStatistics() override {}
  at::Tensor Penalty(double) override { return {}; }
  Status AfterStep(int64_t, double) override { return {}; }
  Metrics TakeMetrics() override { return {}; }
  Status Requantise(const quant::Recipe&, const quant::ImageSource&, int64_t, int,
                    Progress*) override {
    return {};
  }
  Expected<Program> Lower() override { return program_; }
  Expected<graph::Graph> Export() override { return SmallGraph(kSide, kClasses, false); }

 private:
  const Program& program_;
  int64_t seen_ = 0;
};

TEST(Exactness, CountsEveryLogit) {
  const ColourSource source(130, kSide, kClasses, 3);
  const auto images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
    return source.Get(i)->image.pixels;
  };
  quant::Recipe recipe;
  recipe.images = 16;
  recipe.mean = {127};
  recipe.stddev = {64};
  const auto graph = graph::Simplify(SmallGraph(kSide, kClasses, true));
  ASSERT_TRUE(graph.ok());
  const auto program = quant::Quantize(*graph, recipe, images, source.size());
  ASSERT_TRUE(program.ok()) << program.error().message;
  int64_t zeros = 0, right = 0;
  for (int64_t i = 0; i < 120; ++i) {
    const auto tensors = ReferenceRun(*program, source.Get(i)->image.pixels).value();
    const auto& stored = tensors[static_cast<size_t>(program->outputs[0])];
    std::vector<int32_t> logits(kClasses);
    std::memcpy(logits.data(), stored.data(), stored.size());
    const auto top = std::max_element(logits.begin(), logits.end()) - logits.begin();
    zeros += top == 0;
    right += top == source.Get(i)->label;
  }

  Progress silent;
  Echo good(*program);
  const auto same = CheckExactness(good, *program, source, 120, 7, 2, silent);
  ASSERT_TRUE(same.ok()) << same.error().message;
  EXPECT_TRUE(same->exact());
  EXPECT_EQ(same->images, 120);
  EXPECT_EQ(same->logits, 120 * kClasses);
  EXPECT_EQ(same->reference_images, 7);
  EXPECT_EQ(same->labelled, 120);
  EXPECT_EQ(same->correct, right);
  EXPECT_EQ(same->same_float_top1, zeros);

  Echo late(*program);
  late.wrong_image = 115;  // in the second batch, behind the reference executor's images
  const auto one = CheckExactness(late, *program, source, 120, 7, 1, silent);
  ASSERT_TRUE(one.ok());
  EXPECT_FALSE(one->exact());
  EXPECT_EQ(one->different_logits, 1);
  EXPECT_EQ(one->different_reference_logits, 0);

  Echo early(*program);
  early.wrong_image = 3;
  const auto both = CheckExactness(early, *program, source, 120, INT64_MAX, 1, silent);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->different_logits, 1);
  EXPECT_EQ(both->different_reference_logits, 1);
  EXPECT_EQ(both->reference_images, 120);
}

}  // namespace
}  // namespace potlut::train
