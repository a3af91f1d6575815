// Steps and shares on pools of threads.
#include "engine/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace potlut {
namespace {

// Each share of a step checks that the step before is whole, and that it alone runs.
class Checked : public StepWork {
 public:
  Checked(int32_t steps, int32_t most) : most_(most), done_(static_cast<size_t>(steps)) {}
  int32_t steps() const override { return static_cast<int32_t>(done_.size()); }
  int32_t shares(int32_t step, int32_t team) const override {
    return std::min(1 + step % most_, team);
  }
  void RunShare(int32_t step, Share share) override {
    const size_t s = static_cast<size_t>(step);
    if (step > 0 && done_[s - 1].value != count_) ++wrong_;
    if (share.index < 0 || share.index >= share.count) ++wrong_;
    const uint32_t bit = uint32_t{1} << share.index;
    if ((done_[s].shares.fetch_or(bit) & bit) != 0) ++wrong_;
    if (delay && share.index == 1) std::this_thread::sleep_for(std::chrono::microseconds(300));
    done_[s].all = (uint32_t{1} << share.count) - 1;
  }
  void StepDone(int32_t step) override {
    Step& s = done_[static_cast<size_t>(step)];
    if (s.shares != s.all) ++wrong_;
    s.value = count_;  // plain: a race here is an error of the pool
    s.shares = 0;
  }
  void Next() { ++count_; }
  int wrong() const { return wrong_; }
  bool Whole() const { return done_.back().value == count_; }

  bool delay = false;

 private:
  struct Step {
    std::atomic<uint32_t> shares{0}, all{0};
    int value = 0;
  };
  const int32_t most_;
  std::vector<Step> done_;
  std::atomic<int> wrong_{0};
  int count_ = 1;
};

TEST(ThreadPoolTest, RunsEachShareOfEachStepOnceAndInOrder) {
  for (const int threads : {1, 2, 3, 8}) {
    const auto pool = ThreadPool::Create(threads);
    ASSERT_TRUE(pool.ok());
    EXPECT_EQ((*pool)->threads(), threads);
    Checked work(40, 8);
    for (int run = 0; run < 200; ++run, work.Next()) {
      work.delay = run < 3;  // long enough for the others to fall asleep
      (*pool)->Run(work);
      ASSERT_TRUE(work.Whole());
    }
    EXPECT_EQ(work.wrong(), 0);
  }
}

TEST(ThreadPoolTest, ManyCallersAtOnce) {
  const auto pool = *ThreadPool::Create(4);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back([&] {
      for (int run = 0; run < 100; ++run) {
        Checked work(9, 4);  // gone when the run is over: workers must be too
        pool->Run(work);
        if (!work.Whole()) ++wrong;
        wrong += work.wrong();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadPoolTest, WorkWithoutSteps) {
  Checked work(0, 1);
  (*ThreadPool::Create(3))->Run(work);
  EXPECT_EQ(work.wrong(), 0);
}

TEST(ThreadPoolTest, RefusesCountsThatMakeNoSense) {
  EXPECT_EQ(ThreadPool::Create(0).error().code, ErrorCode::kUsage);
  EXPECT_EQ(ThreadPool::Create(-3).error().code, ErrorCode::kUsage);
  EXPECT_EQ(ThreadPool::Create(ThreadPool::kMaxThreads + 1).error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut
