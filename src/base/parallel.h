// Fork-join over an index range on a fixed number of threads.
#pragma once

#include <cstdint>
#include <functional>

namespace potlut {

// Threads to use where the user names none: the CPUs this process may run on, at least 1.
int DefaultThreads();

// Calls fn(i) for each i in [0, count), from up to `threads` threads; returns when all are done.
// Which thread takes which index is not defined, so fn's results must not depend on it. `fn` must
// not throw.
void ParallelFor(int64_t count, int threads, const std::function<void(int64_t)>& fn);

// The same in contiguous chunks: fn(begin, end, thread) with thread in [0, threads).
void ParallelChunks(int64_t count, int threads,
                    const std::function<void(int64_t, int64_t, int)>& fn);

}  // namespace potlut
