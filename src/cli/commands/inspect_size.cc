// Bytes for people: each layer in float32, in stage 1 and as stored, and what the rest costs.
#include "cli/commands/inspect_size.h"

#include <algorithm>

#include "base/text.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/units.h"

namespace potlut::cli {
namespace {

struct Part {
  const char* key;
  const char* name;
  int64_t bytes;
};

std::vector<Part> Parts(const PlutSizes& s) {
  return {{"shell", "header, checksums, padding", s.shell},
          {"metadata", "metadata", s.metadata},
          {"names", "names", s.names},
          {"tensors", s.version == 1 ? "tensors" : "tensors, with names", s.tensors},
          {"nodes", s.version == 1 ? "nodes" : "nodes, with names", s.nodes},
          {"tables", "look-up tables", s.tables},
          {"alphabets", "alphabets", s.alphabets},
          {"shifts", "shifts", s.shifts},
          {"biases", "biases", s.biases},
          {"low", "drops and corrections of the low reading", s.low},
          {"directory", "sizes of blocks", s.directory},
          {"codes", "codes", s.codes}};
}

double Bits(int64_t bytes, int64_t weights) {
  return weights > 0 ? 8 * static_cast<double>(bytes) / static_cast<double>(weights) : 0;
}

// Weights in float32 with their biases.
int64_t Float32Bytes(const PlutFile& file, const LayerBytes& layer) {
  const auto& conv = std::get<ConvOp>(file.program.nodes[static_cast<size_t>(layer.node)].op);
  return 4 * (layer.weights + static_cast<int64_t>(conv.bias.size()));
}

struct Total {
  int64_t weights = 0, float32 = 0, stage1 = 0, stage2 = 0, low = 0;
  double entropy_bytes = 0;  // of all codes
};

double EntropyBytes(const PlutFile& file, const LayerBytes& layer) {
  const auto& conv = std::get<ConvOp>(file.program.nodes[static_cast<size_t>(layer.node)].op);
  return layer.entropy_bits * static_cast<double>(conv.codes.size()) / 8;
}

Total Sum(const PlutFile& file) {
  Total total;
  for (const LayerBytes& layer : file.layers) {
    total.weights += layer.weights;
    total.float32 += Float32Bytes(file, layer);
    total.stage1 += layer.stage1_bytes;
    total.stage2 += layer.stage2_bytes;
    total.low += layer.low_bytes;
    total.entropy_bytes += EntropyBytes(file, layer);
  }
  return total;
}

void PrintText(Shell& shell, const std::string& path, const PlutFile& file,
               const PlutSizes& sizes) {
  using Kind = Table::Kind;
  const Total total = Sum(file);
  const bool layered = total.low > 0;
  std::vector<Table::Column> columns{{"layer", Kind::kText},
                                     {"alphabet", Kind::kText},
                                     {"weights"},
                                     {"float32"},
                                     {"stage 1"},
                                     {"stage 2"},
                                     {"bits/w"},
                                     {"entropy"},
                                     {"coder", Kind::kText}};
  if (layered) columns.push_back({"low"});
  Table table(std::move(columns));
  for (const LayerBytes& layer : file.layers) {
    const Node& node = file.program.nodes[static_cast<size_t>(layer.node)];
    const Alphabet& alphabet = std::get<ConvOp>(node.op).alphabet;
    const double entropy = 8 * EntropyBytes(file, layer) / static_cast<double>(layer.weights);
    table.Row({node.name, Cat(AlphabetName(alphabet.kind), " ", alphabet.bits),
               FormatCount(layer.weights), FormatCount(Float32Bytes(file, layer)),
               FormatCount(layer.stage1_bytes), FormatCount(layer.stage2_bytes),
               fmt::format("{:.3f}", Bits(layer.stage2_bytes, layer.weights)),
               fmt::format("{:.3f}", entropy), std::string(CoderName(layer.coder)),
               layered ? FormatCount(layer.low_bytes) : ""});
  }
  table.Rule();
  table.Row({"in all", "", FormatCount(total.weights), FormatCount(total.float32),
             FormatCount(total.stage1), FormatCount(total.stage2),
             fmt::format("{:.3f}", Bits(total.stage2, total.weights)),
             fmt::format("{:.3f}", 8 * total.entropy_bytes /
                                       static_cast<double>(std::max<int64_t>(total.weights, 1))),
             "", layered ? FormatCount(total.low) : ""});
  Table parts({{"part of the file", Kind::kText}, {"bytes"}, {"share"}});
  const auto row = [&](const std::string& name, int64_t bytes) {
    parts.Row({name, FormatCount(bytes),
               FormatPercent(static_cast<double>(bytes) / static_cast<double>(sizes.file))});
  };
  for (const Part& part : Parts(sizes)) {
    if (part.bytes > 0) row(part.name, part.bytes);
  }
  parts.Rule();
  row("beside the codes", sizes.file - sizes.codes);
  row("the whole file", sizes.file);
  shell.console.Out(Printable(Cat(
      path, ": version ", sizes.version, ", ", FormatCount(sizes.file), " bytes, ",
      fmt::format("{:.2f}", Bits(sizes.file, total.weights)), " bits a weight with all of it, ",
      fmt::format("{:.1f}", static_cast<double>(total.float32) / static_cast<double>(sizes.file)),
      " times smaller than float32\n\n")));
  shell.console.Out(table.Render(shell.console.width(), shell.console.colour()));
  shell.console.Out("\n" + parts.Render(shell.console.width(), shell.console.colour()));
}

Json AsJson(const std::string& path, const PlutFile& file, const PlutSizes& sizes) {
  Json layers = Json::array();
  for (const LayerBytes& layer : file.layers) {
    const Node& node = file.program.nodes[static_cast<size_t>(layer.node)];
    layers.push_back(
        {{"name", node.name},
         {"weights", layer.weights},
         {"float32_bytes", Float32Bytes(file, layer)},
         {"stage1_bytes", layer.stage1_bytes},
         {"stage2_bytes", layer.stage2_bytes},
         {"bits_per_weight", Bits(layer.stage2_bytes, layer.weights)},
         {"entropy_bits", 8 * EntropyBytes(file, layer) / static_cast<double>(layer.weights)},
         {"coder", CoderName(layer.coder)},
         {"low_bytes", layer.low_bytes}});
  }
  Json parts = Json::object();
  for (const Part& part : Parts(sizes)) parts[part.key] = part.bytes;
  const Total total = Sum(file);
  return {{"model", path},
          {"version", sizes.version},
          {"file_bytes", sizes.file},
          {"layers", std::move(layers)},
          {"parts", std::move(parts)},
          {"total",
           {{"weights", total.weights},
            {"float32_bytes", total.float32},
            {"stage1_bytes", total.stage1},
            {"stage2_bytes", total.stage2},
            {"low_bytes", total.low},
            {"entropy_bytes", total.entropy_bytes},
            {"bits_per_weight", Bits(sizes.file, total.weights)}}}};
}

}  // namespace

Status InspectSize(Shell& shell, const std::string& path, const PlutFile& file) {
  POTLUT_ASSIGN_OR_RETURN(const PlutSizes sizes, SizesOf(file.bytes));
  if (shell.common.json) {
    PrintJson(shell.console, AsJson(path, file, sizes));
  } else {
    PrintText(shell, path, file, sizes);
  }
  return {};
}

}  // namespace potlut::cli
