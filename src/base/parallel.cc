// Fork-join: the calling thread works too, so one thread means no thread is made.
#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace potlut {

int DefaultThreads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());
}

void ParallelFor(int64_t count, int threads, const std::function<void(int64_t)>& fn) {
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) fn(i);
  };
  std::vector<std::thread> helpers;
  const int64_t wanted = std::min<int64_t>(threads, count) - 1;
  for (int64_t t = 0; t < wanted; ++t) {
    try {
      helpers.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // fewer threads do the same work
    }
  }
  work();
  for (std::thread& helper : helpers) helper.join();
}

void ParallelChunks(int64_t count, int threads,
                    const std::function<void(int64_t, int64_t, int)>& fn) {
  const int64_t parts = std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1));
  ParallelFor(parts, threads, [&](int64_t part) {
    const int64_t begin = count * part / parts, end = count * (part + 1) / parts;
    if (begin < end) fn(begin, end, static_cast<int>(part));
  });
}

}  // namespace potlut
