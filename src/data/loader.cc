// A ring of batches that threads fill a few samples at a time, in order, and one consumer empties.
#include "data/loader.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include "base/text.h"
#include "data/batch_maker.h"

namespace potlut::data {
namespace {

constexpr int32_t kClaim = 16;  // samples that a thread takes at once

// A place for one batch in the ring.
struct Slot {
  Batch batch{-1, 0, {}, {}};
  int32_t open = 0;  // samples that are not made yet
  Status status;     // of the first sample that failed
  int32_t failed_at = INT32_MAX;
};

struct Claim {
  Slot* slot = nullptr;  // none: nothing is left to do
  int32_t first = 0, last = 0;
};

}  // namespace

struct Loader::State {
  State(const Source& source, const LoaderOptions& given)
      : options(given), maker(source, given), ring(static_cast<size_t>(given.prefetch)) {}
  ~State() { Stop(); }

  void Stop();
  void Work();
  Claim Take();
  Expected<std::optional<Batch>> MakeHere();
  Expected<std::optional<Batch>> Fetch();

  const LoaderOptions options;
  BatchMaker maker;
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};

  std::mutex mutex;  // guards all below
  std::condition_variable room, ready;
  std::vector<Slot> ring;  // batch k stands in place k % ring.size()
  int64_t begun = 0;       // batches that are in the ring or were
  int32_t taken = 0;       // samples of the last begun batch that threads have taken
  int64_t delivered = 0;   // batches that the consumer has had
  Status failure;          // what Next answers from now on
  bool started = false;
};

void Loader::State::Stop() {
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  room.notify_all();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  stop = false;
}

// Waits for samples to make; begins the next batch where the ring has room.
Claim Loader::State::Take() {
  std::unique_lock lock(mutex);
  for (;;) {
    if (stop || !failure.ok()) return {};
    if (begun > 0) {
      Slot& last = ring[static_cast<size_t>((begun - 1) % options.prefetch)];
      if (last.batch.index == begun - 1 && taken < last.batch.count) {
        const int32_t first = taken;
        taken = std::min(taken + kClaim, last.batch.count);
        return {&last, first, taken};
      }
    }
    if (begun == maker.batches()) return {};
    if (begun - delivered < options.prefetch) {
      Slot& slot = ring[static_cast<size_t>(begun % options.prefetch)];
      slot.batch = maker.Begin(begun);
      slot.open = slot.batch.count;
      slot.status = {};
      slot.failed_at = INT32_MAX;
      ++begun;
      taken = 0;
      room.notify_all();
      if (slot.open == 0) ready.notify_one();
    } else {
      room.wait(lock);
    }
  }
}

void Loader::State::Work() {
  try {
    for (;;) {
      const Claim claim = Take();
      if (claim.slot == nullptr) return;
      Status status;
      int32_t at = claim.first;
      while (at < claim.last && (status = maker.Fill(claim.slot->batch, at)).ok()) {
        if (stop) return;
        ++at;
      }
      const std::lock_guard lock(mutex);
      if (!status.ok() && at < claim.slot->failed_at) {
        claim.slot->failed_at = at;
        claim.slot->status = std::move(status);
      }
      claim.slot->open -= claim.last - claim.first;
      if (claim.slot->open == 0) ready.notify_one();
    }
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex);
    failure = ResourceLimit("loading a batch: ", std::string_view(error.what()));
    ready.notify_one();
  }
}

Expected<std::optional<Batch>> Loader::State::MakeHere() {
  Batch batch = maker.Begin(delivered);
  for (int32_t at = 0; at < batch.count; ++at) {
    failure = maker.Fill(batch, at);
    if (!failure.ok()) return failure.error();
  }
  ++delivered;
  return std::optional(std::move(batch));
}

Expected<std::optional<Batch>> Loader::State::Fetch() {
  std::unique_lock lock(mutex);
  Slot& slot = ring[static_cast<size_t>(delivered % options.prefetch)];
  ready.wait(lock,
             [&] { return !failure.ok() || (slot.batch.index == delivered && slot.open == 0); });
  if (failure.ok()) failure = std::move(slot.status);
  if (!failure.ok()) {
    room.notify_all();  // threads look, and end
    return failure.error();
  }
  Batch batch = std::move(slot.batch);
  slot.batch = Batch{-1, 0, {}, {}};
  ++delivered;
  room.notify_all();
  return std::optional(std::move(batch));
}

Loader::Loader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Loader::~Loader() = default;

Expected<std::unique_ptr<Loader>> Loader::Create(const Source& source, LoaderOptions options) {
  POTLUT_RETURN_IF_ERROR(BatchMaker::Check(source, options));
  return std::unique_ptr<Loader>(new Loader(std::make_unique<State>(source, options)));
}

int64_t Loader::batches() const { return state_->maker.batches(); }

Status Loader::StartEpoch(int64_t epoch, int64_t first_batch) {
  if (first_batch < 0 || first_batch > batches()) {
    return UsageError("batch ", first_batch, " of an epoch of ", batches());
  }
  State& s = *state_;
  s.Stop();
  s.failure = {};
  s.ring.assign(s.ring.size(), Slot());
  s.begun = s.delivered = first_batch;
  s.taken = 0;
  try {
    s.maker.StartEpoch(epoch);
  } catch (const std::bad_alloc&) {
    s.failure = ResourceLimit("no memory for the order of an epoch");
    return s.failure;
  }
  s.started = true;
  for (int t = 0; t < s.options.threads; ++t) {
    try {
      s.threads.emplace_back([&s] { s.Work(); });
    } catch (const std::system_error& error) {
      if (!s.threads.empty()) break;  // fewer threads do the same work
      s.failure = ResourceLimit("no thread for loading: ", std::string_view(error.what()));
      return s.failure;
    }
  }
  return {};
}

Expected<std::optional<Batch>> Loader::Next() {
  State& s = *state_;
  if (!s.started) return UsageError("Loader::Next before StartEpoch");
  {
    const std::lock_guard lock(s.mutex);
    if (!s.failure.ok()) return s.failure.error();
    if (s.delivered == batches()) return std::optional<Batch>();
  }
  if (s.options.threads > 0) return s.Fetch();
  try {
    return s.MakeHere();
  } catch (const std::exception& error) {
    s.failure = ResourceLimit("loading a batch: ", std::string_view(error.what()));
    return s.failure.error();
  }
}

}  // namespace potlut::data
