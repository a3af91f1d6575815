// potlut accel compile: a model into the accelerator's commands and memory image.
#include <memory>

#include "accel/compile.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands/accel.h"
#include "cli/json.h"
#include "cli/plut_file.h"
#include "cli/units.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string model, output;
  ArrayOptions array;
  accel::CompileOptions compile;
};

Status Compile(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const accel::ArraySpec array, ResolveArray(options.array));
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(options.model));
  const auto image = accel::Compile(file.program, array, options.compile);
  if (!image.ok()) {
    return Error{image.error().code, Cat(options.model, ": ", image.error().message)};
  }
  const std::vector<uint8_t> bytes = accel::WriteImage(*image);
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.output, bytes));
  int64_t read = 0, written = 0;
  for (const accel::ImageLayer& layer : image->layers) {
    read += layer.read_bytes;
    written += layer.written_bytes;
  }
  if (shell.common.json) {
    PrintJson(shell.console, {{"model", options.model},
                              {"output", options.output},
                              {"file_bytes", bytes.size()},
                              {"commands", image->command_count},
                              {"dram_bytes", image->dram_bytes},
                              {"read_bytes", read},
                              {"written_bytes", written},
                              {"tables", accel::TableKindName(array.table)},
                              {"lanes", array.lanes}});
    return {};
  }
  shell.console.Note(Cat(options.output, ": ", FormatCount(static_cast<int64_t>(bytes.size())),
                         " bytes, ", FormatCount(image->command_count), " commands for ",
                         array.lanes, " lanes with ", accel::TableKindName(array.table),
                         " tables; an image reads ", FormatCount(read), " bytes and writes ",
                         FormatCount(written)));
  return {};
}

}  // namespace

void AddAccelCompile(CLI::App& accel, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *accel.add_subcommand("compile", "commands and memory image of a model");
  command.add_option("model", options->model, ".plut; - reads stdin")
      ->required()
      ->type_name("MODEL");
  command.add_option("-o,--output", options->output, "the image")->required()->type_name("FILE");
  AddArrayOptions(command, options->array);
  command.add_flag("!--no-fuse", options->compile.fuse,
                   "additions as commands of their own, not in the drain of a convolution");
  command.add_flag("--trace", options->compile.trace, "store every tensor, for comparison");
  AddJson(command, shell);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Compile(shell, *options); }; });
}

}  // namespace potlut::cli
