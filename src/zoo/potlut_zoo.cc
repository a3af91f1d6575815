// potlut-zoo: lists the zoo's networks and writes them as ONNX models with fresh weights.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <new>
#include <optional>

#include "base/text.h"
#include "onnx/export.h"
#include "zoo/zoo.h"

namespace potlut::zoo {
namespace {

constexpr const char* kFooter =
    "exit codes: 0 fine, 1 failed, 2 usage, 4 unsupported, 6 resource limit\n"
    "'potlut-zoo COMMAND --help' tells the options of a command.";

// 1234567 -> "1,234,567".
std::string Count(int64_t n) {
  std::string text = Cat(n);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

Status Finish() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return Failed("standard output could not be written: ", std::string_view(std::strerror(errno)));
}

Status PrintList() {
  std::vector<std::vector<std::string>> rows{
      {"name", "input", "classes", "parameters", "MACs", "description"}};
  for (const ModelInfo& info : List()) {
    rows.push_back({info.name, Cat(info.input.c, "x", info.input.h, "x", info.input.w),
                    Cat(info.classes), Count(info.parameters), Count(info.macs), info.description});
  }
  const size_t columns = rows[0].size();
  std::vector<size_t> widths(columns, 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < columns; ++i) {
      const std::string pad(widths[i] - row[i].size(), ' ');
      const bool text = i == 0 || i + 1 == columns;
      line += (i == 0 ? "" : "  ") + (text ? row[i] + pad : pad + row[i]);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
  return Finish();
}

// What `write` was told; what was not said stays as the name has it.
struct WriteOptions {
  std::string name, output;
  std::optional<int32_t> classes, size;
  std::optional<double> width, spread;
  std::optional<uint64_t> seed;
};

Status Write(const WriteOptions& options) {
  ModelSpec spec{.name = options.name};
  if (IsSpec(options.name)) {
    POTLUT_ASSIGN_OR_RETURN(spec, ParseSpec(options.name));
  }
  spec.classes = options.classes.value_or(spec.classes);
  spec.size = options.size.value_or(spec.size);
  spec.width = options.width.value_or(spec.width);
  spec.spread = options.spread.value_or(spec.spread);
  spec.seed = options.seed.value_or(spec.seed);
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph graph, Build(spec));
  POTLUT_RETURN_IF_ERROR(onnx::SaveOnnx(options.output, graph,
                                        {.graph_name = "", .producer_version = POTLUT_VERSION}));
  std::error_code ignored;
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.output, ignored));
  std::fprintf(stderr, "potlut-zoo: %s: %s bytes, %s parameters, %s multiply-accumulates\n",
               options.output.c_str(), Count(bytes).c_str(), Count(Parameters(graph)).c_str(),
               Count(Macs(graph)).c_str());
  return Finish();
}

void Declare(CLI::App& app, WriteOptions& options, std::function<Status()>& action) {
  app.set_version_flag("--version", "potlut-zoo " POTLUT_VERSION);
  app.require_subcommand(1);
  app.add_subcommand("list", "list the networks, with what they need")->callback([&action] {
    action = PrintList;
  });
  CLI::App& write = *app.add_subcommand("write", "write a network as an ONNX model");
  write.add_option("NAME", options.name, "one of the list, or zoo:NAME@key=value,...")
      ->required()
      ->type_name("");
  write.add_option("-o,--output", options.output, "the ONNX file")->required()->type_name("FILE");
  write.add_option("--classes", options.classes, "outputs of the classifier")->type_name("N");
  write.add_option("--width", options.width, "multiplies the channels")->type_name("X");
  write.add_option("--size", options.size, "side of the image")->type_name("N");
  write.add_option("--seed", options.seed, "of the weights (1)")->type_name("N");
  write
      .add_option("--spread", options.spread,
                  "draw scales from 1-X to 1+X and shifts from -X to X, as trained networks have "
                  "them (0)")
      ->type_name("X");
  write.callback([&options, &action] { action = [&options] { return Write(options); }; });
  app.footer(kFooter);  // last: subcommands would inherit it
}

Status Run(int argc, char** argv) {
  CLI::App app("Writes well-known networks with fresh weights as ONNX models.", "potlut-zoo");
  WriteOptions options;
  std::function<Status()> action;
  try {
    Declare(app, options, action);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(error);  // prints the help or the version to stdout
      return Finish();
    }
    const auto chosen = app.get_subcommands();
    return UsageError(std::string_view(error.what()), "; see 'potlut-zoo ",
                      chosen.empty() ? "" : chosen[0]->get_name() + " ", "--help'");
  }
  return action();
}

int Main(int argc, char** argv) {
  Status status;
  try {
    status = Run(argc, argv);
  } catch (const std::bad_alloc&) {
    status = Status(ErrorCode::kResourceLimit, "out of memory");
  } catch (const std::exception& error) {
    status =
        Status(ErrorCode::kFailed, Cat("unexpected failure: ", std::string_view(error.what())));
  }
  if (!status.ok()) std::fprintf(stderr, "potlut-zoo: error: %s\n", status.message().c_str());
  return static_cast<int>(status.code());
}

}  // namespace
}  // namespace potlut::zoo

int main(int argc, char** argv) { return potlut::zoo::Main(argc, argv); }
