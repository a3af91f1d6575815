// Groups of steps from the weights of each panel.
#include "engine/direct_steps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace potlut {
namespace {

constexpr int32_t kPanel = 16;  // channels of a panel, at most
constexpr int kMisses = 12;     // steps that do not fit into a group before it is closed
constexpr int32_t kGroups[] = {1, 2, 3, 4, 6, 8, 12, 16, 32, 64};
constexpr int kTried = 2;  // panels that the size of groups is chosen from

// Measured: cycles of a tile for each step, and for the widening at the end of a group.
constexpr double kStepCycles = 7.2, kWidenCycles = 6.0;

// One step of a panel: four bytes of the input met by so many levels.
struct Step {
  std::array<int8_t, kPanel * 4> levels;
  int32_t offset;
};

// What the levels of one sign sum to, for each pair of bytes: the first half of a pair's sums
// upwards, then downwards.
struct Sums {
  std::array<int16_t, kPanel * 4> of{};

  static Sums Of(const Step& step) {
    int16_t pairs[kPanel * 2];
    std::memcpy(pairs, step.levels.data(), sizeof(pairs));
    Sums s;
    for (size_t i = 0; i < kPanel * 2; ++i) {
      const int16_t a = static_cast<int16_t>(static_cast<int16_t>(pairs[i] << 8) >> 8);
      const int16_t b = static_cast<int16_t>(pairs[i] >> 8), zero = 0;
      s.of[i] = static_cast<int16_t>(std::max(a, zero) + std::max(b, zero));
      s.of[i + kPanel * 2] = static_cast<int16_t>(-std::min(a, zero) - std::min(b, zero));
    }
    return s;
  }
  // Whether both together stay within the limit.
  bool FitsWith(const Sums& other, int16_t limit) const {
    int16_t most = 0;
    for (size_t i = 0; i < of.size(); ++i) {
      most = std::max(most, static_cast<int16_t>(of[i] + other.of[i]));
    }
    return most <= limit;
  }
  void Add(const Sums& other) {
    for (size_t i = 0; i < of.size(); ++i) of[i] = static_cast<int16_t>(of[i] + other.of[i]);
  }
};

// The steps of a panel, those that could saturate in two.
std::vector<Step> StepsOf(const DirectParams& p, const uint8_t* packed, int32_t width,
                          const int64_t* runs, int16_t limit) {
  std::vector<Step> steps;
  steps.reserve(static_cast<size_t>(p.window.kernel_h * p.run / 4));
  for (int32_t ky = 0; ky < p.window.kernel_h; ++ky) {
    for (int32_t at = 0; at < p.run; at += 4, packed += width * 4) {
      Step step{};
      std::copy_n(reinterpret_cast<const int8_t*>(packed), width * 4, step.levels.begin());
      step.offset = static_cast<int32_t>(runs[ky] + at);
      Step rest{};
      rest.offset = step.offset;
      if (Sums::Of(step).FitsWith({}, limit)) {
        steps.push_back(step);
        continue;
      }
      for (size_t i = 0; i < step.levels.size(); i += 2) {
        const int a = step.levels[i], b = step.levels[i + 1];
        if (std::max(a, 0) + std::max(b, 0) <= limit && std::max(-a, 0) + std::max(-b, 0) <= limit)
          continue;
        std::swap(step.levels[i], rest.levels[i]);
      }
      steps.push_back(step);
      steps.push_back(rest);
    }
  }
  return steps;
}

// Puts steps into groups, each the next one with what fits to it of those that follow soon. What is
// missing in a group is filled up with steps of zeros. Returns the number of groups.
int64_t Group(const std::vector<Step>& steps, const std::vector<Sums>& sums, int32_t group,
              int16_t limit, std::vector<Step>* out) {
  std::vector<bool> done(steps.size(), false);
  int64_t groups = 0;
  for (size_t first = 0; first < steps.size(); ++first) {
    if (done[first]) continue;
    ++groups;
    Sums sum = sums[first];
    if (out != nullptr) out->push_back(steps[first]);
    int32_t members = 1;
    int missed = 0;
    for (size_t i = first + 1; i < steps.size() && members < group && missed < kMisses; ++i) {
      if (done[i]) continue;
      if (!sum.FitsWith(sums[i], limit)) {
        ++missed;
        continue;
      }
      sum.Add(sums[i]);
      done[i] = true;
      ++members;
      if (out != nullptr) out->push_back(steps[i]);
    }
    if (out == nullptr) continue;
    for (; members < group; ++members) out->push_back({{}, steps[first].offset});
  }
  return groups;
}

}  // namespace

DirectSteps MakeSteps(const DirectParams& params, const uint8_t* packed, int32_t panel,
                      const int64_t* runs, int32_t most) {
  DirectSteps result;
  const int16_t limit = static_cast<int16_t>(32767 / most);
  const int64_t steps_bytes = int64_t{params.window.kernel_h} * params.run;
  const int32_t panels = (params.out_padded + panel - 1) / panel;
  const auto width_of = [&](int32_t n) { return std::min(panel, params.out_padded - n * panel); };
  const auto steps_of = [&](int32_t n) {
    return StepsOf(params, packed + n * panel * steps_bytes, width_of(n), runs, limit);
  };
  const auto sums_of = [](const std::vector<Step>& steps) {
    std::vector<Sums> sums;
    sums.reserve(steps.size());
    for (const Step& step : steps) sums.push_back(Sums::Of(step));
    return sums;
  };

  for (int32_t n = 0; n < std::min(panels, kTried); ++n) {
    const std::vector<Step> steps = steps_of(n * (panels - 1));
    const std::vector<Sums> sums = sums_of(steps);
    double best = 0;
    int32_t best_group = 0;
    for (const int32_t group : kGroups) {
      const double groups = static_cast<double>(Group(steps, sums, group, limit, nullptr));
      const double cycles = groups * (group * kStepCycles + kWidenCycles);
      if (best_group != 0 && cycles >= best) continue;
      best = cycles;
      best_group = group;
    }
    // The most cautious of the panels decides.
    result.group = n == 0 ? best_group : std::min(result.group, best_group);
  }

  std::vector<int8_t> weights;
  weights.reserve(static_cast<size_t>(params.out_padded * steps_bytes * 5 / 4));
  for (int32_t n = 0; n < panels; ++n) {
    const std::vector<Step> steps = steps_of(n);
    std::vector<Step> grouped;
    grouped.reserve(steps.size() * 5 / 4);
    const int64_t groups = Group(steps, sums_of(steps), result.group, limit, &grouped);
    result.panels.push_back({static_cast<int64_t>(weights.size()),
                             static_cast<int64_t>(result.offsets.size()),
                             static_cast<int32_t>(groups)});
    for (const Step& step : grouped) {
      weights.insert(weights.end(), step.levels.begin(), step.levels.begin() + width_of(n) * 4);
      result.offsets.push_back(step.offset);
    }
  }
  result.weights = MakeAligned<uint8_t>(weights.size());
  std::copy(weights.begin(), weights.end(), reinterpret_cast<int8_t*>(result.weights.get()));
  return result;
}

double CyclesOfSteps(const ConvOp& op, TensorType in) {
  constexpr size_t kSampled = 4096;
  const double limit = 32767.0 / (in.hi() + (in.is_signed ? 128 : 0));
  double sum = 0, saturating = 0, pairs = 0;
  const size_t stride = op.codes.size() / kSampled / 2 * 2 + 2;
  for (size_t i = 0; i + 1 < op.codes.size(); i += stride, ++pairs) {
    const auto level = [&](size_t at) -> int {  // of a pair of levels, the first
      const size_t code = op.codes[at];
      return op.alphabet.levels[op.alphabet.is_pair() ? 2 * code : code];
    };
    const int a = level(i), b = level(i + 1);
    const int up = std::max(a, 0) + std::max(b, 0), down = -std::min(a, 0) - std::min(b, 0);
    sum += std::max(up, down);
    saturating += std::max(up, down) > limit;
  }
  if (pairs == 0) return kStepCycles + kWidenCycles;
  // A group ends with the largest of many sums; a step is made two by one pair out of 32.
  const double group = std::clamp(limit / (1.5 * sum / pairs + 1), 1.0, 64.0);
  const double split = 1 - std::pow(1 - saturating / pairs, kPanel * 2);
  return (kStepCycles + kWidenCycles / group) * (1 + split);
}

}  // namespace potlut
