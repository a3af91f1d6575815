// The loader's batches as tensors on the network's device.
#pragma once

#include <memory>
#include <optional>

#include "data/loader.h"
#include "train/aten.h"

namespace potlut::train {

struct TensorBatch {
  int64_t index = 0;
  at::Tensor pixels;  // uint8 [n][c][h][w], channels last in memory
  at::Tensor labels;  // int64 [n]
};

class Batches {
 public:
  // Errors: those of data::Loader.
  static Expected<Batches> Create(const data::Source& source, const data::LoaderOptions& options,
                                  const at::Device& device);

  int64_t count() const { return loader_->batches(); }
  Status StartEpoch(int64_t epoch, int64_t first_batch = 0) {
    return loader_->StartEpoch(epoch, first_batch);
  }
  // Nothing at the end of the epoch. Errors: those of the loader, and kBadInput where a label is
  // not known or not below `classes`.
  Expected<std::optional<TensorBatch>> Next(int64_t classes);

 private:
  Batches(std::unique_ptr<data::Loader> loader, const data::LoaderOptions& options,
          const at::Device& device)
      : loader_(std::move(loader)), options_(options), device_(device) {}

  std::unique_ptr<data::Loader> loader_;
  data::LoaderOptions options_;
  at::Device device_;
};

}  // namespace potlut::train
