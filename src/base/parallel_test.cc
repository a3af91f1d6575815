// Every index once, on any number of threads.
#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace potlut {
namespace {

TEST(Parallel, EachIndexOnce) {
  for (int threads : {1, 2, 7}) {
    for (int64_t count : {0, 1, 2, 6, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
      ParallelFor(count, threads, [&](int64_t i) { ++seen[static_cast<size_t>(i)]; });
      for (auto& s : seen) EXPECT_EQ(s, 1);
    }
  }
}

TEST(Parallel, ChunksCoverTheRangeInOrder) {
  for (int threads : {1, 2, 7}) {
    for (int64_t count : {0, 1, 5, 100}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
      ParallelChunks(count, threads, [&](int64_t begin, int64_t end, int thread) {
        EXPECT_LT(begin, end);
        EXPECT_GE(thread, 0);
        EXPECT_LT(thread, threads);
        for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
      });
      for (auto& s : seen) EXPECT_EQ(s, 1);
    }
  }
}

TEST(Parallel, AtLeastOneThread) { EXPECT_GE(DefaultThreads(), 1); }

}  // namespace
}  // namespace potlut
