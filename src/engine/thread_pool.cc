// Teams of the caller and of idle workers, which claim shares by a word that holds step and claims.
#include "engine/thread_pool.h"

#include <array>
#include <atomic>
#include <system_error>

#include "base/text.h"

namespace potlut {
namespace {

// About as long as a futile sleep would take.
constexpr int kSpins = 2000;

inline void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

// Whoever is free takes the next share, its own one if that is left: a thread that comes late or
// was put to sleep by the system delays nobody, and maps stay in the caches of who wrote them.
class ThreadPool::Team {
 public:
  Team(StepWork& work, int32_t size) : work_(work), steps_(work.steps()), size_(size) {}

  void Work(int32_t self) {
    uint64_t state = state_.load(std::memory_order_acquire);
    for (;;) {
      const int32_t step = static_cast<int32_t>(state >> 32);
      if (step >= steps_) return;
      const int32_t shares = work_.shares(step, size_);
      const uint32_t free = (~uint32_t{0} >> (32 - shares)) & ~static_cast<uint32_t>(state);
      if (free == 0) {
        state = Await(state);
        continue;
      }
      const int32_t mine = self < shares && (free >> self & 1) != 0 ? self : __builtin_ctz(free);
      const uint64_t claimed = state | uint64_t{1} << mine;
      if (!state_.compare_exchange_weak(state, claimed, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
        continue;
      }
      work_.RunShare(step, {mine, shares});
      if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == shares) {
        done_.store(0, std::memory_order_relaxed);
        work_.StepDone(step);
        state_.store(static_cast<uint64_t>(step + 1) << 32, std::memory_order_release);
        state_.notify_all();
      }
      state = state_.load(std::memory_order_acquire);
    }
  }

  std::atomic<int32_t>& inside() { return inside_; }

 private:
  // All shares of `state`'s step are claimed: it stays as it is until the step is over.
  uint64_t Await(uint64_t state) const {
    for (int i = 0; i < kSpins; ++i) {
      const uint64_t now = state_.load(std::memory_order_acquire);
      if (now != state) return now;
      Pause();
    }
    state_.wait(state, std::memory_order_acquire);
    return state_.load(std::memory_order_acquire);
  }

  StepWork& work_;
  const int32_t steps_, size_;
  std::atomic<uint64_t> state_{0};  // step << 32 | shares of it that are claimed
  std::atomic<int32_t> done_{0};    // shares of the step that are done
  std::atomic<int32_t> inside_{0};  // workers that joined and have not left
};

Expected<std::shared_ptr<ThreadPool>> ThreadPool::Create(int32_t threads) {
  if (threads < 1 || threads > kMaxThreads) {
    return UsageError(threads, " threads: a pool has 1 to ", kMaxThreads);
  }
  try {
    std::shared_ptr<ThreadPool> pool(new ThreadPool);
    for (int32_t i = 1; i < threads; ++i) {
      auto worker = std::make_unique<Worker>();
      Worker& w = *worker;
      pool->workers_.push_back(std::move(worker));
      w.thread = std::thread([pool = pool.get(), &w] { pool->Loop(w); });
    }
    // The first run is to find them all.
    std::unique_lock<std::mutex> lock(pool->mutex_);
    pool->left_.wait(lock, [&] { return pool->started_ == threads - 1; });
    return pool;
  } catch (const std::bad_alloc&) {
    return ResourceLimit("not enough memory for ", threads, " threads");
  } catch (const std::system_error&) {
    return ResourceLimit("the system gives no ", threads, " threads; ask for fewer");
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (const auto& worker : workers_) worker->wake.notify_one();
  }
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

void ThreadPool::Loop(Worker& worker) {
  std::unique_lock<std::mutex> lock(mutex_);
  ++started_;
  left_.notify_all();
  for (;;) {
    worker.next_idle = idle_;
    idle_ = &worker;
    // Revoked invitations put the worker back among the idle: it just goes on sleeping.
    worker.wake.wait(lock, [&] { return stopping_ || worker.team != nullptr; });
    if (worker.team == nullptr) return;
    Team& team = *worker.team;
    worker.joined = true;
    team.inside().fetch_add(1, std::memory_order_relaxed);
    lock.unlock();
    team.Work(worker.index);
    lock.lock();
    worker.team = nullptr;
    worker.joined = false;
    team.inside().fetch_sub(1, std::memory_order_release);  // the last touch of the team
    left_.notify_all();
  }
}

void ThreadPool::Run(StepWork& work) {
  std::array<Worker*, kMaxThreads> invited{};
  int32_t count = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  for (; idle_ != nullptr; ++count) {
    invited[static_cast<size_t>(count)] = idle_;
    idle_ = idle_->next_idle;
  }
  Team team(work, count + 1);
  for (int32_t i = 0; i < count; ++i) {
    Worker& worker = *invited[static_cast<size_t>(i)];
    worker.team = &team;
    worker.index = i + 1;
    worker.wake.notify_one();
  }
  lock.unlock();

  team.Work(0);

  if (count == 0) return;
  lock.lock();
  for (int32_t i = 0; i < count; ++i) {
    Worker& worker = *invited[static_cast<size_t>(i)];
    if (worker.team != &team || worker.joined) continue;
    worker.team = nullptr;  // it never came
    worker.next_idle = idle_;
    idle_ = &worker;
  }
  const auto alone = [&] { return team.inside().load(std::memory_order_acquire) == 0; };
  if (alone()) return;
  lock.unlock();  // they only have to come out of their last wait
  for (int i = 0; i < kSpins; ++i) {
    if (alone()) return;
    Pause();
  }
  lock.lock();
  left_.wait(lock, alone);
}

}  // namespace potlut
