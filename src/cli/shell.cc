// The common options, each declared once.
#include "cli/shell.h"

#include "base/parallel.h"
#include "base/text.h"

namespace potlut::cli {

int Shell::Threads() const { return common.threads > 0 ? common.threads : DefaultThreads(); }

Expected<Isa> Shell::ChosenIsa() const {
  auto isa = ParseIsa(common.isa);
  if (!isa) return UsageError("--isa: ", isa.error().message);
  if (!IsaAvailable(*isa)) {
    return Unsupported("--isa ", common.isa,
                       ": not available on this CPU; 'potlut doctor' lists what is");
  }
  return *isa;
}

void AddJson(CLI::App& command, Shell& shell) {
  command.add_flag("--json", shell.common.json, "print JSON instead of text");
}

void AddSeed(CLI::App& command, Shell& shell, const std::string& meaning) {
  command.add_option("--seed", shell.common.seed, meaning)->type_name("N");
}

void AddThreads(CLI::App& command, Shell& shell, const std::string& meaning) {
  command.add_option("--threads", shell.common.threads, meaning)
      ->type_name("N")
      ->check(Within(0, 1024));
}

void AddIsa(CLI::App& command, Shell& shell) {
  command
      .add_option("--isa", shell.common.isa,
                  "instruction set: auto, portable, avx2, avx512vnni, neon, neondot")
      ->type_name("NAME");
}

}  // namespace potlut::cli
