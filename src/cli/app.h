// The program from its arguments to its exit code.
#pragma once

#include <functional>
#include <string>

#include "cli/shell.h"

namespace potlut::cli {

// A program whose first argument names a command.
struct Application {
  std::string name, description;
  std::function<void(CLI::App&, Shell&)> declare;  // adds the subcommands
};
// From arguments to exit code, as Main does.
int RunApplication(const Application& application, int argc, char** argv);

// Exit codes are those of ErrorCode: 0 fine, 1 failed, 2 usage, 3 bad input, 4 unsupported, 5 a
// gate missed, 6 resource limit, 130 interrupted.
int Main(int argc, char** argv);

}  // namespace potlut::cli
