// The learning rate as a function of the step: nothing to store, nothing to restore.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace potlut::train {

enum class ScheduleKind {
  kConstant,
  kCosine,    // half a cosine down to 0 (I. Loshchilov, F. Hutter, "SGDR", 2017, without restarts)
  kOneCycle,  // half a cosine up from rate / 25, half a cosine down to 0 (L. Smith, N. Topin,
              // "Super-Convergence", 2018)
};
std::string_view ScheduleName(ScheduleKind kind);  // "constant", "cosine", "one-cycle"
// Errors: kUsage naming the known ones.
Expected<ScheduleKind> ParseSchedule(std::string_view name);

struct Schedule {
  ScheduleKind kind = ScheduleKind::kCosine;
  double rate = 0.1;  // the highest
  // Epochs of linear rise from 0 before the schedule begins; one-cycle: of its rise, 0: 30 % of
  // the training.
  double warmup = 0;
};

// Of step `step` (from 0) of `steps` in `epochs` epochs.
double LearningRate(const Schedule& schedule, int64_t step, int64_t steps, int32_t epochs);

}  // namespace potlut::train
