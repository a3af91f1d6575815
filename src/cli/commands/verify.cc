// potlut verify: is this .plut file whole, and does every executor here return the same bits?
#include <algorithm>
#include <memory>
#include <random>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/plut_file.h"
#include "cli/progress_bar.h"
#include "cli/units.h"
#include "program/reference.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string path;
  int images = 0;
};

// Runs noise through the reference executor and each instruction set; all outputs are to be equal.
Status CompareExecutors(Shell& shell, const Options& options, const Program& program) {
  std::vector<std::pair<Isa, std::unique_ptr<Session>>> sessions;
  for (const Isa isa : AllIsas()) {
    if (!IsaAvailable(isa)) continue;
    POTLUT_ASSIGN_OR_RETURN(const auto model, Model::Create(program, isa));
    POTLUT_ASSIGN_OR_RETURN(auto session, Session::Create(model));
    sessions.emplace_back(isa, std::move(session));
  }
  const Dims dims = program.tensors[static_cast<size_t>(program.input)].dims;
  const uint64_t seed = shell.common.seed.value_or(1);
  std::mt19937_64 random(seed);
  std::vector<uint8_t> image(static_cast<size_t>(dims.count()));
  ProgressBar progress(shell.console.error_is_terminal());
  progress.Begin("verify", options.images);
  for (int i = 0; i < options.images; ++i) {
    if (progress.cancelled()) return {ErrorCode::kInterrupted, "interrupted"};
    for (uint8_t& v : image) v = static_cast<uint8_t>(random());
    POTLUT_ASSIGN_OR_RETURN(const auto tensors, ReferenceRun(program, image));
    for (const auto& [isa, session] : sessions) {
      POTLUT_RETURN_IF_ERROR(session->Run(image));
      for (size_t k = 0; k < program.outputs.size(); ++k) {
        const auto& expected = tensors[static_cast<size_t>(program.outputs[k])];
        const auto got = session->Output(k);
        if (!std::equal(got.begin(), got.end(), expected.begin(), expected.end())) {
          return Failed(options.path, ": ", IsaName(isa),
                        " differs from the reference executor in output ", k, " of noise image ", i,
                        " (seed ", seed, "); please report this");
        }
      }
    }
    progress.Update(i + 1, "");
  }
  return {};
}

// A layered file's low reading must be sound too; its bits, or 0 where the file is not layered.
Expected<int> CheckLowReading(const PlutFile& file) {
  int bits = 0;
  const bool layered = std::any_of(file.layers.begin(), file.layers.end(),
                                   [](const LayerBytes& layer) { return layer.low_bytes > 0; });
  if (!layered) return bits;
  POTLUT_ASSIGN_OR_RETURN(const Program low, UnpackLow(file.bytes));
  for (size_t n = 0; n < low.nodes.size(); ++n) {
    const auto* conv = std::get_if<ConvOp>(&low.nodes[n].op);
    if (conv != nullptr && conv->alphabet != std::get<ConvOp>(file.program.nodes[n].op).alphabet)
      bits = conv->alphabet.bits;
  }
  return bits;
}

Status Verify(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(options.path));
  auto low_bits = CheckLowReading(file);
  if (!low_bits.ok()) {
    return Status(low_bits.error().code,
                  Cat(options.path, ": its low reading: ", low_bits.error().message));
  }
  const Program& program = file.program;
  if (options.images > 0) POTLUT_RETURN_IF_ERROR(CompareExecutors(shell, options, program));
  POTLUT_ASSIGN_OR_RETURN(const PlutSizes sizes, SizesOf(file.bytes));
  if (shell.common.json) {
    PrintJson(shell.console, {{"model", options.path},
                              {"ok", true},
                              {"version", sizes.version},
                              {"bytes", file.bytes.size()},
                              {"nodes", program.nodes.size()},
                              {"layers", file.layers.size()},
                              {"low_bits", *low_bits},
                              {"images", options.images}});
    return {};
  }
  shell.console.Out(
      Printable(Cat(options.path, ": ok, version ", sizes.version, ", ",
                    FormatCount(static_cast<int64_t>(file.bytes.size())), " bytes, ",
                    program.nodes.size(), " nodes, ", file.layers.size(), " layers with weights",
                    *low_bits > 0 ? Cat(", a reading of ", *low_bits, " bits") : std::string(),
                    options.images > 0 ? ", all executors agree" : "", "\n")));
  return {};
}

}  // namespace

void AddVerify(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("verify", "check that a .plut file is whole and sound");
  command.add_option("file", options->path, ".plut; - reads it from stdin")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--images", options->images,
                  "also run this many noise images on every executor and compare bits")
      ->check(Within(0, 1000000))
      ->type_name("N");
  AddJson(command, shell);
  AddSeed(command, shell, "of the noise (1)");
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Verify(shell, *options); }; });
}

}  // namespace potlut::cli
