// Checks of ranges, and the text that two runs of the same options share.
#include "train/train_options.h"

#include <cmath>

#include "base/text.h"

namespace potlut::train {
namespace {

bool Share(double v) { return v >= 0 && v < 1; }
bool NotNegative(double v) { return std::isfinite(v) && v >= 0; }

Status CheckRates(const TrainOptions& options) {
  const OptimiserOptions& o = options.optimiser;
  if (!std::isfinite(options.schedule.rate) || options.schedule.rate <= 0) {
    return UsageError("--lr: the learning rate is to be greater than 0");
  }
  if (!NotNegative(options.schedule.warmup) || options.schedule.warmup >= options.epochs) {
    return UsageError("--warmup: 0 or more epochs, and fewer than --epochs ", options.epochs);
  }
  if (!NotNegative(o.weight_decay)) return UsageError("--weight-decay: is not to be negative");
  if (!NotNegative(o.scale_rate)) return UsageError("--scale-lr: is not to be negative");
  if (!Share(o.momentum)) return UsageError("--momentum: wanted is 0 up to but not 1");
  return {};
}

}  // namespace

Status Validate(const TrainOptions& options) {
  if (options.epochs < 1 || options.epochs > 100000) {
    return UsageError("--epochs: wanted is 1 to 100000");
  }
  if (options.batch < 1 || options.batch > 65536) {
    return UsageError("--batch: wanted is 1 to 65536");
  }
  POTLUT_RETURN_IF_ERROR(CheckRates(options));
  if (!Share(options.label_smoothing)) {
    return UsageError("--label-smoothing: wanted is 0 up to but not 1");
  }
  const DistillationOptions& teacher = options.distillation;
  if (!(teacher.weight >= 0 && teacher.weight <= 1)) {
    return UsageError("--teacher-weight: wanted is 0 to 1");
  }
  if (!std::isfinite(teacher.temperature) || teacher.temperature <= 0) {
    return UsageError("--teacher-temperature: is to be greater than 0");
  }
  if (!Share(options.ema)) return UsageError("--ema: wanted is 0 up to but not 1, say 0.999");
  if (options.average_last < 0 || options.average_last > options.epochs) {
    return UsageError("--average-last: wanted is 0 to --epochs ", options.epochs);
  }
  if (options.ema > 0 && options.average_last > 0) {
    return UsageError("--ema and --average-last are two ways to average; give one");
  }
  if (options.threads < 1) return UsageError("--threads: at least 1");
  if (options.checkpoint.empty() && options.resume) {
    return UsageError("--resume needs --checkpoint FILE");
  }
  if (!NotNegative(options.checkpoint_minutes) || options.checkpoint_batches < 0) {
    return UsageError("--checkpoint-interval: wanted are minutes (10m) or batches (200b)");
  }
  return {};
}

std::string Digest(const TrainOptions& options) {
  const Schedule& s = options.schedule;
  const OptimiserOptions& o = options.optimiser;
  const data::Augmentation& a = options.augmentation;
  const auto fill = [&](size_t i) { return static_cast<int>(a.fill[i]); };
  return Cat("epochs=", options.epochs, " batch=", options.batch,
             " schedule=", ScheduleName(s.kind), ":", s.rate, ":", s.warmup,
             " optimiser=", static_cast<int>(o.kind), ":", o.momentum, ":", o.beta1, ":", o.beta2,
             ":", o.epsilon, ":", o.weight_decay, ":", o.scale_rate,
             " smoothing=", options.label_smoothing, " teacher=", options.distillation.weight, ":",
             options.distillation.temperature, " ema=", options.ema,
             " average=", options.average_last, " augment=", a.crop_padding, ":", a.flip, ":",
             a.cutout, ":", a.random_resized_crop, ":", a.min_area, ":", fill(0), ",", fill(1), ",",
             fill(2), " seed=", options.seed, " bf16=", options.bf16);
}

}  // namespace potlut::train
