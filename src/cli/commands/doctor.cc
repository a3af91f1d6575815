// potlut doctor: what this program is and what it finds on this machine.
#include <fstream>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/version.h"

namespace potlut::cli {
namespace {

// As Linux names it; empty where it does not.
std::string CpuName() {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line)) {
    if (!line.starts_with("model name")) continue;
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "gcc " __VERSION__;
#endif

Status Doctor(Shell& shell) {
  const std::string cpu = CpuName();
  if (shell.common.json) {
    Json isas = Json::object();
    for (const Isa isa : AllIsas()) isas[std::string(IsaName(isa))] = IsaAvailable(isa);
    PrintJson(shell.console, {{"version", kVersion},
                              {"compiler", kCompiler},
                              {"cpu", cpu},
                              {"threads", DefaultThreads()},
                              {"isa", std::move(isas)},
                              {"chosen_isa", IsaName(BestIsa())}});
    return {};
  }
  shell.console.Out(Cat("version   ", kTool, "\n", "compiler  ", kCompiler, "\n"));
  shell.console.Out(
      Cat("cpu       ", cpu.empty() ? "unknown" : cpu, "\n", "threads   ", DefaultThreads(), "\n"));
  for (const Isa isa : AllIsas()) {
    shell.console.Out(fmt::format("isa       {:<12} {}{}\n", IsaName(isa),
                                  IsaAvailable(isa) ? "available" : "not on this CPU",
                                  isa == BestIsa() ? ", chosen" : ""));
  }
  return {};
}

}  // namespace

void AddDoctor(CLI::App& app, Shell& shell) {
  CLI::App& command =
      *app.add_subcommand("doctor", "tell the version, the CPU and its instruction sets");
  AddJson(command, shell);
  command.callback([&shell] { shell.action = [&shell] { return Doctor(shell); }; });
}

}  // namespace potlut::cli
