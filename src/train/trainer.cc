// One step after the other; what a step needs from the past is in the tensors of Everything().
#include "train/trainer.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "cli/progress_bar.h"
#include "train/averaging.h"
#include "train/batches.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"
#include "train/guard.h"
#include "train/loss.h"

namespace potlut::train {
namespace {

using Clock = std::chrono::steady_clock;

// Steps between looks at the loss: each waits for the device.
constexpr int64_t kLookInterval = 20;
// Batches on which statistics are measured: enough for a look at the averages, and for the final
// ones.
constexpr int64_t kQuickStatistics = 16, kFinalStatistics = 200;

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

class Loop {
 public:
  Loop(const TrainJob& job, const TrainOptions& options) : job_(job), options_(options) {}

  Status Run() {
    POTLUT_RETURN_IF_ERROR(Prepare());
    POTLUT_RETURN_IF_ERROR(Start());
    begin_ = last_checkpoint_ = Clock::now();
    while (position_.epoch < options_.epochs) POTLUT_RETURN_IF_ERROR(Epoch());
    return Finish();
  }

 private:
  bool first() const { return job_.workers == nullptr || job_.workers->rank() == 0; }

  Status Prepare() {
    at::set_num_threads(options_.threads);
    network_.SetTrainingType(options_.bf16 ? at::kBFloat16 : at::kFloat);
    data::LoaderOptions loading;
    loading.h = job_.input.h;
    loading.w = job_.input.w;
    loading.c = job_.input.c;
    loading.batch = options_.batch;
    loading.augmentation = options_.augmentation;
    loading.shuffle = loading.drop_last = true;
    loading.seed = options_.seed;
    loading.threads = options_.data_threads;
    if (job_.workers != nullptr) {
      loading.rank = job_.workers->rank();
      loading.world_size = job_.workers->size();
    }
    if (int64_t{options_.batch} * loading.world_size > job_.train->size()) {
      return UsageError("--batch: a step takes ", int64_t{options_.batch} * loading.world_size,
                        " images, there are ", job_.train->size(), " to train on");
    }
    POTLUT_ASSIGN_OR_RETURN(auto batches, Batches::Create(*job_.train, loading, network_.device()));
    batches_.emplace(std::move(batches));
    steps_ = batches_->count() * options_.epochs;
    parameters_ = network_.parameters();
    optimiser_ = MakeOptimiser(parameters_, options_.optimiser);
    if (options_.ema > 0) average_.emplace(parameters_, options_.ema);
    if (options_.average_last > 0) average_.emplace(parameters_, 0);
    const auto sums = at::TensorOptions(at::kDouble).device(network_.device());
    loss_sum_ = at::zeros({}, sums);
    correct_ = at::zeros({}, sums);
    digest_ = Cat(Digest(options_), " ", job_.identity, " images=", job_.train->size());
    return {};
  }

  // Everything that a checkpoint holds and all processes share.
  NamedTensors Everything() {
    NamedTensors all;
    const auto add = [&](const char* prefix, const NamedTensors& part) {
      for (const auto& [name, tensor] : part) all.emplace_back(prefix + name, tensor);
    };
    add("network.", network_.State());
    add("optimiser.", optimiser_->State());
    if (average_) add("average.", average_->State());
    add("sums.", {{"loss", loss_sum_}, {"correct", correct_}});
    return all;
  }

  Status Start() {
    Status status = first() ? Load() : Status();
    if (job_.workers != nullptr) {
      at::Tensor place = at::zeros({5}, at::kLong);
      auto* p = place.data_ptr<int64_t>();
      p[0] = status.ok() ? 1 : 0;
      p[1] = position_.epoch;
      p[2] = position_.batch;
      p[3] = position_.step;
      p[4] = position_.images;
      job_.workers->Broadcast(place);
      if (first() && !status.ok()) return status;
      if (p[0] == 0) return Failed("process 0 could not go on from its checkpoint");
      position_.epoch = static_cast<int32_t>(p[1]);
      position_.batch = p[2];
      position_.step = p[3];
      position_.images = p[4];
      if (!first() && position_.epoch < options_.epochs) POTLUT_RETURN_IF_ERROR(BeforeEpoch());
      Share();
      prepared_epoch_ = position_.epoch;
    }
    POTLUT_RETURN_IF_ERROR(status);
    if (!first()) return {};
    POTLUT_ASSIGN_OR_RETURN(log_, TrainingLog::Open(options_.log, position_.lines));
    return {};
  }

  Status BeforeEpoch() {
    if (job_.before_epoch && prepared_epoch_ != position_.epoch)
      POTLUT_RETURN_IF_ERROR(job_.before_epoch(position_.epoch));
    prepared_epoch_ = position_.epoch;
    return {};
  }

  Status Load() {
    std::optional<Checkpoint> checkpoint;
    if (options_.resume && std::filesystem::exists(options_.checkpoint)) {
      POTLUT_ASSIGN_OR_RETURN(checkpoint, LoadCheckpoint(options_.checkpoint, digest_));
      position_ = std::move(checkpoint->position);
      if (position_.epoch > options_.epochs || position_.batch > batches_->count()) {
        return BadInput(options_.checkpoint, ": its position is past the end of the training");
      }
    }
    if (position_.epoch < options_.epochs) POTLUT_RETURN_IF_ERROR(BeforeEpoch());
    if (!checkpoint) return {};
    POTLUT_RETURN_IF_ERROR(CopyTensors(checkpoint->file, "", Everything(), options_.checkpoint));
    return network_.StateLoaded();
  }

  // What process 0 has, to all.
  void Share() {
    const at::NoGradGuard no_grad;
    for (auto& [name, tensor] : Everything()) job_.workers->Broadcast(tensor);
    (void)network_.StateLoaded();
  }

  Status Save() {
    if (options_.checkpoint.empty() || !first()) return {};
    last_checkpoint_ = Clock::now();
    return SaveCheckpoint(options_.checkpoint, position_, digest_, Everything());
  }

  bool CheckpointIsDue() const {
    if (options_.checkpoint_batches > 0) return position_.batch % options_.checkpoint_batches == 0;
    return Seconds(Clock::now() - last_checkpoint_) >= 60 * options_.checkpoint_minutes;
  }

  Status Epoch() {
    const bool fresh = prepared_epoch_ != position_.epoch;
    POTLUT_RETURN_IF_ERROR(BeforeEpoch());
    if (fresh && job_.workers != nullptr && job_.before_epoch) Share();
    POTLUT_RETURN_IF_ERROR(batches_->StartEpoch(position_.epoch, position_.batch));
    network_.SetTraining(true);
    progress_.Begin(Cat("epoch ", position_.epoch + 1, "/", options_.epochs), job_.train->size());
    const auto begin = Clock::now();
    const double seconds_before = position_.seconds;
    while (position_.batch < batches_->count()) {
      POTLUT_ASSIGN_OR_RETURN(const auto batch, batches_->Next(job_.classes));
      if (!batch) break;
      const double rate = LearningRate(options_.schedule, position_.step, steps_, options_.epochs);
      POTLUT_ASSIGN_OR_RETURN(const bool stop, Step(*batch, rate));
      position_.seconds = seconds_before + Seconds(Clock::now() - begin);
      POTLUT_RETURN_IF_ERROR(Look());
      if (stop) return Interrupted();
      if (position_.batch < batches_->count() && CheckpointIsDue()) POTLUT_RETURN_IF_ERROR(Save());
    }
    progress_.End();
    return EndEpoch();
  }

  // True where a process was asked to stop.
  Expected<bool> Step(const TensorBatch& batch, double rate) {
    const double share = static_cast<double>(position_.step) / static_cast<double>(steps_);
    at::Tensor teacher;
    if (job_.teacher != nullptr && options_.distillation.weight > 0) {
      const at::NoGradGuard no_grad;
      teacher = job_.teacher->Forward(batch.pixels);
    }
    const at::Tensor logits = network_.Forward(batch.pixels);
    at::Tensor loss =
        Loss(logits, batch.labels, options_.label_smoothing, teacher, options_.distillation);
    if (const at::Tensor penalty = network_.Penalty(share); penalty.defined())
      loss = loss + penalty;
    optimiser_->ZeroGradients();
    loss.backward();
    const at::NoGradGuard no_grad;
    bool stop = progress_.cancelled();
    if (job_.workers != nullptr) stop = AverageGradients(stop);
    optimiser_->Step(rate);
    POTLUT_RETURN_IF_ERROR(network_.AfterStep(position_.step, share));
    if (options_.ema > 0) average_->Add(parameters_);
    loss_sum_ += loss.detach();
    correct_ += logits.detach().argmax(1).eq(batch.labels).sum();
    position_.images += batch.labels.size(0);
    ++position_.batch;
    ++position_.step;
    return stop;
  }

  // All gradients and the wish to stop, in one message.
  bool AverageGradients(bool stop) {
    int64_t count = 1;
    for (const Parameter& p : parameters_) count += p.tensor.numel();
    at::Tensor flat = at::zeros({count}, at::kFloat);
    int64_t at = 0;
    for (const Parameter& p : parameters_) {
      const int64_t n = p.tensor.numel();
      if (p.tensor.grad().defined()) flat.narrow(0, at, n).copy_(p.tensor.grad().reshape(-1));
      at += n;
    }
    if (stop) flat[at].fill_(1);
    job_.workers->Average(flat);
    at = 0;
    for (Parameter& p : parameters_) {
      const int64_t n = p.tensor.numel();
      if (!p.tensor.grad().defined()) p.tensor.mutable_grad() = at::zeros_like(p.tensor);
      p.tensor.mutable_grad().copy_(flat.narrow(0, at, n).view(p.tensor.sizes()));
      at += n;
    }
    return flat[at].item<float>() > 0;
  }

  Status Look() {
    if (position_.batch % kLookInterval == 0 || position_.batch == batches_->count()) {
      const double loss = loss_sum_.item<double>() / static_cast<double>(position_.batch);
      if (!std::isfinite(loss)) {
        return Failed("the loss is not a number after step ", position_.step,
                      "; a smaller --lr or a longer --warmup helps");
      }
      detail_ = fmt::format("loss {:.4f}, {:.1f} %, ", loss,
                            100 * correct_.item<double>() / static_cast<double>(position_.images));
    }
    ++steps_done_;
    const double left = Seconds(Clock::now() - begin_) / static_cast<double>(steps_done_) *
                        static_cast<double>(steps_ - position_.step);
    progress_.Update(position_.images, Cat(detail_, cli::FormatDuration(left), " for all epochs"));
    return {};
  }

  Status Interrupted() {
    progress_.End();
    POTLUT_RETURN_IF_ERROR(Save());
    const std::string where =
        options_.checkpoint.empty()
            ? std::string("nothing is kept without --checkpoint")
            : Cat("the same command with --resume goes on from ", options_.checkpoint);
    return {ErrorCode::kInterrupted,
            Cat("interrupted in epoch ", position_.epoch + 1, "; ", where)};
  }

  Status EndEpoch() {
    EpochRecord record;
    if (job_.validation != nullptr && first()) {
      const auto validation = Validation(progress_);
      // Nothing has changed yet: a resumed run comes here again.
      if (!validation.ok() && validation.error().code == ErrorCode::kInterrupted)
        return Interrupted();
      if (!validation.ok()) return validation.error();
      record.validation_accuracy = validation->accuracy();
      record.validation_loss = validation->loss;
    }
    if (options_.average_last > 0 && position_.epoch >= options_.epochs - options_.average_last)
      average_->Add(parameters_);
    if (record.validation_loss && average_ && !average_->empty()) {
      POTLUT_ASSIGN_OR_RETURN(record.average_accuracy, AverageAccuracy());
    }
    const auto images = static_cast<double>(std::max<int64_t>(position_.images, 1));
    record.epoch = position_.epoch + 1;
    record.loss =
        loss_sum_.item<double>() / static_cast<double>(std::max<int64_t>(position_.batch, 1));
    record.train_accuracy = correct_.item<double>() / images;
    record.rate = LearningRate(options_.schedule, position_.step - 1, steps_, options_.epochs);
    record.seconds = position_.seconds;
    record.images_per_second = position_.seconds > 0 ? images / position_.seconds : 0;
    record.network = network_.TakeMetrics();
    ++position_.epoch;
    position_.batch = position_.images = 0;
    position_.seconds = 0;
    loss_sum_.zero_();
    correct_.zero_();
    if (!first()) return {};
    const std::string line = JsonLine(record);
    position_.lines.push_back(line);
    POTLUT_RETURN_IF_ERROR(log_.Append(line));
    POTLUT_RETURN_IF_ERROR(Save());
    if (job_.after_epoch) job_.after_epoch(record);
    return {};
  }

  Expected<Evaluation> Validation(Progress& progress) {
    const EvaluateOptions options{job_.input, job_.classes, 250, options_.data_threads};
    return Evaluate(network_, *job_.validation, options, "validation", progress);
  }

  // The averaged weights for a moment; everything is put back bit by bit.
  Expected<double> AverageAccuracy() {
    NamedTensors before;
    for (const auto& [name, tensor] : network_.State())
      before.emplace_back(name, tensor.detach().clone());
    average_->Swap(parameters_);
    POTLUT_RETURN_IF_ERROR(network_.StateLoaded());
    POTLUT_RETURN_IF_ERROR(MeasureStatistics(kQuickStatistics, silent_));
    const auto evaluation = Validation(silent_);
    average_->Swap(parameters_);
    const at::NoGradGuard no_grad;
    auto state = network_.State();
    for (size_t i = 0; i < state.size(); ++i) state[i].second.copy_(before[i].second);
    POTLUT_RETURN_IF_ERROR(network_.StateLoaded());
    if (!evaluation.ok()) return evaluation.error();
    return evaluation->accuracy();
  }

  // On batches of an epoch that training never sees.
  Status MeasureStatistics(int64_t count, Progress& progress) {
    const at::NoGradGuard no_grad;
    network_.SetTraining(false);
    if (!network_.BeginStatistics()) return {};
    POTLUT_RETURN_IF_ERROR(batches_->StartEpoch(options_.epochs));
    for (int64_t i = 0; i < count; ++i) {
      if (progress.cancelled())
        return {ErrorCode::kInterrupted, "interrupted while statistics were measured"};
      POTLUT_ASSIGN_OR_RETURN(const auto batch, batches_->Next(job_.classes));
      if (!batch) break;
      network_.Forward(batch->pixels);
    }
    network_.EndStatistics();
    return {};
  }

  Status Finish() {
    network_.SetTraining(false);
    if (!average_ || average_->empty()) return {};
    average_->Swap(parameters_);
    POTLUT_RETURN_IF_ERROR(network_.StateLoaded());
    return MeasureStatistics(kFinalStatistics, progress_);
  }

  const TrainJob& job_;
  const TrainOptions& options_;
  Network& network_ = *job_.network;
  Progress silent_;
  Progress& progress_ = job_.progress != nullptr ? *job_.progress : silent_;
  std::optional<Batches> batches_;
  std::vector<Parameter> parameters_;
  std::unique_ptr<Optimiser> optimiser_;
  std::optional<Average> average_;
  TrainingLog log_;
  Position position_;
  int32_t prepared_epoch_ = -1;
  int64_t steps_ = 0, steps_done_ = 0;
  at::Tensor loss_sum_, correct_;
  std::string digest_, detail_;
  Clock::time_point begin_, last_checkpoint_;
};

}  // namespace

Status Train(const TrainJob& job, const TrainOptions& options) {
  POTLUT_RETURN_IF_ERROR(Validate(options));
  return Guarded("training", [&] { return Loop(job, options).Run(); });
}

}  // namespace potlut::train
