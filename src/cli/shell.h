// What all commands share: the console, the common options, and the action that the command line
// chose.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/status.h"
#include "cli/console.h"
#include "engine/engine.h"

namespace potlut::cli {

// Options that mean the same in every command that has them.
struct Common {
  bool json = false;
  std::optional<uint64_t> seed;
  int threads = 0;  // 0: as many as there are CPUs
  std::string isa = "auto";
};

struct Shell {
  Console console;
  Common common;
  std::function<Status()> action;  // set by the subcommand that was parsed

  int Threads() const;
  // Errors: kUsage for an unknown name, kUnsupported where this CPU lacks it.
  Expected<Isa> ChosenIsa() const;
};

// A range check that leaves the help short.
template <typename T>
CLI::Validator Within(T lo, T hi) {
  return CLI::Range(lo, hi).description("");
}

void AddJson(CLI::App& command, Shell& shell);
void AddSeed(CLI::App& command, Shell& shell, const std::string& meaning);
void AddThreads(CLI::App& command, Shell& shell, const std::string& meaning);
void AddIsa(CLI::App& command, Shell& shell);

}  // namespace potlut::cli
