// Shapes of the schedules at their corners.
#include "train/schedule.h"

#include <gtest/gtest.h>

namespace potlut::train {
namespace {

TEST(Schedule, NamesGoBothWays) {
  for (const auto kind : {ScheduleKind::kConstant, ScheduleKind::kCosine, ScheduleKind::kOneCycle})
    EXPECT_EQ(ParseSchedule(ScheduleName(kind)).value(), kind);
  const auto unknown = ParseSchedule("linear");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::kUsage);
}

TEST(Schedule, ConstantAfterWarmup) {
  const Schedule schedule{ScheduleKind::kConstant, 0.2, 2};
  EXPECT_NEAR(LearningRate(schedule, 0, 100, 10), 0.2 * 0.5 / 20, 1e-12);
  EXPECT_NEAR(LearningRate(schedule, 9, 100, 10), 0.2 * 9.5 / 20, 1e-12);
  EXPECT_EQ(LearningRate(schedule, 20, 100, 10), 0.2);
  EXPECT_EQ(LearningRate(schedule, 99, 100, 10), 0.2);
}

TEST(Schedule, CosineFallsToNothing) {
  const Schedule schedule{ScheduleKind::kCosine, 1, 0};
  EXPECT_NEAR(LearningRate(schedule, 0, 1000, 10), 1, 1e-5);
  EXPECT_NEAR(LearningRate(schedule, 500, 1000, 10), 0.5, 2e-3);
  EXPECT_LT(LearningRate(schedule, 999, 1000, 10), 1e-5);
  EXPECT_GT(LearningRate(schedule, 999, 1000, 10), 0);
  for (int64_t i = 1; i < 1000; ++i)
    EXPECT_LT(LearningRate(schedule, i, 1000, 10), LearningRate(schedule, i - 1, 1000, 10)) << i;
}

TEST(Schedule, OneCyclePeaksAtThirtyPercentOrAtTheWarmup) {
  const Schedule schedule{ScheduleKind::kOneCycle, 0.5, 0};
  EXPECT_NEAR(LearningRate(schedule, 0, 1000, 10), 0.5 / 25, 1e-4);
  EXPECT_NEAR(LearningRate(schedule, 300, 1000, 10), 0.5, 1e-4);
  EXPECT_LT(LearningRate(schedule, 999, 1000, 10), 1e-5);
  const Schedule early{ScheduleKind::kOneCycle, 0.5, 1};
  EXPECT_NEAR(LearningRate(early, 100, 1000, 10), 0.5, 1e-4);
}

}  // namespace
}  // namespace potlut::train
