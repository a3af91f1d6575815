// Placing of buffers: never two alive ones on one byte, and not wasteful.
#include "engine/plan.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/aligned.h"

namespace potlut {
namespace {

bool AliveTogether(const Buffer& a, const Buffer& b) {
  return a.first <= b.last && b.first <= a.last;
}

TEST(PlanTest, NothingTakesNothing) { EXPECT_EQ(PlaceBuffers({}).bytes, 0u); }

TEST(PlanTest, AChainNeedsItsLargestNeighbours) {
  // 100 -> 1000 -> 100 -> 1000, each read by the next step only.
  const Placement p = PlaceBuffers({{100, 0, 1}, {1000, 1, 2}, {100, 2, 3}, {1000, 3, 4}});
  EXPECT_EQ(p.bytes, AlignUp(1000) + AlignUp(100));
}

TEST(PlanTest, RandomLivesNeverShareBytesAtOneTime) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 rng(seed);
    std::vector<Buffer> buffers(1 + rng() % 60);
    size_t sum = 0;
    for (Buffer& b : buffers) {
      b.bytes = 1 + rng() % 5000;
      b.first = static_cast<int32_t>(rng() % 40);
      b.last = b.first + static_cast<int32_t>(rng() % 10);
      sum += AlignUp(b.bytes);
    }
    const Placement p = PlaceBuffers(buffers);
    size_t alive_most = 0;
    for (int32_t step = 0; step < 50; ++step) {
      size_t alive = 0;
      for (const Buffer& b : buffers)
        alive += b.first <= step && step <= b.last ? AlignUp(b.bytes) : 0;
      alive_most = std::max(alive_most, alive);
    }
    EXPECT_GE(p.bytes, alive_most);
    EXPECT_LE(p.bytes, sum);
    EXPECT_LE(p.bytes, alive_most * 3 / 2) << "wasteful";
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_EQ(p.offset[i] % kAlignment, 0u);
      EXPECT_LE(p.offset[i] + buffers[i].bytes, p.bytes);
      for (size_t j = 0; j < i; ++j) {
        if (!AliveTogether(buffers[i], buffers[j])) continue;
        EXPECT_TRUE(p.offset[i] + buffers[i].bytes <= p.offset[j] ||
                    p.offset[j] + buffers[j].bytes <= p.offset[i])
            << i << " and " << j;
      }
    }
  }
}

}  // namespace
}  // namespace potlut
