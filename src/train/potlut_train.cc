// potlut-train: training and fine-tuning, the only program that links LibTorch.
#include "cli/app.h"
#include "train/commands.h"
#include "train/device.h"

namespace {

void Declare(CLI::App& app, potlut::cli::Shell& shell) {
  app.set_config("--config", "", "TOML file of options, in a section [fit] or [tune]");
  potlut::train::AddFit(app, shell);
  potlut::train::AddTune(app, shell);
}

}  // namespace

int main(int argc, char** argv) {
  potlut::train::KeepMemory();
  return potlut::cli::RunApplication(
      {"potlut-train",
       "Trains float networks, and fine-tunes them with the quantisers of the program they become.",
       Declare},
      argc, argv);
}
