// The loop over a data set: reading and running on all threads.
#pragma once

#include <functional>

#include "base/progress.h"
#include "cli/classifier.h"

namespace potlut::cli {

// Which `wanted` of `size` records: all where wanted is 0 or not smaller, else evenly spread.
std::vector<int64_t> SpreadIndices(int64_t size, int64_t wanted);

// Runs the records; `each` is called once a record, from any thread, with its position in
// `indices`. Errors: of the source, of the classifier; kInterrupted.
using EachResult =
    std::function<void(size_t position, const data::Sample&, const std::vector<OutputValues>&)>;
Status RunAll(Classifier& classifier, const data::Source& source, std::span<const int64_t> indices,
              Progress& progress, const std::string& task, const EachResult& each);

}  // namespace potlut::cli
