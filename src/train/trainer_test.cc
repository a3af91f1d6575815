// The loop on a network that trains in a second: it learns, stops, goes on, averages.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "train/evaluate.h"
#include "train/float_network.h"
#include "train/test_data.h"

namespace potlut::train {
namespace {

constexpr int32_t kSide = 12, kClasses = 4;

// Asks to stop at the `stop`-th look.
class StopAfter : public Progress {
 public:
  explicit StopAfter(int looks) : left_(looks) {}
  bool cancelled() const override { return --left_ <= 0; }

 private:
  mutable int left_;
};

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() : train_(200, kSide, kClasses, 1), validation_(80, kSide, kClasses, 5000) {
    options_.epochs = 3;
    options_.batch = 20;
    options_.schedule.rate = 0.05;
    options_.augmentation.flip = true;
    options_.augmentation.crop_padding = 1;
    options_.data_threads = 1;
    options_.checkpoint_batches = 1000;
  }

  std::unique_ptr<FloatNetwork> Fresh(bool normalised = true) {
    FloatOptions options;
    options.mean = {127};
    options.stddev = {64};
    return FloatNetwork::Create(SmallGraph(kSide, kClasses, normalised), options).value();
  }

  Status Run(Network& network, Progress* progress = nullptr, Network* teacher = nullptr) {
    TrainJob job;
    job.network = &network;
    job.teacher = teacher;
    job.input = {3, kSide, kSide};
    job.classes = kClasses;
    job.train = &train_;
    job.validation = &validation_;
    job.identity = "test";
    job.after_epoch = [&](const EpochRecord& record) { records_.push_back(record); };
    job.progress = progress;
    return Train(job, options_);
  }

  double Accuracy(Network& network) {
    Progress silent;
    return Evaluate(network, validation_, {{3, kSide, kSide}, kClasses, 40, 1}, "test", silent)
        ->accuracy();
  }

  ColourSource train_, validation_;
  TrainOptions options_;
  std::vector<EpochRecord> records_;
};

TEST_F(TrainerTest, Learns) {
  options_.log = InScratch("learns.jsonl");
  const auto network = Fresh();
  EXPECT_LT(Accuracy(*network), 0.6);
  const Status status = Run(*network);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_GT(Accuracy(*network), 0.9);
  ASSERT_EQ(records_.size(), 3U);
  EXPECT_LT(records_[2].loss, records_[0].loss);
  EXPECT_GT(*records_[2].validation_accuracy, 0.9);
  EXPECT_GT(records_[0].rate, records_[2].rate);
  const auto log = BytesOf(options_.log);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3);
  EXPECT_EQ(std::string(log.begin(), log.begin() + 10), "{\"epoch\":1");
}

TEST_F(TrainerTest, AdamAndBfloat16LearnToo) {
  options_.optimiser.kind = OptimiserKind::kAdamW;
  options_.schedule = {ScheduleKind::kOneCycle, 0.02, 0};
  options_.bf16 = true;
  options_.label_smoothing = 0.1;
  const auto network = Fresh();
  const Status status = Run(*network);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_GT(Accuracy(*network), 0.9);
}

// Stopped in the middle of an epoch and at others' ends, and gone on: the same bits as in one go.
TEST_F(TrainerTest, GoesOnBitForBit) {
  options_.ema = 0.9;
  options_.log = InScratch("whole.jsonl");
  const auto whole = Fresh();
  ASSERT_TRUE(Run(*whole).ok());
  options_.checkpoint = InScratch("stopped.ck");
  options_.log = InScratch("stopped.jsonl");
  options_.resume = true;
  for (const int looks : {4, 10, 13}) {
    const auto part = Fresh();
    StopAfter stop(looks);
    const Status status = Run(*part, &stop);
    ASSERT_EQ(status.code(), ErrorCode::kInterrupted) << status.message();
    EXPECT_NE(status.message().find("--resume"), std::string::npos);
  }
  const auto last = Fresh();
  const Status status = Run(*last);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(LargestDifference(*whole, *last), 0);
  const auto log = BytesOf(options_.log);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3);
  // Done already: nothing is trained, and the weights are there again.
  records_.clear();
  const auto again = Fresh();
  ASSERT_TRUE(Run(*again).ok());
  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(LargestDifference(*whole, *again), 0);
}

TEST_F(TrainerTest, AForeignCheckpointIsRefused) {
  options_.checkpoint = InScratch("foreign.ck");
  ASSERT_TRUE(Run(*Fresh()).ok());
  options_.resume = true;
  const Status structure = Run(*Fresh(false));
  EXPECT_EQ(structure.code(), ErrorCode::kBadInput);
  options_.schedule.rate = 0.04;
  const Status rate = Run(*Fresh());
  EXPECT_EQ(rate.code(), ErrorCode::kBadInput);
  EXPECT_NE(rate.message().find("0.04"), std::string::npos) << rate.message();
}

TEST_F(TrainerTest, ThreadsThatReadDoNotMatter) {
  const auto one = Fresh();
  ASSERT_TRUE(Run(*one).ok());
  options_.data_threads = 3;
  const auto three = Fresh();
  ASSERT_TRUE(Run(*three).ok());
  EXPECT_EQ(LargestDifference(*one, *three), 0);
}

// Looking at averages on the way must leave the training as it was.
TEST_F(TrainerTest, AveragesAreAnOpinionOnTheSide) {
  const auto plain = Fresh();
  ASSERT_TRUE(Run(*plain).ok());
  const std::vector<EpochRecord> without = records_;
  records_.clear();
  options_.average_last = 2;
  const auto averaged = Fresh();
  ASSERT_TRUE(Run(*averaged).ok());
  ASSERT_EQ(records_.size(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(records_[i].loss, without[i].loss) << i;
  EXPECT_FALSE(records_[0].average_accuracy.has_value());
  EXPECT_GT(*records_[2].average_accuracy, 0.85);
  EXPECT_GT(Accuracy(*averaged), 0.85);
  EXPECT_GT(LargestDifference(*plain, *averaged), 0);
}

TEST_F(TrainerTest, LearnsFromATeacherAlone) {
  const auto teacher = Fresh();
  ASSERT_TRUE(Run(*teacher).ok());
  teacher->SetTraining(false);
  options_.distillation = {1, 2};
  options_.epochs = 5;
  const auto student = Fresh(false);
  const Status status = Run(*student, nullptr, teacher.get());
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_GT(Accuracy(*student), 0.8);
}

TEST_F(TrainerTest, SaysWhatWentWrong) {
  options_.schedule.rate = 1e30;
  const Status diverged = Run(*Fresh(false));
  EXPECT_EQ(diverged.code(), ErrorCode::kFailed);
  EXPECT_NE(diverged.message().find("--lr"), std::string::npos) << diverged.message();
  options_.schedule.rate = 0.1;
  options_.batch = 201;
  EXPECT_EQ(Run(*Fresh()).code(), ErrorCode::kUsage);
  options_.batch = 20;
  TrainJob job;
  const auto network = Fresh();
  job.network = network.get();
  job.input = {3, kSide, kSide};
  job.classes = kClasses - 1;  // labels go further
  job.train = &train_;
  const Status labels = Train(job, options_);
  EXPECT_EQ(labels.code(), ErrorCode::kBadInput) << labels.message();
}

}  // namespace
}  // namespace potlut::train
