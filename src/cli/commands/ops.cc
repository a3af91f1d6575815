// potlut ops: the operators that the importer reads, from its own table.
#include <memory>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/json.h"
#include "cli/table.h"
#include "onnx/import.h"

namespace potlut::cli {
namespace {

void PrintMarkdown(Console& console) {
  console.Out("| operator | opsets | quantised | limits |\n| --- | --- | --- | --- |\n");
  for (const auto& op : onnx::SupportedOperators()) {
    std::string limits(op.limits);
    for (size_t at = 0; (at = limits.find('|', at)) != std::string::npos; at += 2)
      limits.insert(at, 1, '\\');
    console.Out(Cat("| ", op.name, " | ", op.min_opset, "-", op.max_opset, " | ", op.quantised,
                    " | ", limits, " |\n"));
  }
}

void PrintAsJson(Console& console) {
  Json rows = Json::array();
  for (const auto& op : onnx::SupportedOperators()) {
    rows.push_back({{"operator", op.name},
                    {"min_opset", op.min_opset},
                    {"max_opset", op.max_opset},
                    {"quantised", op.quantised},
                    {"limits", op.limits}});
  }
  PrintJson(console, rows);
}

void PrintText(Console& console) {
  using Kind = Table::Kind;
  Table table(
      {{"operator", Kind::kText}, {"opsets"}, {"quantised", Kind::kText}, {"limits", Kind::kText}});
  for (const auto& op : onnx::SupportedOperators()) {
    table.Row({std::string(op.name), Cat(op.min_opset, "-", op.max_opset),
               std::string(op.quantised), std::string(op.limits)});
  }
  console.Out(table.Render(console.width(), console.colour()));
}

}  // namespace

void AddOps(CLI::App& app, Shell& shell) {
  auto markdown = std::make_shared<bool>(false);
  CLI::App& command = *app.add_subcommand("ops", "list the ONNX operators that are read");
  AddJson(command, shell);
  command.add_flag("--markdown", *markdown, "print a Markdown table")->excludes("--json");
  command.callback([&shell, markdown] {
    shell.action = [&shell, markdown]() -> Status {
      if (shell.common.json) {
        PrintAsJson(shell.console);
      } else if (*markdown) {
        PrintMarkdown(shell.console);
      } else {
        PrintText(shell.console);
      }
      return {};
    };
  });
}

}  // namespace potlut::cli
