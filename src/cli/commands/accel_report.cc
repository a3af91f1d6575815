// potlut accel report: cycles, utilisation, memory and traffic of a model on an array, by the model
// of costs.
#include <memory>

#include "accel/cost_model.h"
#include "base/text.h"
#include "cli/commands/accel.h"
#include "cli/json.h"
#include "cli/plut_file.h"
#include "cli/table.h"
#include "cli/units.h"

namespace potlut::cli {
namespace {

using accel::CostReport;
using accel::NodeReport;
using accel::OnChipBits;
using accel::WeightBytes;

struct Options {
  std::string model;
  ArrayOptions array;
};

double PerSecond(const CostReport& report, double clock) {
  return report.cycles > 0 ? clock * 1e6 / static_cast<double>(report.cycles) : 0;
}

std::string NonZero(int64_t n) { return n > 0 ? FormatCount(n) : ""; }

std::vector<std::string> CycleCells(const NodeReport& node) {
  const bool conv = node.conv.fills > 0;
  return {node.name,
          node.op,
          conv ? Cat(node.tile.strips, "x", node.tile.strip_lanes) : "",
          NonZero(node.macs),
          conv ? FormatCount(node.conv.fill) : "",
          conv ? FormatCount(node.conv.use) : "",
          FormatCount(node.cycles),
          node.macs > 0 ? FormatPercent(node.utilisation) : "",
          FormatCount(node.dram_read + node.dram_written)};
}

std::vector<std::string> BitCells(const std::string& name, const OnChipBits& bits,
                                  const WeightBytes& weights) {
  return {name,
          NonZero(bits.codes),
          NonZero(bits.activations),
          NonZero(bits.tables),
          NonZero(bits.sums),
          NonZero(weights.stored),
          NonZero(weights.shift_packed),
          NonZero(weights.shift_fields),
          NonZero(weights.eight)};
}

void PrintText(Shell& shell, const Options& options, const CostReport& report) {
  using Kind = Table::Kind;
  const accel::ArraySpec& array = report.array;
  shell.console.Out(Printable(Cat(options.model, ": ", array.lanes, " lanes x ", accel::kLaneInputs,
                                  " inputs = ", array.macs_per_cycle(), " MACs a cycle, ",
                                  accel::TableKindName(array.table), " tables, ",
                                  "by the model of costs, not by simulation\n\n")));
  Table cycles({{"layer", Kind::kText},
                {"op", Kind::kText},
                {"strips"},
                {"MACs"},
                {"fill"},
                {"use"},
                {"cycles"},
                {"used"},
                {"DRAM bytes"}});
  for (const NodeReport& node : report.nodes) cycles.Row(CycleCells(node));
  cycles.Rule();
  cycles.Row({"in all", "", "", FormatCount(report.macs), "", "", FormatCount(report.cycles),
              FormatPercent(report.utilisation),
              FormatCount(report.dram_read + report.dram_written)});
  shell.console.Out(cycles.Render(shell.console.width(), shell.console.colour()));

  Table memory({{"layer", Kind::kText},
                {"code bits"},
                {"activation bits"},
                {"table bits"},
                {"sum bits"},
                {"weight bytes"},
                {"shift, packed"},
                {"shift, fields"},
                {"8 bits"}});
  for (const NodeReport& node : report.nodes) {
    if (node.macs > 0) memory.Row(BitCells(node.name, node.on_chip, node.weights));
  }
  memory.Rule();
  memory.Row(BitCells("largest; bytes in all", report.peak, report.weights));
  shell.console.Out("\n" + memory.Render(shell.console.width(), shell.console.colour()));

  const auto ratio = [&](int64_t other) {
    return fmt::format("{:.2f}", static_cast<double>(other) / static_cast<double>(std::max<int64_t>(
                                                                  1, report.weights.stored)));
  };
  shell.console.Out(fmt::format(
      "\n{:.1f} images a second at {:g} MHz (stated); 3x3 layers used {}, of them those "
      "of 4 bits or fewer {}\n"
      "weights against: shift, packed {}x, shift, fields {}x, 8 bits {}x\n"
      "DRAM: {} bytes read, {} written an image; {} tensors do not fit the chip\n"
      "{} nodes need more passes than the hardware holds and are counted only\n",
      PerSecond(report, options.array.clock), options.array.clock,
      FormatPercent(report.utilisation_3x3_all), FormatPercent(report.utilisation_3x3),
      ratio(report.weights.shift_packed), ratio(report.weights.shift_fields),
      ratio(report.weights.eight), FormatCount(report.dram_read), FormatCount(report.dram_written),
      report.spilled_tensors, report.past_the_hardware));
}

Json BitsJson(const OnChipBits& bits) {
  return {{"codes", bits.codes},
          {"activations", bits.activations},
          {"tables", bits.tables},
          {"sums", bits.sums}};
}

Json WeightsJson(const WeightBytes& weights) {
  return {{"stored", weights.stored},
          {"shift_packed", weights.shift_packed},
          {"shift_fields", weights.shift_fields},
          {"eight_bits", weights.eight}};
}

void PrintAsJson(Shell& shell, const Options& options, const CostReport& report) {
  Json layers = Json::array();
  for (const NodeReport& node : report.nodes) {
    Json layer = {{"name", node.name},           {"op", node.op},
                  {"macs", node.macs},           {"cycles", node.cycles},
                  {"dram_read", node.dram_read}, {"dram_written", node.dram_written}};
    if (node.macs > 0 && node.conv.fills > 0) {
      layer.update({{"utilisation", node.utilisation},
                    {"strips", node.tile.strips},
                    {"fills", node.conv.fills},
                    {"fill_cycles", node.conv.fill},
                    {"use_cycles", node.conv.use},
                    {"drain_cycles", node.conv.drain},
                    {"weight_bytes", WeightsJson(node.weights)}});
    }
    layer["on_chip_bits"] = BitsJson(node.on_chip);
    layers.push_back(std::move(layer));
  }
  const accel::ArraySpec& array = report.array;
  PrintJson(shell.console, {{"model", options.model},
                            {"array",
                             {{"tables", accel::TableKindName(array.table)},
                              {"lanes", array.lanes},
                              {"inputs", accel::kLaneInputs},
                              {"macs_per_cycle", array.macs_per_cycle()}}},
                            {"clock_mhz", options.array.clock},
                            {"images_per_second", PerSecond(report, options.array.clock)},
                            {"macs", report.macs},
                            {"cycles", report.cycles},
                            {"utilisation", report.utilisation},
                            {"utilisation_3x3", report.utilisation_3x3},
                            {"utilisation_3x3_all", report.utilisation_3x3_all},
                            {"dram_read", report.dram_read},
                            {"dram_written", report.dram_written},
                            {"spilled_tensors", report.spilled_tensors},
                            {"nodes_past_the_hardware", report.past_the_hardware},
                            {"peak_on_chip_bits", BitsJson(report.peak)},
                            {"weight_bytes", WeightsJson(report.weights)},
                            {"layers", std::move(layers)}});
}

Status Report(Shell& shell, const Options& options) {
  POTLUT_ASSIGN_OR_RETURN(const accel::ArraySpec array, ResolveArray(options.array));
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(options.model));
  auto report = accel::CostOnArray(file.program, array);
  if (!report.ok()) {
    return Error{report.error().code, Cat(options.model, ": ", report.error().message)};
  }
  if (shell.common.json) {
    PrintAsJson(shell, options, *report);
  } else {
    PrintText(shell, options, *report);
  }
  return {};
}

}  // namespace

void AddAccelReport(CLI::App& accel, Shell& shell) {
  auto options = std::make_shared<Options>();
  CLI::App& command = *accel.add_subcommand(
      "report", "cycles, utilisation, memory and traffic by the model of costs");
  command.add_option("model", options->model, ".plut; - reads stdin")
      ->required()
      ->type_name("MODEL");
  AddArrayOptions(command, options->array);
  AddJson(command, shell);
  command.callback(
      [&shell, options] { shell.action = [&shell, options] { return Report(shell, *options); }; });
}

}  // namespace potlut::cli
