// Batches for training and evaluation: sampling, augmentation and decoding in threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/augment.h"
#include "data/data.h"
#include "data/subset.h"  // the usual companion: training and validation part

namespace potlut::data {

struct LoaderOptions {
  int32_t h = 0, w = 0, c = 0;  // of the batches
  int32_t batch = 128;          // samples, for this process
  Augmentation augmentation = {};
  bool shuffle = false;    // a permutation by (seed, epoch)
  bool drop_last = false;  // leave out the samples that fill no whole batch
  uint64_t seed = 1;
  // This process takes samples rank, rank + world_size, ... of the epoch's order, so that
  // world_size processes with batch b see, batch by batch, what one process with batch
  // b * world_size sees. All ranks have the same number of batches; in the last one some may have
  // fewer samples than others, or none.
  int32_t rank = 0, world_size = 1;
  int threads = 1;       // 0: everything in the calling thread
  int32_t prefetch = 4;  // batches begun or ready ahead of the consumer, at most; >= 1
};

struct Batch {
  int64_t index = 0;            // in the epoch
  int32_t count = 0;            // samples
  std::vector<uint8_t> pixels;  // [count][h][w][c]
  std::vector<int32_t> labels;  // [count]; -1: not known
};

// What a sample looks like depends on (seed, epoch, its index in the source) and the augmentation
// alone: neither on threads, rank and batch size, nor on where in an epoch one begins. One
// consumer.
class Loader {
 public:
  // `source` must outlive the loader. Errors: kUsage naming the option.
  static Expected<std::unique_ptr<Loader>> Create(const Source& source, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t batches() const;  // of an epoch
  // Gives up what is ready of another epoch and begins this one; `first_batch` resumes inside it.
  // Errors: kUsage where first_batch is not in [0, batches()]; kResourceLimit where no thread
  // can be had.
  Status StartEpoch(int64_t epoch, int64_t first_batch = 0);
  // Batches in order; nothing at the end of the epoch. Errors: those of Source::Get, and kUsage
  // naming the sample where its size is not the batch's; they come in the place of the first batch
  // that they spoil and stay until the next StartEpoch.
  Expected<std::optional<Batch>> Next();

 private:
  struct State;
  explicit Loader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace potlut::data
