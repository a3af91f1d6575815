// A few threads that run the steps of inferences together.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/status.h"
#include "engine/kernels/kernels.h"

namespace potlut {

// Work in steps, each cut into shares that may run at the same time. A step begins when all of the
// one before it is done.
class StepWork {
 public:
  virtual ~StepWork() = default;
  virtual int32_t steps() const = 0;
  virtual int32_t shares(int32_t step, int32_t team) const = 0;  // 1..team
  virtual void RunShare(int32_t step, Share share) = 0;
  // Called once a step, by the thread that ended it.
  virtual void StepDone(int32_t) {}
};

class ThreadPool {
 public:
  static constexpr int32_t kMaxThreads = 32;

  // `threads` counts the one that calls Run: so many - 1 are made. Errors: kUsage outside 1 to
  // kMaxThreads; kResourceLimit where the system gives no more threads.
  static Expected<std::shared_ptr<ThreadPool>> Create(int32_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int32_t threads() const { return static_cast<int32_t>(workers_.size()) + 1; }

  // Runs all of `work` on this thread and on workers that are idle, and returns when it is done.
  // Many threads may call at the same time: who finds all workers at work does without. Idle
  // workers sleep; during a run they spin for some ten microseconds before they do. Allocates
  // nothing.
  void Run(StepWork& work);

 private:
  class Team;
  struct Worker {
    std::thread thread;
    std::condition_variable wake;
    Team* team = nullptr;  // asked to join; guarded by mutex_ like all below
    int32_t index = 0;     // in the team
    bool joined = false;
    Worker* next_idle = nullptr;
  };

  ThreadPool() = default;
  void Loop(Worker& worker);

  std::mutex mutex_;
  std::condition_variable left_;  // a worker started, or left its team
  int32_t started_ = 0;
  Worker* idle_ = nullptr;  // a stack
  bool stopping_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace potlut
