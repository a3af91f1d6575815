// Where a training run stands, in a file from which it goes on as if nothing had happened.
#pragma once

#include <string>
#include <vector>

#include "train/tensor_file.h"

namespace potlut::train {

// Random numbers need no place here: samples and augmentation follow from seed, epoch and index
// alone.
struct Position {
  int32_t epoch = 0;   // epochs that are done
  int64_t batch = 0;   // batches of the next one that are done
  int64_t step = 0;    // of the optimiser, over all epochs
  int64_t images = 0;  // of the epoch that is under way
  double seconds = 0;
  std::vector<std::string> lines;  // the log so far, one JSON line an epoch
};

struct Checkpoint {
  Position position;
  TensorFile file;
};

// Replaces `path` in one go: the old checkpoint or the new one is there, whatever happens. `digest`
// says what the run is.
Status SaveCheckpoint(const std::string& path, const Position& position, const std::string& digest,
                      const NamedTensors& tensors);

// Errors: kBadInput for what is no sound checkpoint, or one of a run with another digest (the first
// part that differs is named).
Expected<Checkpoint> LoadCheckpoint(const std::string& path, const std::string& digest);

}  // namespace potlut::train
