// potlut-bench-peers: the same quantised networks in potlut, ONNX Runtime, oneDNN and XNNPACK.
#include <sched.h>

#include <filesystem>
#include <memory>

#include "base/text.h"
#include "cli/app.h"
#include "peers/report.h"

namespace potlut::peers {
namespace {

struct Options {
  Source source;
  std::string isa = "auto", data;
  std::vector<std::string> engines, networks;
  double seconds = 3;
  int64_t images = 10000;
  ReportOptions report;
  bool no_two_threads = false, no_avx2 = false, no_memory = false;
};

// The process on as many CPUs as it may have threads, the last ones first: others tend to be on
// the first.
void Pin(int threads) {
  cpu_set_t allowed, chosen;
  CPU_ZERO(&chosen);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  int left = threads;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && left > 0; --cpu) {
    if (CPU_ISSET(cpu, &allowed) == 0) continue;
    CPU_SET(cpu, &chosen);
    --left;
  }
  (void)sched_setaffinity(0, sizeof(chosen), &chosen);
}

Status Prepare(Options& options) {
  POTLUT_ASSIGN_OR_RETURN(options.source.isa, ParseIsa(options.isa));
  Pin(options.source.threads);
  return {};
}

void AddCommon(CLI::App& command, Options& options) {
  command.add_option("--plut", options.source.plut_path)->required();
  command.add_option("--onnx", options.source.onnx_path, "the same, exported")->required();
  command.add_option("--runtime", options.source.runtime_path, "libonnxruntime.so");
  command.add_option("--data", options.data)->required();
  command.add_option("--isa", options.isa);
  command.add_option("--threads", options.source.threads);
  command.add_option("--engines", options.engines)->required();
}

template <typename Measure>
void SetJsonAction(CLI::App& command, cli::Shell& shell, std::shared_ptr<Options> options,
                   Measure measure) {
  command.callback([&shell, options, measure] {
    shell.action = [&shell, options, measure]() -> Status {
      POTLUT_RETURN_IF_ERROR(Prepare(*options));
      POTLUT_ASSIGN_OR_RETURN(const Json json, measure(*options));
      cli::PrintJson(shell.console, json);
      return {};
    };
  });
}

Status RunReport(cli::Shell& shell, Options& options) {
  for (const std::string& network : options.networks) {
    const size_t first = network.find('='), second = network.find(',', first);
    if (first == std::string::npos || second == std::string::npos)
      return UsageError("a network is NAME=FILE.plut,FILE.onnx, not '", network, "'");
    options.report.networks.push_back({network.substr(0, first),
                                       network.substr(first + 1, second - first - 1),
                                       network.substr(second + 1)});
  }
  options.report.runtime_path = options.source.runtime_path;
  options.report.data = options.data;
  options.report.seconds = options.seconds;
  options.report.two_threads = !options.no_two_threads;
  options.report.avx2 = !options.no_avx2;
  options.report.memory = !options.no_memory;
  std::error_code failed;
  options.report.program = std::filesystem::read_symlink("/proc/self/exe", failed).string();
  if (failed) return Failed("where this program lies is not known");
  return Report(shell, options.report);
}

void Declare(CLI::App& app, cli::Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& report = *app.add_subcommand("report", "measure everything and print tables");
  report.add_option("networks", options->networks, "NAME=FILE.plut,FILE.onnx")->required();
  report.add_option("--runtime", options->source.runtime_path, "libonnxruntime.so");
  report.add_option("--data", options->data, "images")->required();
  report.add_option("--seconds", options->seconds, "for an engine and network (3)");
  report.add_flag("--no-two-threads", options->no_two_threads);
  report.add_flag("--no-avx2", options->no_avx2);
  report.add_flag("--no-memory", options->no_memory);
  cli::AddJson(report, shell);
  report.callback([&shell, options] {
    shell.action = [&shell, options] { return RunReport(shell, *options); };
  });
  CLI::App& time = *app.add_subcommand("time", "engines in turn on one network");
  AddCommon(time, *options);
  time.add_option("--seconds", options->seconds);
  SetJsonAction(time, shell, options, [](const Options& o) {
    return TimeEngines(o.engines, o.source, o.data, o.seconds);
  });
  CLI::App& memory = *app.add_subcommand("memory", "what one engine takes");
  AddCommon(memory, *options);
  SetJsonAction(memory, shell, options,
                [](const Options& o) { return MeasureMemory(o.engines[0], o.source, o.data); });
  CLI::App& agree = *app.add_subcommand("agree", "first classes of one engine beside potlut's");
  AddCommon(agree, *options);
  agree.add_option("--images", options->images);
  SetJsonAction(agree, shell, options, [](const Options& o) {
    return CountAgreement(o.engines[0], o.source, o.data, o.images);
  });
}

}  // namespace
}  // namespace potlut::peers

int main(int argc, char** argv) {
  return potlut::cli::RunApplication(
      {"potlut-bench-peers",
       "Measures the same quantised networks in potlut, ONNX Runtime, oneDNN and XNNPACK.",
       potlut::peers::Declare},
      argc, argv);
}
