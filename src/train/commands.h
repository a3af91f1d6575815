// The commands of `potlut-train`.
#pragma once

#include "cli/shell.h"

namespace potlut::train {

void AddFit(CLI::App& app, cli::Shell& shell);
void AddTune(CLI::App& app, cli::Shell& shell);

}  // namespace potlut::train
