// potlut bench: how long one image takes, in all and layer by layer.
#include <algorithm>
#include <chrono>
#include <memory>
#include <random>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/progress_bar.h"
#include "cli/table.h"
#include "cli/units.h"
#include "engine/peak.h"
#include "engine/thread_pool.h"
#include "pack/plut.h"
#include "program/reference.h"

namespace potlut::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string model;
  ModelOptions run;
  int runs = 0;  // 0: as many as fit `seconds`
  double seconds = 2;
  bool layers = false, measure = false;
};

// Microseconds.
struct Latency {
  int64_t runs = 0;
  double min = 0, median = 0, p90 = 0, mean = 0;
};
Latency Summarise(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  Latency latency;
  latency.runs = static_cast<int64_t>(times.size());
  latency.min = times.front();
  latency.median = times[times.size() / 2];
  latency.p90 = times[times.size() * 9 / 10];
  for (const double t : times) latency.mean += t / static_cast<double>(times.size());
  return latency;
}

// Time by node over all measured runs.
struct LayerTimes {
  std::vector<std::vector<double>> by_node;
  void Add(const std::vector<int64_t>& nanoseconds) {
    by_node.resize(nanoseconds.size());
    for (size_t i = 0; i < nanoseconds.size(); ++i)
      by_node[i].push_back(static_cast<double>(nanoseconds[i]) / 1e3);
  }
};

// Calls `once` (warm-up first) until the time or the number of runs is reached.
template <typename Once>
Expected<Latency> Measure(const Options& options, Progress& progress, const Once& once) {
  const auto run = [&]() -> Expected<double> {
    const auto begin = Clock::now();
    POTLUT_RETURN_IF_ERROR(once());
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
  };
  POTLUT_ASSIGN_OR_RETURN(const double first, run());
  // Warm caches and clocks: a tenth of the time, at least twice.
  double warm = first;
  for (int i = 0; i < 2 || warm < options.seconds * 1e5; ++i) {
    POTLUT_ASSIGN_OR_RETURN(const double time, run());
    warm += time;
    if (progress.cancelled()) return Error{ErrorCode::kInterrupted, "interrupted"};
  }
  std::vector<double> times;
  double total = 0;
  if (options.runs > 0) progress.Begin("bench", options.runs);
  while (options.runs > 0 ? times.size() < static_cast<size_t>(options.runs)
                          : (total < options.seconds * 1e6 || times.size() < 5)) {
    POTLUT_ASSIGN_OR_RETURN(const double time, run());
    times.push_back(time);
    total += time;
    if (progress.cancelled()) return Error{ErrorCode::kInterrupted, "interrupted"};
    if (options.runs > 0) progress.Update(static_cast<int64_t>(times.size()), "");
  }
  progress.End();
  return Summarise(std::move(times));
}

data::Image Noise(const data::Geometry& geometry, uint64_t seed) {
  data::Image image{geometry.h, geometry.w, geometry.c, {}};
  image.pixels.resize(static_cast<size_t>(geometry.h) * static_cast<size_t>(geometry.w) *
                      static_cast<size_t>(geometry.c));
  std::mt19937_64 random(seed);
  for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(random());
  return image;
}

struct LayerLine {
  std::string name, op, kernel;
  int64_t macs = 0;
  double median = 0, share = 0;
};
// The kernel of a node, or where it runs.
std::string How(const Model& model, size_t node) {
  if (const Kernel* kernel = model.kernel(node)) return std::string(kernel->name());
  const int32_t host = model.host(node);
  if (host < 0) return "moves nothing";
  return Cat("in ", model.program().nodes[static_cast<size_t>(host)].name);
}
std::vector<LayerLine> Lines(const Model& model, const LayerTimes& times) {
  std::vector<LayerLine> lines;
  double total = 0;
  for (size_t i = 0; i < times.by_node.size(); ++i) {
    const Node& node = model.program().nodes[i];
    const double median = Summarise(times.by_node[i]).median;
    total += median;
    lines.push_back({node.name, std::string(OpName(node.op)), How(model, i),
                     CostOf(model.program(), node).macs, median, 0});
  }
  for (LayerLine& line : lines) line.share = total > 0 ? line.median / total : 0;
  return lines;
}

struct Result {
  std::string executor;
  double peak = 0;  // multiply-accumulates a microsecond that the threads could do at most
  Latency latency;
  std::vector<LayerLine> layers;
};

void PrintText(Shell& shell, const Result& result) {
  using Kind = Table::Kind;
  const Latency& l = result.latency;
  Table summary({{"executor", Kind::kText}, {"runs"}, {"min"}, {"median"}, {"p90"}, {"images/s"}});
  summary.Row({result.executor, FormatCount(l.runs), FormatMicroseconds(l.min),
               FormatMicroseconds(l.median), FormatMicroseconds(l.p90),
               fmt::format("{:.1f}", 1e6 / l.median)});
  shell.console.Out(summary.Render(shell.console.width(), shell.console.colour()));
  if (result.layers.empty()) return;
  Table table({{"layer", Kind::kText},
               {"op", Kind::kText},
               {"kernel", Kind::kText},
               {"MACs"},
               {"median"},
               {"share"},
               {"GMAC/s"},
               {"of peak"}});
  for (const LayerLine& line : result.layers) {
    const double pace =
        line.macs > 0 && line.median > 0 ? static_cast<double>(line.macs) / line.median : 0;
    table.Row(
        {line.name, line.op, line.kernel, FormatShort(line.macs), FormatMicroseconds(line.median),
         fmt::format("{:.1f} %", 100 * line.share),
         pace > 0 ? fmt::format("{:.1f}", pace / 1e3) : "",
         pace > 0 && result.peak > 0 ? fmt::format("{:.0f} %", 100 * pace / result.peak) : ""});
  }
  shell.console.Out("\n" + table.Render(shell.console.width(), shell.console.colour()));
  shell.console.Out(fmt::format(
      "\npeak: {:.0f} GMAC/s, multiply-accumulates from registers, measured in this run\n",
      result.peak / 1e3));
}

void PrintAsJson(Shell& shell, const Options& options, const Result& result) {
  const Latency& l = result.latency;
  Json json = {
      {"model", options.model},
      {"executor", result.executor},
      {"runs", l.runs},
      {"microseconds", {{"min", l.min}, {"median", l.median}, {"p90", l.p90}, {"mean", l.mean}}}};
  if (!result.layers.empty()) {
    Json layers = Json::array();
    for (const LayerLine& line : result.layers) {
      layers.push_back({{"name", line.name},
                        {"op", line.op},
                        {"kernel", line.kernel},
                        {"macs", line.macs},
                        {"giga_macs_per_second",
                         line.median > 0 ? static_cast<double>(line.macs) / line.median / 1e3 : 0},
                        {"median_microseconds", line.median},
                        {"share", line.share}});
    }
    json["layers"] = std::move(layers);
    json["peak_giga_macs_per_second"] = result.peak / 1e3;
  }
  PrintJson(shell.console, json);
}

// The engine's own session, so that nothing but it is timed.
Status BenchEngine(Shell& shell, const Options& options, Progress& progress, Result& result) {
  POTLUT_ASSIGN_OR_RETURN(const Isa isa, shell.ChosenIsa());
  POTLUT_ASSIGN_OR_RETURN(Program program, LoadProgram(options.model));
  POTLUT_ASSIGN_OR_RETURN(
      const auto model,
      Model::Create(std::move(program),
                    ::potlut::ModelOptions{.isa = isa, .measure = options.measure}));
  const int threads = std::clamp(shell.common.threads, 1, int{ThreadPool::kMaxThreads});
  std::shared_ptr<ThreadPool> pool;
  if (threads > 1) {
    POTLUT_ASSIGN_OR_RETURN(pool, ThreadPool::Create(threads));
  }
  POTLUT_ASSIGN_OR_RETURN(const auto session, Session::Create(model, {}, pool));
  const Dims dims = model->program().tensors[static_cast<size_t>(model->program().input)].dims;
  const data::Image image = Noise({dims.h, dims.w, dims.c, 0}, shell.common.seed.value_or(1));
  result.executor = Cat("engine (", IsaName(model->isa()), ")");
  if (threads > 1) result.executor = Cat(result.executor, ", ", threads, " threads");
  POTLUT_ASSIGN_OR_RETURN(result.latency,
                          Measure(options, progress, [&] { return session->Run(image.pixels); }));
  if (!options.layers) return {};
  result.peak = MeasurePeak(model->isa()) / 1e6 * threads;
  LayerTimes times;
  std::vector<int64_t> nanoseconds;
  const auto timed = [&]() -> Status {
    POTLUT_RETURN_IF_ERROR(session->RunTimed(image.pixels, nanoseconds));
    times.Add(nanoseconds);
    return {};
  };
  POTLUT_ASSIGN_OR_RETURN([[maybe_unused]] const Latency latency,
                          Measure(options, progress, timed));
  result.layers = Lines(*model, times);
  return {};
}

Status Bench(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const bool is_plut, IsPlut(options.model));
  Result result;
  ProgressBar progress(shell.console.error_is_terminal());
  if (is_plut && !options.run.reference) {
    POTLUT_RETURN_IF_ERROR(BenchEngine(shell, options, progress, result));
  } else {
    if (options.layers)
      return UsageError(
          "--layers: only the engine tells the time of each layer; give a .plut model");
    POTLUT_ASSIGN_OR_RETURN(ClassifierOptions resolved, ResolveModelOptions(options.run, shell, 1));
    if (!resolved.normalisation && !is_plut)
      resolved.normalisation = Normalisation{{127.5}, {127.5}};
    resolved.threads = 1;
    resolved.team = std::max(1, shell.common.threads);
    POTLUT_ASSIGN_OR_RETURN(const auto classifier, LoadClassifier(options.model, resolved));
    const std::vector<data::Image> images = {
        Noise(classifier->geometry(), shell.common.seed.value_or(1))};
    std::vector<std::vector<OutputValues>> outputs;
    result.executor = classifier->executor();
    POTLUT_ASSIGN_OR_RETURN(result.latency, Measure(options, progress, [&] {
                              return classifier->Run(0, images, outputs);
                            }));
  }
  if (shell.common.json) {
    PrintAsJson(shell, options, result);
  } else {
    PrintText(shell, result);
  }
  return {};
}

}  // namespace

void AddBench(CLI::App& app, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *app.add_subcommand("bench", "measure the latency of one image");
  command.add_option("model", options->model, ".plut or .onnx")->required()->type_name("MODEL");
  command.add_flag("--layers", options->layers, "print the time of each layer (.plut)");
  command.add_option("--seconds", options->seconds, "measure for this long (2)")
      ->check(Within(0.01, 3600.0))
      ->type_name("S");
  command.add_option("--runs", options->runs, "measure this many runs instead")
      ->check(Within(1, 1000000))
      ->type_name("N");
  command.add_flag("--measure", options->measure,
                   "choose kernels by measuring them when the model is loaded");
  command.add_flag("--reference", options->run.reference,
                   "run a .plut model by the reference executor");
  AddJson(command, shell);
  AddSeed(command, shell, "of the noise image that is run (1)");
  AddThreads(command, shell, "threads that one image is run on (1)");
  AddIsa(command, shell);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Bench(shell, *options); }; });
}

}  // namespace potlut::cli
