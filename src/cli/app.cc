// Declares the commands, parses, runs the chosen one and turns whatever happens into an exit code.
#include "cli/app.h"

#include <new>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/version.h"

namespace potlut::cli {
namespace {

constexpr const char* kFooter =
    "exit codes: 0 fine, 1 failed, 2 usage, 3 bad input, 4 unsupported, 5 a gate missed,\n"
    "            6 resource limit, 130 interrupted\n"
    "'";
constexpr const char* kFooterEnd = " COMMAND --help' tells the options of a command.";

void Declare(CLI::App& app, Shell& shell) {
  AddQuantize(app, shell);
  AddRun(app, shell);
  AddEval(app, shell);
  AddBench(app, shell);
  AddInspect(app, shell);
  AddDiff(app, shell);
  AddVerify(app, shell);
  AddPack(app, shell);
  AddUnpack(app, shell);
  AddDelta(app, shell);
  AddApply(app, shell);
  AddExport(app, shell);
  AddAccel(app, shell);
  AddOps(app, shell);
  AddDoctor(app, shell);
}

// The command's name where one was given, for the hint.
std::string HelpHint(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return Cat("; see '", app.get_name(), " ", chosen.empty() ? "" : chosen[0]->get_name() + " ",
             "--help'");
}

Status Run(const Application& application, int argc, char** argv, Shell& shell) {
  CLI::App app(application.description, application.name);
  try {
    app.set_version_flag("--version", kTool);
    app.require_subcommand(1);
    application.declare(app, shell);
    app.footer(Cat(kFooter, application.name, kFooterEnd));  // last: subcommands would inherit it
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(error);  // prints the help or the version to stdout
      return shell.console.Finish();
    }
    return UsageError(std::string_view(error.what()), HelpHint(app));
  }
  CatchInterrupt();
  POTLUT_RETURN_IF_ERROR(shell.action());
  return shell.console.Finish();
}

}  // namespace

int RunApplication(const Application& application, int argc, char** argv) {
  Shell shell;
  Status status;
  try {
    status = Run(application, argc, argv, shell);
  } catch (const std::bad_alloc&) {
    status = Status(ErrorCode::kResourceLimit, "out of memory");
  } catch (const std::exception& error) {
    status =
        Status(ErrorCode::kFailed, Cat("unexpected failure: ", std::string_view(error.what())));
  }
  if (status.ok()) return 0;
  (void)shell.console.Finish();  // what was printed before the error still counts
  shell.console.ShowError(status.error());
  return static_cast<int>(status.code());
}

int Main(int argc, char** argv) {
  return RunApplication(
      {"potlut",
       "Makes neural networks run by look-up and add: small integer weights out of ONNX models.",
       Declare},
      argc, argv);
}

}  // namespace potlut::cli
