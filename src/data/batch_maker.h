// Which samples make a batch, and their pixels: the part of the loader that knows no threads.
#pragma once

#include <cstdint>
#include <vector>

#include "data/loader.h"

namespace potlut::data {

class BatchMaker {
 public:
  // Errors: kUsage naming the option.
  static Status Check(const Source& source, const LoaderOptions& options);

  BatchMaker(const Source& source, const LoaderOptions& options)
      : source_(source), options_(options) {}

  int64_t batches() const;
  void StartEpoch(int64_t epoch);
  // With room for its samples; `index` in [0, batches()).
  Batch Begin(int64_t index) const;
  // Makes sample `at` of the batch. Thread safe for different samples. Errors: see Loader::Next.
  Status Fill(Batch& batch, int32_t at) const;

 private:
  const Source& source_;
  const LoaderOptions options_;
  int64_t epoch_ = 0;
  std::vector<int64_t> order_;  // empty: as in the source
};

}  // namespace potlut::data
