// Lists parted by commas.
#include "train/tune_options.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace potlut::train {
namespace {

template <typename T>
bool ParseNumber(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view TakeItem(std::string_view& rest) {
  const std::string_view item = rest.substr(0, rest.find(','));
  rest.remove_prefix(std::min(item.size() + 1, rest.size()));
  return item;
}

struct Field {
  const char* name;
  double DistributionLoss::*value;
  double lo, hi;
};
constexpr double kAny = 1e6;
constexpr Field kFields[] = {
    {"bin", &DistributionLoss::bin, 0, kAny},
    {"rate", &DistributionLoss::rate, 0, kAny},
    {"bin-start", &DistributionLoss::bin_start, 0, 1},
    {"bin-full", &DistributionLoss::bin_full, 0, 1},
    {"rate-start", &DistributionLoss::rate_start, 0, 1},
    {"rate-full", &DistributionLoss::rate_full, 0, 1},
    {"temperature", &DistributionLoss::temperature, 1e-3, 1e3},
    {"histogram-momentum", &DistributionLoss::histogram_momentum, 0, 1},
};

// The highest number of bits for which an alphabet has single levels.
int MostBits(AlphabetKind kind) {
  switch (kind) {
    case AlphabetKind::kPot:
      return 4;
    case AlphabetKind::kPair:
      return 0;
    default:
      return 5;
  }
}

int FewestBits(AlphabetKind kind) { return kind == AlphabetKind::kApot ? 3 : 2; }

}  // namespace

Expected<DistributionLoss> ParseDistributionLoss(const std::string& text) {
  DistributionLoss loss;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view item = TakeItem(rest);
    const size_t equals = item.find('=');
    const Field* field = nullptr;
    for (const Field& f : kFields) {
      if (item.substr(0, equals) == f.name) field = &f;
    }
    double value = 0;
    if (field == nullptr || equals == std::string_view::npos ||
        !ParseNumber(item.substr(equals + 1), value)) {
      return UsageError("--distribution-loss: '", item, "' is not understood; wanted are bin=X, ",
                        "rate=X, bin-start, bin-full, rate-start, rate-full, temperature, ",
                        "histogram-momentum, parted by commas");
    }
    if (!(value >= field->lo && value <= field->hi)) {
      return UsageError("--distribution-loss: ", field->name, " is to be from ", field->lo, " to ",
                        field->hi);
    }
    loss.*(field->value) = value;
  }
  if (loss.bin_full < loss.bin_start || loss.rate_full < loss.rate_start) {
    return UsageError("--distribution-loss: a term is full before it starts");
  }
  return loss;
}

Expected<std::vector<quant::Recipe>> Phases(const std::string& text, const quant::Recipe& recipe) {
  std::vector<quant::Recipe> phases;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view item = TakeItem(rest);
    int bits = 0;
    if (!ParseNumber(item, bits) || !((bits >= 2 && bits <= 5) || bits == 8)) {
      return UsageError("--progressive: '", item, "' is no width; wanted are 2 to 5 and 8 bits, ",
                        "parted by commas");
    }
    quant::Recipe phase = recipe;
    phase.weights.bits = bits;
    const AlphabetKind kind = recipe.weights.alphabet;
    if (bits > MostBits(kind) || bits < FewestBits(kind))
      phase.weights.alphabet = AlphabetKind::kUniform;
    phases.push_back(std::move(phase));
  }
  if (phases.empty()) return std::vector{recipe};
  if (recipe.weights.alphabet == AlphabetKind::kPair) {
    phases.push_back(recipe);
  } else if (phases.back().weights.bits != recipe.weights.bits) {
    return UsageError("--progressive ends with ", phases.back().weights.bits,
                      " bits, the recipe has ", recipe.weights.bits,
                      "; give the same --weight-bits");
  }
  return phases;
}

size_t PhaseOf(int32_t epoch, int32_t epochs, size_t phases) {
  const auto at = static_cast<size_t>(epoch) * phases / static_cast<size_t>(std::max(epochs, 1));
  return std::min(at, phases - 1);
}

std::string Digest(const QuantOptions& options) {
  std::string text =
      Cat("scales=", options.learn_weight_scales, ":", options.learn_activation_scales, ":",
          options.scale_interval, ":", options.scale_hysteresis, ":", options.gradient_scaling, ":",
          options.batch_statistics);
  for (const Field& field : kFields) text += Cat(":", options.loss.*(field.value));
  return text;
}

}  // namespace potlut::train
