// Workers take contiguous pieces; one error stops them all.
#include "cli/run_all.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/parallel.h"

namespace potlut::cli {

std::vector<int64_t> SpreadIndices(int64_t size, int64_t wanted) {
  const int64_t count = wanted <= 0 ? size : std::min(size, wanted);
  std::vector<int64_t> indices(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    // size and count stay below 2^40 in practice; the wide product keeps any size exact.
    indices[static_cast<size_t>(i)] = static_cast<int64_t>(static_cast<__int128>(i) * size / count);
  }
  return indices;
}

Status RunAll(Classifier& classifier, const data::Source& source, std::span<const int64_t> indices,
              Progress& progress, const std::string& task, const EachResult& each) {
  const auto count = static_cast<int64_t>(indices.size());
  const int workers = classifier.workers();
  const int64_t batch = classifier.batch();
  std::atomic<int64_t> done = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  Status first_error;
  const auto fail = [&](const Status& status) {
    const std::lock_guard lock(mutex);
    if (first_error.ok()) first_error = status;
    stop = true;
  };
  progress.Begin(task, count);
  ParallelChunks(count, workers, [&](int64_t begin, int64_t end, int worker) {
    std::vector<data::Sample> samples;
    std::vector<data::Image> images;
    std::vector<std::vector<OutputValues>> outputs;
    for (int64_t at = begin; at < end && !stop; at += batch) {
      if (progress.cancelled()) return fail({ErrorCode::kInterrupted, "interrupted"});
      const int64_t size = std::min(batch, end - at);
      samples.clear();
      images.clear();
      for (int64_t i = 0; i < size; ++i) {
        auto sample = source.Get(indices[static_cast<size_t>(at + i)]);
        if (!sample) return fail(sample.status());
        images.push_back(std::move(sample->image));
        samples.push_back(std::move(*sample));
      }
      if (const Status status = classifier.Run(worker, images, outputs); !status.ok())
        return fail(status);
      for (int64_t i = 0; i < size; ++i) {
        each(static_cast<size_t>(at + i), samples[static_cast<size_t>(i)],
             outputs[static_cast<size_t>(i)]);
      }
      const std::string& name = samples[0].name;
      progress.Update(done += size, std::string_view(name).substr(name.rfind('/') + 1));
    }
  });
  progress.End();
  return first_error;
}

}  // namespace potlut::cli
