// potlut accel: what concerns the accelerator, one command for each.
#include "cli/commands/accel.h"

#include <algorithm>

#include "cli/commands/commands.h"

namespace potlut::cli {

void AddArrayOptions(CLI::App& command, ArrayOptions& options) {
  command
      .add_option("--tables", options.tables, "what a table holds: pair (64 sums) or single (16)")
      ->type_name("KIND")
      ->capture_default_str();
  command.add_option("--lanes", options.array.lanes, "columns side by side")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--activation-words", options.array.activation_words,
                  "activation memory, words of 16 bytes")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--weight-words", options.array.weight_words, "weight memory, words of 16 codes")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--sum-words", options.array.sum_words, "partial sums of a lane")
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--group", options.group,
                  "lanes whose tables are filled together (8; pairs: all)")
      ->type_name("N");
  command
      .add_option("--fill-cycles", options.array.fill_cycles,
                  "to fill a group's tables; 0: as the RTL does")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--clock", options.clock, "MHz for images a second; stated, not measured")
      ->type_name("MHZ")
      ->check(Within(0.001, 1e6))
      ->capture_default_str();
}

Expected<accel::ArraySpec> ResolveArray(const ArrayOptions& options) {
  accel::ArraySpec array = options.array;
  POTLUT_ASSIGN_OR_RETURN(array.table, accel::ParseTableKind(options.tables));
  array.group = options.group.value_or(
      array.table == accel::TableKind::kPair ? array.lanes : std::min(array.group, array.lanes));
  POTLUT_RETURN_IF_ERROR(accel::CheckArray(array));
  return array;
}

void AddAccel(CLI::App& app, Shell& shell) {
  CLI::App& accel = *app.add_subcommand("accel", "the accelerator: compile, simulate, report");
  accel.require_subcommand(1);
  AddAccelCompile(accel, shell);
  AddAccelSimulate(accel, shell);
  AddAccelReport(accel, shell);
}

}  // namespace potlut::cli
