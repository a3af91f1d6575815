// Rates are taken in the middle of a step, so that neither the first nor the last step has rate 0.
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"

namespace potlut::train {
namespace {

constexpr double kOneCycleStart = 1.0 / 25;
constexpr double kOneCycleRise = 0.3;

// From 1 at t = 0 to 0 at t = 1.
double Cosine(double t) { return 0.5 * (1 + std::cos(std::numbers::pi * std::clamp(t, 0.0, 1.0))); }

}  // namespace

std::string_view ScheduleName(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::kConstant:
      return "constant";
    case ScheduleKind::kCosine:
      return "cosine";
    case ScheduleKind::kOneCycle:
      return "one-cycle";
  }
  return "";
}

Expected<ScheduleKind> ParseSchedule(std::string_view name) {
  for (const auto kind :
       {ScheduleKind::kConstant, ScheduleKind::kCosine, ScheduleKind::kOneCycle}) {
    if (name == ScheduleName(kind)) return kind;
  }
  return UsageError("--schedule '", name, "' is none of constant, cosine, one-cycle");
}

double LearningRate(const Schedule& schedule, int64_t step, int64_t steps, int32_t epochs) {
  const double total = static_cast<double>(std::max<int64_t>(steps, 1));
  const double at = static_cast<double>(step) + 0.5;
  double rise = std::min(schedule.warmup * total / std::max(epochs, 1), total);
  if (schedule.kind == ScheduleKind::kOneCycle && rise == 0) rise = kOneCycleRise * total;
  if (at < rise) {
    if (schedule.kind == ScheduleKind::kOneCycle) {
      return schedule.rate * (kOneCycleStart + (1 - kOneCycleStart) * (1 - Cosine(at / rise)));
    }
    return schedule.rate * at / rise;
  }
  if (schedule.kind == ScheduleKind::kConstant) return schedule.rate;
  return schedule.rate * Cosine((at - rise) / (total - rise));
}

}  // namespace potlut::train
