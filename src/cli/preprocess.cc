// Presets are the values that the training codes of the named data sets use.
#include "cli/preprocess.h"

// With exceptions, as in quant: two configurations of toml++ in one program would share inline
// functions.
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace potlut::cli {
namespace {

struct Preset {
  const char* name;
  std::vector<double> mean, stddev;
};

const std::vector<Preset>& Presets() {
  static const std::vector<Preset> presets = {
      {"cifar10", {125.3, 123.0, 113.9}, {63.0, 62.1, 66.7}},
      {"imagenet", {123.675, 116.28, 103.53}, {58.395, 57.12, 57.375}},
      {"minus-one-to-one", {127.5}, {127.5}},
      {"unit", {0}, {255}},
      {"none", {0}, {1}},
  };
  return presets;
}

std::string PresetNames() {
  std::string names;
  for (const Preset& preset : Presets()) names += Cat(names.empty() ? "" : ", ", preset.name);
  return names;
}

Expected<std::optional<Normalisation>> FromPair(std::vector<double> mean,
                                                std::vector<double> stddev, double factor,
                                                const std::string& names) {
  for (double& v : mean) v *= factor;
  for (double& v : stddev) v *= factor;
  POTLUT_ASSIGN_OR_RETURN(Normalisation made,
                          MakeNormalisation(std::move(mean), std::move(stddev), names));
  return std::optional(std::move(made));
}

bool Sets(const toml::table& table, const std::string& key) {
  for (const auto& [name, node] : table) {
    if (name.str() == key) return true;
    if (const toml::table* inner = node.as_table(); inner != nullptr && Sets(*inner, key))
      return true;
  }
  return false;
}

}  // namespace

Expected<Normalisation> MakeNormalisation(std::vector<double> mean, std::vector<double> stddev,
                                          const std::string& where) {
  if (mean.empty() || stddev.empty()) {
    return UsageError(where, ": mean and deviation go together: give both");
  }
  if (mean.size() != stddev.size() && mean.size() != 1 && stddev.size() != 1) {
    return UsageError(where, ": ", mean.size(), " means but ", stddev.size(),
                      " deviations; give one a channel of both");
  }
  for (const double v : mean) {
    if (!std::isfinite(v)) return UsageError(where, ": a mean is not a finite number");
  }
  for (const double v : stddev) {
    if (!std::isfinite(v) || v <= 0)
      return UsageError(where, ": a deviation is to be greater than 0");
  }
  const size_t channels = std::max(mean.size(), stddev.size());
  if (mean.size() < channels) mean.resize(channels, mean[0]);
  if (stddev.size() < channels) stddev.resize(channels, stddev[0]);
  return Normalisation{std::move(mean), std::move(stddev)};
}

void AddNormalisation(CLI::App& command, NormalisationOptions& options) {
  const std::string group = "Normalisation of the input (one way)";
  const auto numbers = [&](const char* name, std::vector<double>& target, const char* help) {
    command.add_option(name, target, help)
        ->delimiter(',')
        ->type_name("A,B,C")
        ->group(group)
        ->expected(1, 64);
  };
  command.add_option("--normalize", options.preset, "a preset: " + PresetNames())
      ->type_name("NAME")
      ->group(group);
  numbers("--mean", options.mean, "mean in pixel units (0..255), one or one a channel");
  numbers("--std", options.stddev, "standard deviation in pixel units");
  numbers("--mean01", options.mean01, "mean of pixel / 255, as torchvision writes it");
  numbers("--std01", options.stddev01, "standard deviation of pixel / 255");
}

Expected<std::optional<Normalisation>> ResolveNormalisation(const NormalisationOptions& options) {
  const bool pixel = !options.mean.empty() || !options.stddev.empty();
  const bool unit = !options.mean01.empty() || !options.stddev01.empty();
  if (int{pixel} + int{unit} + int{!options.preset.empty()} > 1) {
    return UsageError(
        "give the normalisation once: --normalize, or --mean and --std, or --mean01 and --std01");
  }
  if (pixel) return FromPair(options.mean, options.stddev, 1, "--mean and --std");
  if (unit) return FromPair(options.mean01, options.stddev01, 255, "--mean01 and --std01");
  if (options.preset.empty()) return std::optional<Normalisation>();
  for (const Preset& preset : Presets()) {
    if (options.preset == preset.name)
      return std::optional(Normalisation{preset.mean, preset.stddev});
  }
  return UsageError("--normalize '", options.preset, "' is none of ", PresetNames());
}

Status CheckChannels(const Normalisation& normalisation, int32_t channels) {
  const size_t given = normalisation.mean.size();
  if (given == 1 || given == static_cast<size_t>(channels)) return {};
  return UsageError("the normalisation has ", given, " values, the network's input ", channels,
                    " channels; give one value or one a channel");
}

void NormaliseInto(const Normalisation& normalisation, const data::Image& image, float* target) {
  const size_t channels = static_cast<size_t>(image.c);
  const bool one = normalisation.mean.size() == 1;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    const size_t c = one ? 0 : i % channels;
    target[i] =
        static_cast<float>((image.pixels[i] - normalisation.mean[c]) / normalisation.stddev[c]);
  }
}

std::string NormalisationRemedy() {
  return Cat(
      "the network's input normalisation is not known; give --mean and --std (pixel units), "
      "--mean01 and ",
      "--std01 (of pixel / 255), or --normalize with one of ", PresetNames());
}

std::string WritePreprocess(int32_t resize) { return Cat("resize = ", resize, "\n"); }

Expected<int32_t> ReadResize(const Program& program) {
  const auto entry = program.metadata.find("preprocess");
  if (entry == program.metadata.end()) return 0;
  int64_t resize = 0;
  try {
    resize = toml::parse(entry->second)["resize"].value_or(int64_t{0});
  } catch (const toml::parse_error& error) {
    return BadInput("the model's 'preprocess' metadata is no TOML: ", error.description());
  }
  if (resize < 0 || resize > 65536) {
    return BadInput("the model's 'preprocess' metadata wants a resize to ", resize);
  }
  return static_cast<int32_t>(resize);
}

bool TomlSets(const std::string& text, const std::string& key) try {
  return Sets(toml::parse(text), key);
} catch (const toml::parse_error&) {
  return false;
}

}  // namespace potlut::cli
