// potlut delta and potlut apply: what turns one .plut file into the next, and doing so.
#include "pack/delta.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/units.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string old_file, input, output;
};

Expected<std::vector<uint8_t>> Read(const std::string& path) {
  return ReadFile(path == "-" ? "/dev/stdin" : path);
}

Error Named(const std::string& path, const Error& error) {
  return {error.code, Cat(path == "-" ? "stdin" : path, ": ", error.message)};
}

Status Make(Shell& shell, const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  if (options.old_file == "-" && options.input == "-")
    return UsageError("only one of the two files can be stdin");
  POTLUT_ASSIGN_OR_RETURN(const auto old_bytes, Read(options.old_file));
  POTLUT_ASSIGN_OR_RETURN(const auto new_bytes, Read(options.input));
  DeltaReport report;
  const auto delta = MakeDelta(old_bytes, new_bytes, {}, &report);
  if (!delta.ok()) {
    return Named(Cat(options.old_file, " to ", options.input), delta.error());
  }
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.output, *delta));
  const double bits = 8.0 * static_cast<double>(report.bytes) /
                      static_cast<double>(std::max<int64_t>(report.weights, 1));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (shell.common.json) {
    PrintJson(shell.console, {{"old", options.old_file},
                              {"new", options.input},
                              {"output", options.output},
                              {"method", std::string(DeltaMethodName(report.method))},
                              {"bytes", report.bytes},
                              {"new_bytes", new_bytes.size()},
                              {"weights", report.weights},
                              {"bits_a_weight", bits},
                              {"layers", report.layers},
                              {"layers_changed", report.layers_changed},
                              {"codes_changed", report.codes_changed},
                              {"seconds", seconds}});
  }
  shell.console.Note(fmt::format(
      "{}: {} bytes ({} has {}), {:.3f} bits a weight; {} of {} layers and {} codes changed",
      options.output, FormatCount(report.bytes), options.input,
      FormatCount(static_cast<int64_t>(new_bytes.size())), bits, report.layers_changed,
      report.layers, FormatCount(report.codes_changed)));
  return {};
}

Status Apply(Shell& shell, const Options& options) {
  if (options.old_file == "-" && options.input == "-")
    return UsageError("only one of the two files can be stdin");
  POTLUT_ASSIGN_OR_RETURN(const auto old_bytes, Read(options.old_file));
  POTLUT_ASSIGN_OR_RETURN(const auto delta, Read(options.input));
  const auto made = ApplyDelta(old_bytes, delta);
  if (!made.ok()) return Named(options.input, made.error());
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.output, *made));
  if (shell.common.json) {
    PrintJson(shell.console, {{"old", options.old_file},
                              {"delta", options.input},
                              {"output", options.output},
                              {"delta_bytes", delta.size()},
                              {"bytes", made->size()}});
  }
  shell.console.Note(fmt::format("{}: {} bytes, made of {} and {} bytes of changes", options.output,
                                 FormatCount(static_cast<int64_t>(made->size())), options.old_file,
                                 FormatCount(static_cast<int64_t>(delta.size()))));
  return {};
}

CLI::App& Declare(CLI::App& app, Options& options, const char* name, const char* what,
                  const char* second, const char* second_help, const char* output) {
  CLI::App& command = *app.add_subcommand(name, what);
  command.add_option("old", options.old_file, ".plut file that the receiver has; - reads stdin")
      ->required()
      ->type_name("FILE");
  command.add_option(second, options.input, second_help)->required()->type_name("FILE");
  command.add_option("-o,--output", options.output, output)->required()->type_name("FILE");
  return command;
}

}  // namespace

void AddDelta(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      Declare(app, *options, "delta", "write what turns one .plut file into another", "new",
              ".plut file that it is to become", ".plutd file to write");
  AddJson(command, shell);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Make(shell, *options); }; });
}

void AddApply(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      Declare(app, *options, "apply", "make the new .plut file of the old one and a delta", "delta",
              ".plutd file that 'potlut delta' wrote", ".plut file to write");
  AddJson(command, shell);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Apply(shell, *options); }; });
}

}  // namespace potlut::cli
