// potlut verify: is this .plut file whole, and does every executor here return the same bits?
#include <memory>
#include <random>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/progress_bar.h"
#include "cli/units.h"
#include "pack/plut.h"
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
  for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512Vnni}) {
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

Status Verify(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(options.path));
  std::vector<LayerBytes> layers;
  const auto program = Unpack(bytes, {}, &layers);
  if (!program)
    return Status(program.error().code, Cat(options.path, ": ", program.error().message));
  if (options.images > 0) POTLUT_RETURN_IF_ERROR(CompareExecutors(shell, options, *program));
  if (shell.common.json) {
    PrintJson(shell.console, {{"model", options.path},
                              {"ok", true},
                              {"bytes", bytes.size()},
                              {"nodes", program->nodes.size()},
                              {"layers", layers.size()},
                              {"images", options.images}});
    return {};
  }
  shell.console.Out(Printable(
      Cat(options.path, ": ok, ", FormatCount(static_cast<int64_t>(bytes.size())), " bytes, ",
          program->nodes.size(), " nodes, ", layers.size(), " layers with weights",
          options.images > 0 ? ", all executors agree" : "", "\n")));
  return {};
}

}  // namespace

void AddVerify(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("verify", "check that a .plut file is whole and sound");
  command.add_option("file", options->path, ".plut")->required()->type_name("FILE");
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
