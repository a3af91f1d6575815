// potlut diff: where two models part, in their answers and layer by layer.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/progress_bar.h"
#include "cli/run_all.h"
#include "cli/table.h"
#include "cli/tensors.h"
#include "cli/units.h"

namespace potlut::cli {
namespace {

struct Options {
  std::string a, b;
  DataOptions data;
  ModelOptions run;
  int64_t layer_images = 16;
};

// One pair of tensors over all images.
struct Pair {
  std::string name, dims;
  int64_t values = 0;
  int64_t unequal = 0;      // integers that differ
  bool comparable = false;  // both are integers of one scale
  double signal = 0, noise = 0, absolute = 0, largest = 0;

  double SqnrDb() const {
    if (noise == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(std::max(signal, std::numeric_limits<double>::min()) / noise);
  }
  double MeanAbsolute() const { return values > 0 ? absolute / static_cast<double>(values) : 0; }
  bool Equal() const { return comparable ? unequal == 0 : noise == 0; }
};

void Accumulate(const NamedTensor& a, const NamedTensor& b, Pair& pair) {
  pair.values += static_cast<int64_t>(a.real.size());
  pair.comparable = !a.stored.empty() && !b.stored.empty() && a.scale == b.scale;
  // The float network is what is meant, whichever side it stands on; else the second model.
  const auto& meant = a.stored.empty() && !b.stored.empty() ? a.real : b.real;
  for (size_t i = 0; i < a.real.size(); ++i) {
    const double difference = double{a.real[i]} - double{b.real[i]};
    pair.signal += double{meant[i]} * double{meant[i]};
    pair.noise += difference * difference;
    pair.absolute += std::abs(difference);
    pair.largest = std::max(pair.largest, std::abs(difference));
    if (pair.comparable) pair.unequal += a.stored[i] != b.stored[i];
  }
}

struct Agreement {
  int64_t images = 0, same = 0, labelled = 0, right_a = 0, right_b = 0;
};

struct Result {
  Agreement agreement;
  std::vector<Pair> pairs;  // in the order of a
  int64_t layer_images = 0;
};

// The answers of both models on all images.
Status CompareAnswers(Shell& shell, const Options& options, const ClassifierOptions& for_a,
                      const ClassifierOptions& for_b, Agreement& agreement) {
  std::vector<int32_t> labels, answers[2];
  for (const bool second : {false, true}) {
    POTLUT_ASSIGN_OR_RETURN(const auto classifier,
                            LoadClassifier(second ? options.b : options.a, second ? for_b : for_a));
    POTLUT_ASSIGN_OR_RETURN(const auto source, OpenData(options.data, classifier->geometry()));
    const auto indices = SpreadIndices(source->size(), options.data.images);
    labels.resize(indices.size());
    answers[second].resize(indices.size());
    ProgressBar progress(shell.console.error_is_terminal());
    POTLUT_RETURN_IF_ERROR(
        RunAll(*classifier, *source, indices, progress, second ? "second model" : "first model",
               [&](size_t i, const data::Sample& sample, const std::vector<OutputValues>& outputs) {
                 labels[i] = sample.label;
                 answers[second][i] = TopK(classifier->output_kind(), outputs[0], 1)[0];
               }));
  }
  agreement.images = static_cast<int64_t>(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    agreement.same += answers[0][i] == answers[1][i];
    if (labels[i] < 0) continue;
    ++agreement.labelled;
    agreement.right_a += answers[0][i] == labels[i];
    agreement.right_b += answers[1][i] == labels[i];
  }
  return {};
}

// All tensors that both have by name and size, on a few images.
Status CompareTensors(Shell& shell, const Options& options, const ClassifierOptions& for_a,
                      const ClassifierOptions& for_b, Result& result) {
  if (options.layer_images == 0) return {};
  POTLUT_ASSIGN_OR_RETURN(const auto a, LoadTensors(options.a, for_a));
  POTLUT_ASSIGN_OR_RETURN(const auto b, LoadTensors(options.b, for_b));
  const data::Geometry &of_a = a->geometry(), &of_b = b->geometry();
  if (of_a.h != of_b.h || of_a.w != of_b.w || of_a.c != of_b.c || of_a.resize != of_b.resize) {
    return UsageError(
        "the models read images of different sizes, so their tensors cannot be compared; "
        "--layer-images ",
        "0 compares their answers alone");
  }
  POTLUT_ASSIGN_OR_RETURN(const auto source, OpenData(options.data, a->geometry()));
  const auto indices = SpreadIndices(source->size(), options.layer_images);
  std::map<std::string, size_t> position;
  ProgressBar progress(shell.console.error_is_terminal());
  progress.Begin("layers", static_cast<int64_t>(indices.size()));
  for (const int64_t index : indices) {
    if (progress.cancelled()) return {ErrorCode::kInterrupted, "interrupted"};
    POTLUT_ASSIGN_OR_RETURN(const data::Sample sample, source->Get(index));
    POTLUT_ASSIGN_OR_RETURN(const auto tensors_a, a->Run(sample.image));
    POTLUT_ASSIGN_OR_RETURN(const auto tensors_b, b->Run(sample.image));
    std::map<std::string, const NamedTensor*> by_name;
    for (const NamedTensor& tensor : tensors_b) by_name.emplace(tensor.name, &tensor);
    for (const NamedTensor& tensor : tensors_a) {
      const auto other = by_name.find(tensor.name);
      if (other == by_name.end() || other->second->real.size() != tensor.real.size()) continue;
      const auto [place, is_new] = position.emplace(tensor.name, result.pairs.size());
      if (is_new) result.pairs.push_back({.name = tensor.name, .dims = tensor.dims});
      Accumulate(tensor, *other->second, result.pairs[place->second]);
    }
    progress.Update(++result.layer_images, sample.name);
  }
  return {};
}

const Pair* FirstDifference(const Result& result) {
  for (const Pair& pair : result.pairs) {
    if (!pair.Equal()) return &pair;
  }
  return nullptr;
}

const Pair* Worst(const Result& result) {
  const auto worst =
      std::min_element(result.pairs.begin(), result.pairs.end(),
                       [](const Pair& a, const Pair& b) { return a.SqnrDb() < b.SqnrDb(); });
  return worst == result.pairs.end() ? nullptr : &*worst;
}

void PrintText(Shell& shell, const Options& options, const Result& result) {
  using Kind = Table::Kind;
  const Agreement& g = result.agreement;
  const auto share = [](int64_t part, int64_t whole) {
    return whole > 0 ? FormatPercent(static_cast<double>(part) / static_cast<double>(whole))
                     : std::string("-");
  };
  Table answers({{"", Kind::kText}, {"images"}, {"share"}});
  answers.Row({"same top-1", Cat(g.same, " of ", g.images), share(g.same, g.images)});
  if (g.labelled > 0) {
    answers.Row({Cat("right: ", options.a), Cat(g.right_a, " of ", g.labelled),
                 share(g.right_a, g.labelled)});
    answers.Row({Cat("right: ", options.b), Cat(g.right_b, " of ", g.labelled),
                 share(g.right_b, g.labelled)});
  }
  shell.console.Out(answers.Render(shell.console.width(), shell.console.colour()));
  if (result.layer_images == 0) return;
  Table table({{"tensor", Kind::kText},
               {"size"},
               {"SQNR dB"},
               {"mean |diff|"},
               {"max |diff|"},
               {"integers unequal"}});
  for (const Pair& pair : result.pairs) {
    table.Row({pair.name, pair.dims,
               pair.noise == 0 ? "equal" : fmt::format("{:.1f}", pair.SqnrDb()),
               fmt::format("{:.3g}", pair.MeanAbsolute()), fmt::format("{:.3g}", pair.largest),
               pair.comparable ? share(pair.unequal, pair.values) : "-"});
  }
  shell.console.Out(Cat("\ntensors of the same name, over ", result.layer_images, " images:\n"));
  shell.console.Out(table.Render(shell.console.width(), shell.console.colour()));
  if (result.pairs.empty()) {
    shell.console.Out("no tensor of one has the name and size of one of the other\n");
  } else if (const Pair* first = FirstDifference(result); first == nullptr) {
    shell.console.Out("no tensor differs\n");
  } else {
    const Pair* worst = Worst(result);
    shell.console.Out(Printable(Cat("first to differ: ", first->name, "; furthest apart: ",
                                    worst->name, fmt::format(" ({:.1f} dB)\n", worst->SqnrDb()))));
  }
}

void PrintAsJson(Shell& shell, const Options& options, const Result& result) {
  Json tensors = Json::array();
  for (const Pair& pair : result.pairs) {
    Json json = {{"name", pair.name},
                 {"size", pair.dims},
                 {"sqnr_db", pair.noise == 0 ? Json(nullptr) : Json(pair.SqnrDb())},  // null: equal
                 {"mean_absolute_difference", pair.MeanAbsolute()},
                 {"max_absolute_difference", pair.largest}};
    if (pair.comparable) json["unequal"] = pair.unequal;
    tensors.push_back(std::move(json));
  }
  const Agreement& g = result.agreement;
  const Pair* first = FirstDifference(result);
  PrintJson(shell.console,
            {{"a", options.a},
             {"b", options.b},
             {"images", g.images},
             {"same_top1", g.same},
             {"labelled", g.labelled},
             {"right_a", g.right_a},
             {"right_b", g.right_b},
             {"layer_images", result.layer_images},
             {"first_difference", first == nullptr ? Json(nullptr) : Json(first->name)},
             {"tensors", std::move(tensors)}});
}

// A .plut carries its normalisation; an .onnx takes it from the options or from the .plut beside
// it.
Status ShareOptions(const Options& options, ClassifierOptions& for_a, ClassifierOptions& for_b) {
  POTLUT_ASSIGN_OR_RETURN(const bool a_is_plut, IsPlut(options.a));
  POTLUT_ASSIGN_OR_RETURN(const bool b_is_plut, IsPlut(options.b));
  if (a_is_plut != b_is_plut) {
    const std::string& plut = a_is_plut ? options.a : options.b;
    ClassifierOptions& of_plut = a_is_plut ? for_a : for_b;
    ClassifierOptions& of_onnx = a_is_plut ? for_b : for_a;
    of_plut.normalisation.reset();
    of_onnx.reference = false;
    if (!of_onnx.normalisation) {
      POTLUT_ASSIGN_OR_RETURN(of_onnx.normalisation, NormalisationOf(plut));
    }
    if (!of_onnx.resize) {
      POTLUT_ASSIGN_OR_RETURN(const auto tensors, LoadTensors(plut, of_plut));
      of_onnx.resize = tensors->geometry().resize;
    }
  }
  return {};
}

Status Diff(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(ClassifierOptions for_a, ResolveModelOptions(options.run, shell, 16));
  ClassifierOptions for_b = for_a;
  POTLUT_RETURN_IF_ERROR(ShareOptions(options, for_a, for_b));
  Result result;
  POTLUT_RETURN_IF_ERROR(CompareAnswers(shell, options, for_a, for_b, result.agreement));
  POTLUT_RETURN_IF_ERROR(CompareTensors(shell, options, for_a, for_b, result));
  if (shell.common.json) {
    PrintAsJson(shell, options, result);
  } else {
    PrintText(shell, options, result);
  }
  return {};
}

}  // namespace

void AddDiff(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command =
      *app.add_subcommand("diff", "compare two models, or a model and its ONNX, on data");
  command.add_option("a", options->a, ".plut or .onnx")->required()->type_name("A");
  command.add_option("b", options->b, ".plut or .onnx")->required()->type_name("B");
  AddDataOptions(command, options->data);
  command
      .add_option("--layer-images", options->layer_images,
                  "compare tensors on this many images (16; 0: answers only)")
      ->check(Within(int64_t{0}, int64_t{1} << 20))
      ->type_name("N");
  AddModelOptions(command, options->run);
  command.footer(kDataHelp);
  AddJson(command, shell);
  AddThreads(command, shell, "images at a time (0: all CPUs)");
  AddIsa(command, shell);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Diff(shell, *options); }; });
}

}  // namespace potlut::cli
