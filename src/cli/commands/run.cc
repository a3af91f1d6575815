// potlut run: images in, classes or an array of outputs out.
#include <memory>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/progress_bar.h"
#include "cli/run_all.h"
#include "cli/table.h"
#include "data/npy.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string model, output;
  DataOptions data;
  ModelOptions run;
  int top = 5;
  bool raw = false;
};

struct One {
  std::string name;
  std::vector<OutputValues> outputs;
};

// The first output of all images as one array [N, ...]: real values, or the stored integers.
Status WriteOutput(const Options& options, const std::vector<One>& results) {
  const OutputValues& first = results[0].outputs[0];
  data::NpyArray array;
  array.dtype = options.raw ? "i4" : "f4";
  array.shape = first.shape;
  array.shape.insert(array.shape.begin(), static_cast<int64_t>(results.size()));
  const auto append = [&](const auto& value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    array.bytes.insert(array.bytes.end(), bytes, bytes + sizeof(value));
  };
  for (const One& one : results) {
    const OutputValues& output = one.outputs[0];
    if (options.raw) {
      for (const int32_t v : output.stored) append(v);
    } else {
      for (const double v : output.real) append(static_cast<float>(v));
    }
  }
  return data::WriteNpy(options.output, array);
}

struct Line {
  int32_t index;
  double value, probability;  // probability < 0: there is none
};
std::vector<Line> Top(const Classifier& classifier, const One& one, int count) {
  const OutputValues& output = one.outputs[0];
  const auto probabilities = Probabilities(classifier.output_kind(), output);
  std::vector<Line> lines;
  for (const int32_t index : TopK(classifier.output_kind(), output, static_cast<size_t>(count))) {
    const auto at = static_cast<size_t>(index);
    if (classifier.output_kind() == OutputKind::kIndex) {
      lines.push_back({index, static_cast<double>(index), -1});
    } else {
      lines.push_back({index, output.real[at], probabilities[at]});
    }
  }
  return lines;
}

void PrintText(Shell& shell, const Classifier& classifier, const Options& options,
               const std::vector<One>& results) {
  using Kind = Table::Kind;
  Table table(
      {{"image", Kind::kText}, {"rank"}, {"class", Kind::kText}, {"value"}, {"probability"}});
  for (const One& one : results) {
    int rank = 0;
    for (const Line& line : Top(classifier, one, options.top)) {
      table.Row({rank == 0 ? one.name : "", fmt::format("{}", rank + 1),
                 ClassName(classifier.classes(), line.index), fmt::format("{:.4g}", line.value),
                 line.probability < 0 ? "" : fmt::format("{:.4f}", line.probability)});
      ++rank;
    }
  }
  shell.console.Out(table.Render(shell.console.width(), shell.console.colour()));
}

void PrintAsJson(Shell& shell, const Classifier& classifier, const Options& options,
                 const std::vector<One>& results) {
  Json images = Json::array();
  for (const One& one : results) {
    Json top = Json::array();
    for (const Line& line : Top(classifier, one, options.top)) {
      Json entry = {{"index", line.index},
                    {"class", ClassName(classifier.classes(), line.index)},
                    {"value", line.value}};
      if (line.probability >= 0) entry["probability"] = line.probability;
      top.push_back(std::move(entry));
    }
    images.push_back({{"name", one.name}, {"top", std::move(top)}});
  }
  PrintJson(shell.console, {{"model", options.model},
                            {"executor", classifier.executor()},
                            {"images", std::move(images)}});
}

Status RunCommand(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const ClassifierOptions resolved,
                          ResolveModelOptions(options.run, shell, 1));
  POTLUT_ASSIGN_OR_RETURN(const auto classifier, LoadClassifier(options.model, resolved));
  POTLUT_ASSIGN_OR_RETURN(const auto source, OpenData(options.data, classifier->geometry()));
  const auto indices = SpreadIndices(source->size(), options.data.images);
  std::vector<One> results(indices.size());
  ProgressBar progress(shell.console.error_is_terminal());
  POTLUT_RETURN_IF_ERROR(
      RunAll(*classifier, *source, indices, progress, "run",
             [&](size_t i, const data::Sample& sample, const std::vector<OutputValues>& outputs) {
               results[i] = {sample.name, outputs};
             }));
  if (options.raw && results[0].outputs[0].stored.empty()) {
    return UsageError("--raw: ", options.model, " is a float network; it has no stored integers");
  }
  if (!options.output.empty()) {
    POTLUT_RETURN_IF_ERROR(WriteOutput(options, results));
    shell.console.Note(Cat(options.output, ": outputs of ", results.size(), " image(s)"));
  }
  if (shell.common.json) {
    PrintAsJson(shell, *classifier, options, results);
  } else if (options.output.empty()) {
    PrintText(shell, *classifier, options, results);
  }
  return {};
}

}  // namespace

void AddRun(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("run", "classify images, or write a network's outputs");
  command.add_option("model", options->model, ".plut or .onnx")->required()->type_name("MODEL");
  command.add_option("input", options->data.data, "an image, .npy, or any other DATA")
      ->required()
      ->type_name("INPUT");
  command.add_option("-o,--output", options->output, "write the outputs as .npy, [N, ...]")
      ->type_name("FILE");
  command.add_flag("--raw", options->raw,
                   "with -o: the stored integers (int32), not real values (float32)");
  command.add_option("--top", options->top, "classes to print (5)")
      ->check(Within(1, 1000))
      ->type_name("K");
  command
      .add_option("--split", options->data.split,
                  "of data sets with both parts: test (default) or train")
      ->check(CLI::IsMember({"train", "test"}).description(""))
      ->type_name("NAME");
  command.add_option("--images", options->data.images, "use this many, evenly spread (0: all)")
      ->check(Within(int64_t{0}, int64_t{1} << 40))
      ->type_name("N");
  AddModelOptions(command, options->run);
  command.footer(kDataHelp);
  AddJson(command, shell);
  AddThreads(command, shell, "images at a time (0: all CPUs)");
  AddIsa(command, shell);
  command.callback([&shell, options] {
    shell.action = [&shell, options] { return RunCommand(shell, *options); };
  });
}

}  // namespace potlut::cli
