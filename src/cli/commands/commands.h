// The commands of `potlut`: each adds its subcommand and, once parsed, sets the shell's action.
#pragma once

#include "cli/shell.h"

namespace potlut::cli {

void AddQuantize(CLI::App& app, Shell& shell);
void AddRun(CLI::App& app, Shell& shell);
void AddEval(CLI::App& app, Shell& shell);
void AddBench(CLI::App& app, Shell& shell);
void AddInspect(CLI::App& app, Shell& shell);
void AddDiff(CLI::App& app, Shell& shell);
void AddPack(CLI::App& app, Shell& shell);
void AddUnpack(CLI::App& app, Shell& shell);
void AddDelta(CLI::App& app, Shell& shell);
void AddApply(CLI::App& app, Shell& shell);
void AddExport(CLI::App& app, Shell& shell);
void AddOps(CLI::App& app, Shell& shell);
void AddAccel(CLI::App& app, Shell& shell);
void AddDoctor(CLI::App& app, Shell& shell);
void AddVerify(CLI::App& app, Shell& shell);

}  // namespace potlut::cli
