// How pixels become what a network reads: mean and deviation, and the resize before the crop.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/data.h"
#include "program/program.h"

namespace potlut::cli {

// In pixel units: x = (pixel - mean[c]) / stddev[c]; one value or one a channel.
struct Normalisation {
  std::vector<double> mean, stddev;
};

// The ways to say it; exactly one is to be used.
struct NormalisationOptions {
  std::vector<double> mean, stddev;  // --mean, --std
  std::vector<double> mean01,
      stddev01;        // --mean01, --std01: of pixel / 255, as torchvision writes them
  std::string preset;  // --normalize
};
void AddNormalisation(CLI::App& command, NormalisationOptions& options);

// Nothing where no option was given. Errors: kUsage for two ways at once, counts or values that
// make no sense.
Expected<std::optional<Normalisation>> ResolveNormalisation(const NormalisationOptions& options);

// Checked, and both brought to one count. Errors: kUsage naming `where`.
Expected<Normalisation> MakeNormalisation(std::vector<double> mean, std::vector<double> stddev,
                                          const std::string& where);

// (pixel - mean) / stddev of `images`, one after the other, for a network of `channels`.
// Errors: kUsage where the counts of channels differ.
Status CheckChannels(const Normalisation& normalisation, int32_t channels);
void NormaliseInto(const Normalisation& normalisation, const data::Image& image, float* target);

// What to say where nothing was given: the options and presets.
std::string NormalisationRemedy();

// Metadata "preprocess" of a program: TOML with `resize` (0: straight to the network's size).
std::string WritePreprocess(int32_t resize);
Expected<int32_t> ReadResize(const Program& program);

// True where TOML text sets `key` at any depth (text that is no TOML: false).
bool TomlSets(const std::string& toml, const std::string& key);

}  // namespace potlut::cli
