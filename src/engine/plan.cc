// Places buffers, the largest first, each as low as it goes.
#include "engine/plan.h"

#include <algorithm>
#include <numeric>

#include "engine/aligned.h"

namespace potlut {

Placement PlaceBuffers(const std::vector<Buffer>& buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });

  Placement plan;
  plan.offset.assign(buffers.size(), 0);
  std::vector<size_t> placed;  // by offset
  for (const size_t i : order) {
    const Buffer& b = buffers[i];
    const size_t bytes = AlignUp(b.bytes);
    size_t at = 0;
    for (const size_t other : placed) {
      const Buffer& o = buffers[other];
      if (o.last < b.first || o.first > b.last) continue;
      if (plan.offset[other] >= at + bytes) break;  // it fits into the gap before this one
      at = std::max(at, plan.offset[other] + AlignUp(o.bytes));
    }
    plan.offset[i] = at;
    plan.bytes = std::max(plan.bytes, at + bytes);
    const auto place =
        std::upper_bound(placed.begin(), placed.end(), at,
                         [&](size_t value, size_t other) { return value < plan.offset[other]; });
    placed.insert(place, i);
  }
  return plan;
}

}  // namespace potlut
