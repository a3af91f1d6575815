// The bridge to libgomp's team.
#include "graph/team.h"

#include <algorithm>

extern "C" {
void GOMP_parallel(void (*fn)(void*), void* data, unsigned threads, unsigned flags);
void omp_set_num_threads(int threads);
int omp_get_max_threads();
int omp_get_num_threads();
int omp_get_thread_num();
}

namespace potlut::graph {

void SetTeamThreads(int threads) { omp_set_num_threads(std::max(threads, 1)); }

void TeamFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& fn) {
  const int64_t parts =
      std::min<int64_t>(omp_get_max_threads(), count / std::max<int64_t>(grain, 1));
  if (parts <= 1) {
    if (count > 0) fn(0, count);
    return;
  }
  struct Work {
    int64_t count;
    const std::function<void(int64_t, int64_t)>& fn;
  } work{count, fn};
  GOMP_parallel(
      [](void* data) {
        const Work& w = *static_cast<const Work*>(data);
        const int64_t n = omp_get_num_threads();
        const int64_t t = omp_get_thread_num();
        const int64_t begin = w.count * t / n, end = w.count * (t + 1) / n;
        if (begin < end) w.fn(begin, end);
      },
      &work, static_cast<unsigned>(parts), 0);
}

}  // namespace potlut::graph
