// potlut quantize: a float ONNX model and some images in, a .plut file out.
#include <chrono>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/classifier.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/origin.h"
#include "cli/progress_bar.h"
#include "cli/recipe_options.h"
#include "cli/table.h"
#include "cli/units.h"
#include "graph/simplify.h"
#include "onnx/import.h"
#include "pack/plut.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string model, calibration, output, classes;
  std::string split = "train";
  int32_t resize = 0;
  bool report = false;
  RecipeOptions recipe;
};

// What was made, for people and for JSON.
struct Result {
  quant::Report report;
  std::vector<LayerBytes> layers;
  int64_t weights = 0, code_bytes = 0, file_bytes = 0;
  double seconds = 0;
};

void PrintReport(Shell& shell, const Result& result) {
  using Kind = Table::Kind;
  Table table({{"layer", Kind::kText},
               {"kind", Kind::kText},
               {"alphabet", Kind::kText},
               {"act"},
               {"weights"},
               {"bits/w"},
               {"low"},
               {"high"},
               {"SQNR dB"},
               {"clipped"},
               {"entropy"}});
  for (const quant::LayerReport& layer : result.report.layers) {
    table.Row({layer.name, layer.kind, layer.alphabet, fmt::format("{}", layer.activation_bits),
               FormatShort(layer.weights), fmt::format("{:.2f}", layer.bits_per_weight),
               fmt::format("{:.3g}", layer.range_lo), fmt::format("{:.3g}", layer.range_hi),
               fmt::format("{:.1f}", layer.sqnr_db), FormatPercent(layer.clipped),
               fmt::format("{:.2f}", layer.entropy)});
  }
  shell.console.Out(table.Render(shell.console.width(), shell.console.colour()));
}

void PrintAsJson(Shell& shell, const Options& options, const Result& result) {
  Json layers = Json::array();
  for (const quant::LayerReport& layer : result.report.layers) {
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"alphabet", layer.alphabet},
                      {"weight_bits", layer.weight_bits},
                      {"activation_bits", layer.activation_bits},
                      {"bits_per_weight", layer.bits_per_weight},
                      {"weights", layer.weights},
                      {"range", {layer.range_lo, layer.range_hi}},
                      {"sqnr_db", layer.sqnr_db},
                      {"clipped", layer.clipped},
                      {"entropy_bits", layer.entropy}});
  }
  PrintJson(shell.console, {{"model", options.model},
                            {"output", options.output},
                            {"file_bytes", result.file_bytes},
                            {"weights", result.weights},
                            {"code_bytes", result.code_bytes},
                            {"seconds", result.seconds},
                            {"recipe", result.report.recipe},
                            {"layers", layers}});
}

Status Quantize(Shell& shell, const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  POTLUT_ASSIGN_OR_RETURN(const quant::Recipe recipe,
                          ResolveRecipe(options.recipe, shell.common.seed));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::ImportFile(options.model));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph network, graph::Simplify(imported));
  const graph::Shape shape = network.input_shape();
  POTLUT_RETURN_IF_ERROR(CheckChannels({recipe.mean, recipe.stddev}, shape.c));
  const data::Geometry geometry{shape.h, shape.w, shape.c, options.resize};
  const auto split = options.split == "test" ? data::Split::kTest : data::Split::kTrain;
  POTLUT_ASSIGN_OR_RETURN(const auto source, data::Open(options.calibration, split, geometry));

  Result result;
  Program program;
  {
    ProgressBar progress(shell.console.error_is_terminal());
    const quant::ImageSource images = [&](int64_t i) -> Expected<std::vector<uint8_t>> {
      POTLUT_ASSIGN_OR_RETURN(data::Sample sample, source->Get(i));
      return std::move(sample.image.pixels);
    };
    POTLUT_ASSIGN_OR_RETURN(program, quant::Quantize(network, recipe, images, source->size(),
                                                     shell.Threads(), &progress, &result.report));
  }
  POTLUT_RETURN_IF_ERROR(
      FillOrigin({options.model, options.classes, source.get(), options.resize}, program));
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, Pack(program, {}, &result.layers));
  POTLUT_RETURN_IF_ERROR(WriteFileAtomic(options.output, bytes));

  for (const LayerBytes& layer : result.layers) {
    result.weights += layer.weights;
    result.code_bytes += layer.stage2_bytes;
  }
  result.file_bytes = static_cast<int64_t>(bytes.size());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (shell.common.json) {
    PrintAsJson(shell, options, result);
  } else if (options.report) {
    PrintReport(shell, result);
  }
  const double weights = static_cast<double>(std::max<int64_t>(result.weights, 1));
  shell.console.Note(
      fmt::format("{}: {} bytes, {} weights at {:.2f} bits ({:.2f} with all of the file), {:.1f} s",
                  options.output, FormatCount(result.file_bytes), FormatCount(result.weights),
                  8 * static_cast<double>(result.code_bytes) / weights,
                  8 * static_cast<double>(result.file_bytes) / weights, result.seconds));
  return {};
}

}  // namespace

void AddQuantize(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("quantize", "quantise an ONNX model to a .plut file");
  command.add_option("model", options->model, "float network (.onnx)")
      ->required()
      ->type_name("MODEL");
  command.add_option("--calibration", options->calibration, "images to calibrate on")
      ->required()
      ->type_name("DATA");
  command.add_option("-o,--output", options->output, ".plut file to write")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--split", options->split, "of data sets with both parts: train (default) or test")
      ->check(CLI::IsMember({"train", "test"}).description(""))
      ->type_name("NAME");
  command
      .add_option("--resize", options->resize,
                  "shorter side before cropping the middle; 0: straight to the size")
      ->check(Within(0, 65536))
      ->type_name("N");
  command.add_option("--classes", options->classes, "class names, one a line")->type_name("FILE");
  command.add_flag("--report", options->report,
                   "print a table per layer: bits, range, signal to noise, entropy");
  AddRecipe(command, options->recipe);
  command.footer(kDataHelp);
  AddJson(command, shell);
  AddSeed(command, shell, "chooses the calibration images where there are more (1)");
  AddThreads(command, shell, "threads (0: all CPUs)");
  command.callback([&shell, options] {
    shell.action = [&shell, options] { return Quantize(shell, *options); };
  });
}

}  // namespace potlut::cli
