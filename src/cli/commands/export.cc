// potlut export: a program in forms that other runtimes read.
#include <chrono>
#include <memory>

#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/plut_file.h"
#include "cli/units.h"
#include "cli/version.h"
#include "onnx/export_qdq.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string input, output;
};

Status ExportQdqFile(Shell& shell, const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(options.input));
  const auto bytes = onnx::ExportQdq(file.program, {.producer_version = POTLUT_VERSION});
  if (!bytes.ok()) return Error{bytes.error().code, options.input + ": " + bytes.error().message};
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.output, *bytes));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto size = static_cast<int64_t>(bytes->size());
  if (shell.common.json) {
    PrintJson(shell.console, {{"model", options.input},
                              {"output", options.output},
                              {"bytes", size},
                              {"seconds", seconds}});
  }
  shell.console.Note(fmt::format("{}: {} bytes", options.output, FormatCount(size)));
  return {};
}

}  // namespace

void AddExport(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& group = *app.add_subcommand("export", "write a .plut file for other runtimes");
  group.require_subcommand(1);
  CLI::App& command = *group.add_subcommand(
      "onnx-qdq", "as an ONNX network of QuantizeLinear and DequantizeLinear (ONNX Runtime, int8)");
  command.add_option("file", options->input, ".plut; - reads it from stdin")
      ->required()
      ->type_name("FILE");
  command.add_option("-o,--output", options->output, ".onnx file to write")
      ->required()
      ->type_name("FILE");
  AddJson(command, shell);
  command.callback([&shell, options] {
    shell.action = [&shell, options] { return ExportQdqFile(shell, *options); };
  });
}

}  // namespace potlut::cli
