// The loader's bytes become the tensor's without a copy; to a GPU they go from pinned memory.
#include "train/batches.h"

#include "base/text.h"

namespace potlut::train {

Expected<Batches> Batches::Create(const data::Source& source, const data::LoaderOptions& options,
                                  const at::Device& device) {
  POTLUT_ASSIGN_OR_RETURN(auto loader, data::Loader::Create(source, options));
  return Batches(std::move(loader), options, device);
}

Expected<std::optional<TensorBatch>> Batches::Next(int64_t classes) {
  POTLUT_ASSIGN_OR_RETURN(std::optional<data::Batch> batch, loader_->Next());
  if (!batch) return std::optional<TensorBatch>();
  const int64_t n = batch->count;
  at::Tensor labels = at::empty({n}, at::kLong);
  for (int64_t i = 0; i < n; ++i) {
    const int32_t label = batch->labels[static_cast<size_t>(i)];
    if (label < 0 || label >= classes) {
      return BadInput("training data: a label is ", label, ", the network has classes 0 to ",
                      classes - 1);
    }
    labels.data_ptr<int64_t>()[i] = label;
  }
  auto* bytes = new std::vector<uint8_t>(std::move(batch->pixels));
  at::Tensor pixels = at::from_blob(
                          bytes->data(), {n, options_.h, options_.w, options_.c},
                          [bytes](void*) { delete bytes; }, at::TensorOptions(at::kByte))
                          .permute({0, 3, 1, 2});
  if (device_.is_cuda()) {
    pixels = pixels.pin_memory().to(device_, /*non_blocking=*/true);
    labels = labels.pin_memory().to(device_, /*non_blocking=*/true);
  }
  return std::optional(TensorBatch{batch->index, std::move(pixels), std::move(labels)});
}

}  // namespace potlut::train
