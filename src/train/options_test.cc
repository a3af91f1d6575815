// What the command line's texts mean, and what is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>

#include "train/command_options.h"
#include "train/tune_options.h"

namespace potlut::train {
namespace {

TEST(Augmentation, Text) {
  const auto all = ParseAugmentation("crop=4,flip,cutout=8");
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all->crop_padding, 4);
  EXPECT_TRUE(all->flip);
  EXPECT_EQ(all->cutout, 8);
  EXPECT_FALSE(all->random_resized_crop);
  const auto resized = ParseAugmentation("random-resized-crop=0.25,flip");
  ASSERT_TRUE(resized.ok());
  EXPECT_TRUE(resized->random_resized_crop);
  EXPECT_EQ(resized->min_area, 0.25);
  EXPECT_TRUE(ParseAugmentation("none").ok());
  for (const char* bad : {"crop", "crop=x", "flip=1", "cutout=-1", "shear=3", "flip,,flip",
                          "random-resized-crop=2", "random-resized-crop,crop=4"}) {
    const auto result = ParseAugmentation(bad);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_EQ(result.error().code, ErrorCode::kUsage) << bad;
  }
}

TEST(TrainOptions, WhatMakesNoSenseIsNamed) {
  const auto message = [](const std::function<void(TrainOptions&)>& change) {
    TrainOptions options;
    change(options);
    return Validate(options).message();
  };
  EXPECT_EQ(message([](TrainOptions&) {}), "");
  const auto names = [&](const char* option, const std::function<void(TrainOptions&)>& change) {
    EXPECT_NE(message(change).find(option), std::string::npos) << option << ": " << message(change);
  };
  names("--epochs", [](TrainOptions& o) { o.epochs = 0; });
  names("--batch", [](TrainOptions& o) { o.batch = 0; });
  names("--lr", [](TrainOptions& o) { o.schedule.rate = 0; });
  names("--lr", [](TrainOptions& o) { o.schedule.rate = NAN; });
  names("--warmup", [](TrainOptions& o) { o.schedule.warmup = 30; });
  names("--momentum", [](TrainOptions& o) { o.optimiser.momentum = 1; });
  names("--weight-decay", [](TrainOptions& o) { o.optimiser.weight_decay = -1; });
  names("--label-smoothing", [](TrainOptions& o) { o.label_smoothing = 1; });
  names("--teacher-weight", [](TrainOptions& o) { o.distillation.weight = 1.1; });
  names("--teacher-temperature", [](TrainOptions& o) { o.distillation.temperature = 0; });
  names("--ema", [](TrainOptions& o) { o.ema = 1; });
  names("--average-last", [](TrainOptions& o) { o.average_last = 31; });
  names("--average-last", [](TrainOptions& o) { o.ema = 0.9, o.average_last = 3; });
  names("--checkpoint", [](TrainOptions& o) { o.resume = true; });
}

TEST(TrainOptions, TheDigestTellsWhatDecidesTheNumbersOnly) {
  TrainOptions a, b;
  b.threads = 7;
  b.checkpoint = "other";
  b.log = "other";
  EXPECT_EQ(Digest(a), Digest(b));
  b = a;
  b.augmentation.cutout = 8;
  EXPECT_NE(Digest(a), Digest(b));
  b = a;
  b.seed = 2;
  EXPECT_NE(Digest(a), Digest(b));
}

TEST(TuneOptions, DistributionLoss) {
  const auto loss = ParseDistributionLoss("bin=0.1,rate=0.02,rate-start=0.2,rate-full=0.4");
  ASSERT_TRUE(loss.ok()) << loss.error().message;
  EXPECT_EQ(loss->bin, 0.1);
  EXPECT_EQ(loss->rate, 0.02);
  EXPECT_EQ(loss->rate_start, 0.2);
  EXPECT_EQ(loss->rate_full, 0.4);
  EXPECT_TRUE(ParseDistributionLoss("").ok());
  for (const char* bad : {"bin", "bin=", "bin=-1", "bins=1", "rate=1,bin-start=2",
                          "bin-start=0.9,bin-full=0.5", "temperature=0"}) {
    const auto result = ParseDistributionLoss(bad);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_EQ(result.error().code, ErrorCode::kUsage) << bad;
  }
}

TEST(TuneOptions, PhasesEndWithTheRecipe) {
  quant::Recipe recipe;
  recipe.weights = {AlphabetKind::kPot, 3, true};
  const auto phases = Phases("8,4,3", recipe);
  ASSERT_TRUE(phases.ok()) << phases.error().message;
  ASSERT_EQ(phases->size(), 3U);
  EXPECT_EQ((*phases)[0].weights.alphabet, AlphabetKind::kUniform);
  EXPECT_EQ((*phases)[0].weights.bits, 8);
  EXPECT_EQ((*phases)[1].weights.alphabet, AlphabetKind::kPot);
  EXPECT_EQ((*phases)[1].weights.bits, 4);
  EXPECT_EQ((*phases)[2].weights.bits, 3);
  EXPECT_EQ(Phases("", recipe)->size(), 1U);
  for (const char* bad : {"8,4", "8,x,3", "8,,3", "7,3", "1,3"})
    EXPECT_FALSE(Phases(bad, recipe).ok()) << bad;
  recipe.weights = {AlphabetKind::kPair, 6, true};
  const auto pairs = Phases("8,4", recipe);
  ASSERT_TRUE(pairs.ok());
  ASSERT_EQ(pairs->size(), 3U);
  EXPECT_EQ((*pairs)[2].weights.alphabet, AlphabetKind::kPair);

  EXPECT_EQ(PhaseOf(0, 10, 3), 0U);
  EXPECT_EQ(PhaseOf(3, 10, 3), 0U);
  EXPECT_EQ(PhaseOf(4, 10, 3), 1U);
  EXPECT_EQ(PhaseOf(9, 10, 3), 2U);
  EXPECT_EQ(PhaseOf(0, 1, 1), 0U);
}

TEST(Rendezvous, OptionsAndEnvironment) {
  for (const char* name : {"MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE"}) ::unsetenv(name);
  const auto none = ResolveRendezvous({});
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
  const auto two = ResolveRendezvous({"tcp://10.0.0.7:2950", 1, 2});
  ASSERT_TRUE(two.ok()) << two.error().message;
  ASSERT_TRUE(two->has_value());
  EXPECT_EQ((*two)->host, "10.0.0.7");
  EXPECT_EQ((*two)->port, 2950);
  EXPECT_EQ((*two)->rank, 1);
  EXPECT_FALSE(ResolveRendezvous({"tcp://h:1", 0, 1})->has_value());
  const RendezvousOptions bad[] = {
      {"10.0.0.7:2950", 0, 2}, {"tcp://h", 0, 2},    {"tcp://h:0", 0, 2},  {"tcp://h:99999", 0, 2},
      {"tcp://h:1", 2, 2},     {"tcp://h:1", {}, 2}, {"tcp://h:1", -1, 2}, {"", 0, 2}};
  for (const RendezvousOptions& options : bad) {
    const auto result = ResolveRendezvous(options);
    ASSERT_FALSE(result.ok()) << options.address;
    EXPECT_EQ(result.error().code, ErrorCode::kUsage);
  }
  ::setenv("MASTER_ADDR", "node0", 1);
  ::setenv("MASTER_PORT", "29500", 1);
  ::setenv("RANK", "3", 1);
  ::setenv("WORLD_SIZE", "4", 1);
  const auto torchrun = ResolveRendezvous({});
  ASSERT_TRUE(torchrun.ok());
  ASSERT_TRUE(torchrun->has_value());
  EXPECT_EQ((*torchrun)->host, "node0");
  EXPECT_EQ((*torchrun)->rank, 3);
  EXPECT_TRUE((*torchrun)->serve);
  ::setenv("RANK", "x", 1);
  EXPECT_FALSE(ResolveRendezvous({}).ok());
  for (const char* name : {"MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE"}) ::unsetenv(name);
}

}  // namespace
}  // namespace potlut::train
