// potlut eval: how often a model is right on labelled images.
#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/progress_bar.h"
#include "cli/run_all.h"
#include "cli/table.h"
#include "cli/units.h"

namespace potlut::cli {
namespace {

constexpr int32_t kFloatBatch = 16;
constexpr size_t kWholeMatrix =
    20;  // classes up to which the matrix is printed; beyond, the commonest mistakes
constexpr size_t kMistakes = 20;

struct Options {
  std::string model;
  DataOptions data;
  ModelOptions run;
  bool confusion = false;
  std::optional<double> min_top1;
};

struct Verdict {
  int32_t label = 0, guess = 0;
  bool in_top5 = false;
};

struct Score {
  int64_t images = 0, top1 = 0, top5 = 0;
  bool has_top5 = true;
  size_t classes = 0;
  double seconds = 0;
  std::vector<int64_t> matrix;  // [label][guess]; only where asked for
  double Top1() const { return static_cast<double>(top1) / static_cast<double>(images); }
  double Top5() const { return static_cast<double>(top5) / static_cast<double>(images); }
};

Score Count(const std::vector<Verdict>& verdicts, bool matrix) {
  Score score;
  for (const Verdict& v : verdicts) {
    ++score.images;
    score.top1 += v.label == v.guess;
    score.top5 += v.in_top5;
    score.classes = std::max(score.classes, static_cast<size_t>(std::max(v.label, v.guess)) + 1);
  }
  if (matrix) {
    score.matrix.resize(score.classes * score.classes);
    for (const Verdict& v : verdicts) {
      ++score.matrix[static_cast<size_t>(v.label) * score.classes + static_cast<size_t>(v.guess)];
    }
  }
  return score;
}

void PrintMatrix(Shell& shell, const Score& score, const std::vector<std::string>& names) {
  using Kind = Table::Kind;
  if (score.classes <= kWholeMatrix) {
    std::vector<Table::Column> columns = {{"true \\ said", Kind::kText}};
    for (size_t c = 0; c < score.classes; ++c)
      columns.push_back({ClassName(names, static_cast<int32_t>(c)).substr(0, 5)});
    Table table(std::move(columns));
    for (size_t row = 0; row < score.classes; ++row) {
      std::vector<std::string> cells = {ClassName(names, static_cast<int32_t>(row))};
      for (size_t c = 0; c < score.classes; ++c)
        cells.push_back(FormatCount(score.matrix[row * score.classes + c]));
      table.Row(std::move(cells));
    }
    shell.console.Out("\n" + table.Render(shell.console.width(), shell.console.colour()));
    return;
  }
  std::vector<size_t> order;
  for (size_t i = 0; i < score.matrix.size(); ++i) {
    if (score.matrix[i] > 0 && i / score.classes != i % score.classes) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return score.matrix[a] > score.matrix[b]; });
  order.resize(std::min(order.size(), kMistakes));
  Table table({{"true", Kind::kText}, {"said", Kind::kText}, {"images"}});
  for (const size_t i : order) {
    table.Row({ClassName(names, static_cast<int32_t>(i / score.classes)),
               ClassName(names, static_cast<int32_t>(i % score.classes)),
               FormatCount(score.matrix[i])});
  }
  shell.console.Out("\nthe commonest mistakes:\n" +
                    table.Render(shell.console.width(), shell.console.colour()));
}

void PrintText(Shell& shell, const Score& score, const Classifier& classifier,
               const std::vector<std::string>& names) {
  Table table({{"executor", Table::Kind::kText}, {"images"}, {"top-1"}, {"top-5"}, {"images/s"}});
  table.Row({classifier.executor(), FormatCount(score.images), FormatPercent(score.Top1()),
             score.has_top5 ? FormatPercent(score.Top5()) : "-",
             fmt::format("{:.1f}", static_cast<double>(score.images) / score.seconds)});
  shell.console.Out(table.Render(shell.console.width(), shell.console.colour()));
  if (!score.matrix.empty()) PrintMatrix(shell, score, names);
}

void PrintAsJson(Shell& shell, const Options& options, const Score& score,
                 const Classifier& classifier, const std::vector<std::string>& names) {
  Json json = {{"model", options.model},
               {"data", options.data.data},
               {"executor", classifier.executor()},
               {"threads", shell.Threads()},
               {"images", score.images},
               {"top1", score.Top1()}};
  if (score.has_top5) json["top5"] = score.Top5();
  json["seconds"] = score.seconds;
  json["images_per_second"] = static_cast<double>(score.images) / score.seconds;
  if (!score.matrix.empty()) {
    Json rows = Json::array(), labels = Json::array();
    for (size_t row = 0; row < score.classes; ++row) {
      labels.push_back(ClassName(names, static_cast<int32_t>(row)));
      const auto begin = score.matrix.begin() + static_cast<ptrdiff_t>(row * score.classes);
      rows.push_back(std::vector<int64_t>(begin, begin + static_cast<ptrdiff_t>(score.classes)));
    }
    json["classes"] = std::move(labels);
    json["confusion"] = std::move(rows);
  }
  PrintJson(shell.console, json);
}

Status Eval(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const ClassifierOptions resolved,
                          ResolveModelOptions(options.run, shell, kFloatBatch));
  POTLUT_ASSIGN_OR_RETURN(const auto classifier, LoadClassifier(options.model, resolved));
  POTLUT_ASSIGN_OR_RETURN(const auto source, OpenData(options.data, classifier->geometry()));
  const auto indices = SpreadIndices(source->size(), options.data.images);
  std::vector<Verdict> verdicts(indices.size());
  ProgressBar progress(shell.console.error_is_terminal());
  const auto begin = std::chrono::steady_clock::now();
  POTLUT_RETURN_IF_ERROR(
      RunAll(*classifier, *source, indices, progress, "eval",
             [&](size_t i, const data::Sample& sample, const std::vector<OutputValues>& outputs) {
               const auto top = TopK(classifier->output_kind(), outputs[0], 5);
               verdicts[i] = {sample.label, top[0],
                              std::find(top.begin(), top.end(), sample.label) != top.end()};
             }));
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const Verdict& v : verdicts) {
    if (v.label < 0) {
      return BadInput("data '", options.data.data,
                      "' has no labels; use one sub-folder a class, a labels.txt, or ",
                      "'labels' in the .npz");
    }
    if (v.guess < 0 || v.guess >= (1 << 20) ||
        (options.confusion && std::max(v.label, v.guess) >= 10000)) {
      return BadInput("class ", std::max(v.label, v.guess), " is too many for a table of classes");
    }
  }
  Score score = Count(verdicts, options.confusion);
  score.seconds = std::max(seconds, std::numeric_limits<double>::min());
  score.has_top5 = classifier->output_kind() != OutputKind::kIndex;
  const auto& names = classifier->classes().empty() ? source->class_names() : classifier->classes();
  if (shell.common.json) {
    PrintAsJson(shell, options, score, *classifier, names);
  } else {
    PrintText(shell, score, *classifier, names);
  }
  if (options.min_top1 && 100 * score.Top1() < *options.min_top1) {
    return {ErrorCode::kGateMissed, fmt::format("top-1 {:.2f} % is below the gate of {:.2f} %",
                                                100 * score.Top1(), *options.min_top1)};
  }
  return {};
}

}  // namespace

void AddEval(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("eval", "measure accuracy on labelled images");
  command.add_option("model", options->model, ".plut or .onnx")->required()->type_name("MODEL");
  AddDataOptions(command, options->data);
  command.add_flag("--confusion", options->confusion, "print the confusion matrix");
  command
      .add_option("--min-top1", options->min_top1,
                  "fail with exit code 5 where top-1 is below this (percent)")
      ->check(Within(0.0, 100.0))
      ->type_name("X");
  AddModelOptions(command, options->run);
  command.footer(kDataHelp);
  AddJson(command, shell);
  AddThreads(command, shell, "images at a time (0: all CPUs)");
  AddIsa(command, shell);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Eval(shell, *options); }; });
}

}  // namespace potlut::cli
