// Starts this program again for each measurement, so that each has its own settings and memory.
#include "peers/report.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "cli/table.h"

namespace potlut::peers {
namespace {

using cli::Table;

// Runs `program arguments...` with more in its environment; what it prints is JSON.
Expected<Json> Child(const std::string& program, const std::vector<std::string>& arguments,
                     const std::vector<std::string>& environment) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return Failed("no pipe");
  const pid_t child = fork();
  if (child < 0) return Failed("no process");
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    std::vector<std::string> words = {"env"};
    words.insert(words.end(), environment.begin(), environment.end());
    words.push_back(program);
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execvp("env", argv.data());
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t n = 0; (n = read(ends[0], piece.data(), piece.size())) > 0;)
    text.append(piece.data(), static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  Json json = Json::parse(text, nullptr, false);
  if (status != 0 || json.is_discarded()) return Failed("a measuring process ended with ", status);
  return json;
}

std::string Time(const Json& line, const char* key) {
  if (!line.contains(key)) return "-";
  const double us = line[key].get<double>();
  return us < 10000 ? fmt::format("{:.0f}", us) : fmt::format("{:.1f}k", us / 1e3);
}

// One table of times: a row a network, a column an engine with its ratio to potlut.
class TimeTable {
 public:
  explicit TimeTable(std::vector<std::string> engines) : engines_(std::move(engines)) {
    std::vector<Table::Column> columns = {{"us, least (median)", Table::Kind::kText}};
    for (const std::string& engine : engines_) {
      columns.push_back({engine, Table::Kind::kNumber});
      if (engine != "potlut") columns.push_back({"ratio", Table::Kind::kNumber});
    }
    table_ = std::make_unique<Table>(columns);
  }
  void Row(const std::string& network, const Json& report) {
    std::vector<std::string> cells = {network};
    for (const std::string& engine : engines_) {
      const Json line = report.value(engine, Json::object());
      if (line.contains("missing")) {
        const std::string why =
            Cat(engine, ", ", network, ": ",
                std::string_view(line["missing"].get_ref<const std::string&>()));
        notes_.push_back(why);
      }
      cells.push_back(line.contains("min_us")
                          ? Cat(Time(line, "min_us"), " (", Time(line, "median_us"), ")")
                          : "-");
      if (engine == "potlut") continue;
      const Json own = report.value("potlut", Json::object());
      const bool both = own.contains("min_us") && line.contains("min_us");
      cells.push_back(
          both ? fmt::format("{:.2f}", line["min_us"].get<double>() / own["min_us"].get<double>())
               : "-");
    }
    table_->Row(cells);
  }
  void Print(cli::Shell& shell, const std::string& title) const {
    shell.console.Out(title + "\n");
    shell.console.Out(table_->Render(shell.console.width(), shell.console.colour()));
    for (const std::string& note : notes_) shell.console.Out("  " + note + "\n");
    shell.console.Out("\n");
  }

 private:
  std::vector<std::string> engines_;
  std::unique_ptr<Table> table_;
  std::vector<std::string> notes_;
};

struct Setting {
  std::string key, title;
  std::vector<std::string> engines;
  std::string isa = "auto";
  int threads = 1;
  std::vector<std::string> environment;
};

std::vector<std::string> Arguments(const char* mode, const ReportOptions& options,
                                   const Network& network, const Setting& setting) {
  return {mode,
          "--plut",
          network.plut_path,
          "--onnx",
          network.onnx_path,
          "--runtime",
          options.runtime_path,
          "--data",
          options.data,
          "--isa",
          setting.isa,
          "--threads",
          Cat(setting.threads)};
}

// The outputs of each engine beside potlut's.
void PrintAgreement(cli::Shell& shell, const std::vector<std::string>& names,
                    const std::vector<std::string>& engines, const Json& times) {
  std::vector<Table::Column> columns = {{"same first class; error", Table::Kind::kText}};
  for (const std::string& engine : engines) columns.push_back({engine, Table::Kind::kNumber});
  Table table(columns);
  for (const std::string& name : names) {
    std::vector<std::string> cells = {name};
    for (const std::string& engine : engines) {
      const Json line = times[name].value(engine, Json::object());
      cells.push_back(line.contains("error")
                          ? fmt::format("{}/{}; {:.1e}", line["same_top1"].get<int>(),
                                        line["images"].get<int>(), line["error"].get<double>())
                          : "-");
    }
    table.Row(cells);
  }
  shell.console.Out(table.Render(shell.console.width(), shell.console.colour()) + "\n");
}

// Engines that give the program's integers bit for bit. Where one does not, something is wrong with
// potlut, its export or that engine, and times of different work are not to be compared.
constexpr const char* kExact[] = {"onnxruntime"};

Status CheckExact(const std::string& network, const Json& report) {
  for (const char* engine : kExact) {
    const Json line = report.value(engine, Json::object());
    if (line.contains("missing")) continue;
    const int64_t images = line.value("images", int64_t{0});
    const int64_t equal = line.value("equal_outputs", int64_t{0});
    if (equal == images) continue;
    return Failed(network, ": ", engine, " should give potlut's outputs, but does so on ", equal,
                  " of ", images, " images; see potlut-bench-peers agree");
  }
  return {};
}

Status Times(cli::Shell& shell, const ReportOptions& options, const Setting& setting, Json& all) {
  TimeTable table(setting.engines);
  std::vector<std::string> names;
  for (const Network& network : options.networks) {
    std::vector<std::string> arguments = Arguments("time", options, network, setting);
    arguments.insert(arguments.end(), {"--seconds", Cat(options.seconds), "--engines"});
    arguments.insert(arguments.end(), setting.engines.begin(), setting.engines.end());
    POTLUT_ASSIGN_OR_RETURN(const Json report,
                            Child(options.program, arguments, setting.environment));
    POTLUT_RETURN_IF_ERROR(CheckExact(network.name, report));
    all[setting.key][network.name] = report;
    table.Row(network.name, report);
    names.push_back(network.name);
  }
  if (shell.common.json) return {};
  table.Print(shell, setting.title);
  PrintAgreement(shell, names, setting.engines, all[setting.key]);
  return {};
}

Status Memory(cli::Shell& shell, const ReportOptions& options, const Setting& setting, Json& all) {
  std::vector<Table::Column> columns = {{"loading ms; peak MiB", Table::Kind::kText},
                                        {"no engine", Table::Kind::kNumber}};
  for (const std::string& engine : setting.engines)
    columns.push_back({engine, Table::Kind::kNumber});
  Table table(columns);
  for (const Network& network : options.networks) {
    std::vector<std::string> cells = {network.name};
    std::vector<std::string> engines = {"none"};
    engines.insert(engines.end(), setting.engines.begin(), setting.engines.end());
    for (const std::string& engine : engines) {
      std::vector<std::string> arguments = Arguments("memory", options, network, setting);
      arguments.insert(arguments.end(), {"--engines", engine});
      POTLUT_ASSIGN_OR_RETURN(const Json report,
                              Child(options.program, arguments, setting.environment));
      all["memory"][network.name][engine] = report;
      cells.push_back(report.contains("missing")
                          ? "-"
                          : fmt::format("{:.1f}; {:.1f}", report["load_ms"].get<double>(),
                                        report["peak_kib"].get<double>() / 1024));
    }
    table.Row(cells);
  }
  if (!shell.common.json)
    shell.console.Out(table.Render(shell.console.width(), shell.console.colour()));
  return {};
}

}  // namespace

Status Report(cli::Shell& shell, const ReportOptions& options) {
  Json all = Json::object();
  const std::vector<std::string> everyone(std::begin(kEngines), std::end(kEngines));
  const Setting one{"one_thread",         "One thread, one image", everyone, "auto", 1,
                    {"OMP_NUM_THREADS=1"}};
  POTLUT_RETURN_IF_ERROR(Times(shell, options, one, all));
  if (options.avx2) {
    POTLUT_RETURN_IF_ERROR(Times(shell, options,
                                 {"avx2",
                                  "One thread, potlut and oneDNN held to AVX2",
                                  {"potlut", "onednn"},
                                  "avx2",
                                  1,
                                  {"OMP_NUM_THREADS=1", "DNNL_MAX_CPU_ISA=AVX2"}},
                                 all));
  }
  if (options.two_threads) {
    ReportOptions large = options;
    std::erase_if(large.networks, [](const Network& n) {
      return n.name.find("ResNet-18") != 0 && n.name.find("ResNet-50") != 0;
    });
    if (!large.networks.empty()) {
      POTLUT_RETURN_IF_ERROR(Times(
          shell, large,
          {"two_threads", "Two threads, one image", everyone, "auto", 2, {"OMP_NUM_THREADS=2"}},
          all));
    }
  }
  if (options.memory) POTLUT_RETURN_IF_ERROR(Memory(shell, options, one, all));
  if (shell.common.json) cli::PrintJson(shell.console, all);
  return {};
}

}  // namespace potlut::peers
