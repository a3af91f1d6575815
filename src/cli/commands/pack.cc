// potlut pack and potlut unpack: a program written anew, smaller or plainer.
#include <chrono>
#include <memory>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/plut_file.h"
#include "cli/preprocess.h"
#include "cli/progress_bar.h"
#include "cli/run_all.h"
#include "cli/units.h"
#include "program/reference.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string input, output, effort = "default", calibration;
  bool layered = false;
  int bits = 0;
  int64_t images = 32;
};

// What each input channel of each convolution holds on average over some images.
Expected<std::vector<std::vector<double>>> InputMeans(Shell& shell, const Options& options,
                                                      const Program& program) {
  const Dims dims = program.tensors[static_cast<size_t>(program.input)].dims;
  POTLUT_ASSIGN_OR_RETURN(const int32_t resize, ReadResize(program));
  const data::Geometry geometry{dims.h, dims.w, dims.c, resize};
  POTLUT_ASSIGN_OR_RETURN(const auto source,
                          data::Open(options.calibration, data::Split::kTrain, geometry));
  const auto indices = SpreadIndices(source->size(), options.images);
  std::vector<std::vector<int64_t>> sums(program.tensors.size());
  for (size_t t = 0; t < sums.size(); ++t)
    sums[t].resize(static_cast<size_t>(program.tensors[t].dims.c));
  ProgressBar progress(shell.console.error_is_terminal());
  progress.Begin("calibrate", static_cast<int64_t>(indices.size()));
  for (size_t i = 0; i < indices.size(); ++i) {
    if (progress.cancelled()) return Error{ErrorCode::kInterrupted, "interrupted"};
    POTLUT_ASSIGN_OR_RETURN(const data::Sample sample, source->Get(indices[i]));
    POTLUT_ASSIGN_OR_RETURN(const auto values, ReferenceRun(program, sample.image.pixels));
    for (const Node& node : program.nodes) {
      if (!std::holds_alternative<ConvOp>(node.op)) continue;
      const auto t = static_cast<size_t>(node.inputs[0]);
      const Tensor& tensor = program.tensors[t];
      const auto channels = static_cast<size_t>(tensor.dims.c);
      for (size_t k = 0; k < values[t].size(); ++k) {
        sums[t][k % channels] += tensor.type.is_signed ? int64_t{static_cast<int8_t>(values[t][k])}
                                                       : int64_t{values[t][k]};
      }
    }
    progress.Update(static_cast<int64_t>(i) + 1, "");
  }
  std::vector<std::vector<double>> means(program.nodes.size());
  for (size_t n = 0; n < means.size(); ++n) {
    if (!std::holds_alternative<ConvOp>(program.nodes[n].op)) continue;
    const auto t = static_cast<size_t>(program.nodes[n].inputs[0]);
    const Dims& d = program.tensors[t].dims;
    const double count = static_cast<double>(indices.size()) * d.h * d.w;
    for (const int64_t sum : sums[t]) means[n].push_back(static_cast<double>(sum) / count);
  }
  return means;
}

struct Written {
  std::vector<LayerBytes> layers;
  int64_t before = 0, after = 0;
  double seconds = 0;
};

void Tell(Shell& shell, const Options& options, const Written& written) {
  int64_t weights = 0, low = 0;
  for (const LayerBytes& layer : written.layers) {
    weights += layer.weights;
    low += layer.low_bytes;
  }
  if (shell.common.json) {
    PrintJson(shell.console, {{"model", options.input},
                              {"output", options.output},
                              {"bytes_before", written.before},
                              {"file_bytes", written.after},
                              {"low_code_bytes", low},
                              {"weights", weights},
                              {"seconds", written.seconds}});
  }
  const double bits =
      8.0 * static_cast<double>(written.after) / static_cast<double>(std::max<int64_t>(weights, 1));
  shell.console.Note(fmt::format(
      "{}: {} bytes (before: {}), {:.2f} bits a weight with all of the file{}", options.output,
      FormatCount(written.after), FormatCount(written.before), bits,
      low > 0 ? fmt::format(", {} bytes of codes for the low reading", FormatCount(low)) : ""));
}

Status PackFile(Shell& shell, const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  if (!options.layered && (options.bits != 0 || !options.calibration.empty()))
    return UsageError("--bits and --calibration belong to --layered");
  PackOptions pack;
  POTLUT_ASSIGN_OR_RETURN(pack.effort, ParseEffort(options.effort));
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(options.input));
  if (options.layered) pack.low_bits = options.bits == 0 ? 3 : options.bits;
  if (!options.calibration.empty()) {
    POTLUT_ASSIGN_OR_RETURN(pack.input_means, InputMeans(shell, options, file.program));
  }
  Written written;
  ProgressBar progress(shell.console.error_is_terminal());
  pack.progress = &progress;
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, Pack(file.program, pack, &written.layers));
  progress.End();
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.output, bytes));
  written.before = static_cast<int64_t>(file.bytes.size());
  written.after = static_cast<int64_t>(bytes.size());
  written.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  Tell(shell, options, written);
  return {};
}

Status UnpackFile(Shell& shell, const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(options.input, options.bits));
  Written written;
  POTLUT_ASSIGN_OR_RETURN(
      const auto bytes, Pack(file.program, {.entropy_code = false, .version = 1}, &written.layers));
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.output, bytes));
  written.before = static_cast<int64_t>(file.bytes.size());
  written.after = static_cast<int64_t>(bytes.size());
  written.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  Tell(shell, options, written);
  return {};
}

CLI::App& Declare(CLI::App& app, Options& options, const char* name, const char* what) {
  CLI::App& command = *app.add_subcommand(name, what);
  command.add_option("file", options.input, ".plut; - reads it from stdin")
      ->required()
      ->type_name("FILE");
  command.add_option("-o,--output", options.output, ".plut file to write")
      ->required()
      ->type_name("FILE");
  return command;
}

}  // namespace

void AddPack(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      Declare(app, *options, "pack", "write a .plut file anew: smaller, or layered");
  command
      .add_option("--effort", options->effort,
                  "fast: opens fastest; default; small: the smallest file")
      ->type_name("NAME");
  command.add_flag("--layered", options->layered,
                   "let receivers with less room read the weights with fewer bits");
  command.add_option("--bits", options->bits, "bits of that low reading (3)")
      ->check(Within(2, 7))
      ->type_name("N");
  command
      .add_option("--calibration", options->calibration,
                  "images to correct the biases of the low reading with")
      ->type_name("DATA");
  command.add_option("--images", options->images, "how many of them (32)")
      ->check(Within<int64_t>(1, 1000000))
      ->type_name("N");
  command.footer(kDataHelp);
  AddJson(command, shell);
  command.callback([&shell, options] {
    shell.action = [&shell, options] { return PackFile(shell, *options); };
  });
}

void AddUnpack(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = Declare(app, *options, "unpack",
                              "write a .plut file plainly (version 1, codes as kernels read them)");
  command.add_option("--bits", options->bits, "the low reading of a layered file, of so many bits")
      ->check(Within(2, 7))
      ->type_name("N");
  AddJson(command, shell);
  command.callback([&shell, options] {
    shell.action = [&shell, options] { return UnpackFile(shell, *options); };
  });
}

}  // namespace potlut::cli
