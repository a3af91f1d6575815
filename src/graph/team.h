// Loops on the OpenMP team that oneDNN uses: a second set of threads would compete with its
// spinning workers.
//
// libgomp's entry points are called directly, so that any compiler shares the one team whatever
// OpenMP runtime its own -fopenmp would bring.
#pragma once

#include <cstdint>
#include <functional>

namespace potlut::graph {

// Threads of the team that the calling thread starts from now on, in oneDNN as well.
void SetTeamThreads(int threads);

// Calls fn(begin, end) on parts of [0, count), each at least `grain` long (but for the last), on
// the team. `fn` must not throw; results must not depend on the parts.
void TeamFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& fn);

}  // namespace potlut::graph
