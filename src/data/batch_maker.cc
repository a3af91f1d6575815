// Order of an epoch, share of this process, and the making of one sample.
#include "data/batch_maker.h"

#include <algorithm>
#include <numeric>

#include "base/checked.h"
#include "base/text.h"

namespace potlut::data {
namespace {

constexpr int64_t kMaxBatchBytes = int64_t{1} << 32;
constexpr int kMaxThreads = 1024;
constexpr int32_t kMaxPrefetch = 1 << 16;
constexpr uint64_t kOrderStream = UINT64_MAX;  // no sample has this index

}  // namespace

Status BatchMaker::Check(const Source& source, const LoaderOptions& options) {
  const LoaderOptions& o = options;
  if (o.h < 1 || o.w < 1 || o.c < 1 || o.batch < 1) {
    return UsageError("batches of ", o.batch, " x ", o.h, " x ", o.w, " x ", o.c,
                      ": every size must be at least 1");
  }
  const auto bytes = CheckedProduct<int64_t>(o.batch, o.h, o.w, o.c);
  if (!bytes || *bytes > kMaxBatchBytes) {
    return UsageError("batches of ", o.batch, " x ", o.h, " x ", o.w, " x ", o.c,
                      " take more than ", kMaxBatchBytes >> 30, " GiB each; take fewer images");
  }
  if (o.world_size < 1 || o.rank < 0 || o.rank >= o.world_size) {
    return UsageError("rank ", o.rank, " of ", o.world_size,
                      " processes: wanted are ranks from 0 to one less than the processes");
  }
  if (o.threads < 0 || o.threads > kMaxThreads) {
    return UsageError(o.threads, " loader threads: wanted are 0 to ", kMaxThreads);
  }
  if (o.prefetch < 1 || o.prefetch > kMaxPrefetch) {
    return UsageError("prefetch of ", o.prefetch, " batches: wanted are 1 to ", kMaxPrefetch);
  }
  POTLUT_RETURN_IF_ERROR(CheckAugmentation(o.augmentation));
  if (BatchMaker(source, options).batches() == 0) {
    return UsageError("no batch: ", source.size(), " samples are fewer than the ",
                      int64_t{o.batch} * o.world_size,
                      " of one batch; take smaller batches or keep the last one");
  }
  return {};
}

int64_t BatchMaker::batches() const {
  const int64_t together = int64_t{options_.batch} * options_.world_size;
  const int64_t size = source_.size();
  return size / together + (!options_.drop_last && size % together != 0 ? 1 : 0);
}

void BatchMaker::StartEpoch(int64_t epoch) {
  epoch_ = epoch;
  if (!options_.shuffle) return;
  order_.resize(static_cast<size_t>(source_.size()));
  std::iota(order_.begin(), order_.end(), int64_t{0});
  SampleRandom random(options_.seed, static_cast<uint64_t>(epoch), kOrderStream);
  for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.Below(i)]);
}

Batch BatchMaker::Begin(int64_t index) const {
  const int64_t first = index * options_.batch * options_.world_size + options_.rank;
  const int64_t left = source_.size() - first;  // positions from `first` on, this rank's each
  const int64_t own = left > 0 ? (left + options_.world_size - 1) / options_.world_size : 0;
  Batch batch;
  batch.index = index;
  batch.count = static_cast<int32_t>(std::min<int64_t>(own, options_.batch));
  const auto count = static_cast<size_t>(batch.count);
  batch.pixels.resize(count * size_t(options_.h) * size_t(options_.w) * size_t(options_.c));
  batch.labels.resize(count, -1);
  return batch;
}

Status BatchMaker::Fill(Batch& batch, int32_t at) const {
  const int64_t position =
      (batch.index * options_.batch + at) * options_.world_size + options_.rank;
  const int64_t index = order_.empty() ? position : order_[static_cast<size_t>(position)];
  Sample sample;  // where the source lends no view
  std::optional<ImageView> view = source_.View(index);
  if (!view) {
    POTLUT_ASSIGN_OR_RETURN(sample, source_.Get(index));
    const Image& image = sample.image;
    view = ImageView{image.h, image.w, image.c, image.pixels.data(), sample.label};
  }
  const auto named = [&](const Error& error) {
    if (sample.name.empty()) {  // a view has no name
      if (auto whole = source_.Get(index)) sample.name = std::move(whole->name);
    }
    return Error{error.code, Cat(sample.name, ": ", error.message)};
  };
  if (view->c != options_.c) {
    return named(UsageError("an image of ", view->c, " channels for a batch of ", options_.c,
                            "; open the data with this number of channels"));
  }
  const size_t bytes = size_t(options_.h) * size_t(options_.w) * size_t(options_.c);
  SampleRandom random(options_.seed, static_cast<uint64_t>(epoch_), static_cast<uint64_t>(index));
  const Status status =
      AugmentInto(*view, options_.augmentation, options_.h, options_.w, random,
                  std::span(batch.pixels).subspan(static_cast<size_t>(at) * bytes, bytes));
  if (!status.ok()) return named(status.error());
  batch.labels[static_cast<size_t>(at)] = view->label;
  return {};
}

}  // namespace potlut::data
