// potlut inspect: what is in a model, layer by layer and in all.
#include <memory>

#include "base/text.h"
#include "cli/class_names.h"
#include "cli/classifier.h"
#include "cli/commands/commands.h"
#include "cli/commands/inspect_onnx.h"
#include "cli/commands/inspect_size.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/units.h"

namespace potlut::cli {
namespace {

struct Layer {
  std::string name, op, output, alphabet, input_bits;
  NodeCost cost;
  int64_t stage1 = 0, stage2 = 0;  // bytes; 0 where there are no weights
  int64_t biases = 0;
  double entropy = 0;  // bits a code
  bool coded = false;
};

struct Summary {
  std::vector<Layer> layers;
  Layer total;
  int64_t file_bytes = 0;
  // Weights in 4 bytes or 1, biases in 4: what other formats hold at least.
  int64_t Float32Bytes() const { return 4 * (total.cost.weights + total.biases); }
  int64_t Int8Bytes() const { return total.cost.weights + 4 * total.biases; }
};

std::string DimsText(const Dims& dims) {
  return dims.h == 1 && dims.w == 1 ? Cat(dims.c) : Cat(dims.h, "x", dims.w, "x", dims.c);
}
std::string TypeText(const TensorType& type) {
  return Cat(type.is_signed ? "s" : "u", int{type.bits});
}

Summary Summarise(const Program& program, const std::vector<LayerBytes>& bytes,
                  int64_t file_bytes) {
  Summary summary;
  summary.file_bytes = file_bytes;
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    const Tensor& output = program.tensors[static_cast<size_t>(node.output)];
    const Tensor& input = program.tensors[static_cast<size_t>(node.inputs[0])];
    Layer layer;
    layer.name = node.name;
    layer.op = OpName(node.op);
    layer.output = Cat(DimsText(output.dims), " ", TypeText(output.type));
    layer.input_bits = TypeText(input.type);
    layer.cost = CostOf(program, node);
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) {
      layer.alphabet = Cat(AlphabetName(conv->alphabet.kind), " ", conv->alphabet.bits);
      layer.biases = static_cast<int64_t>(conv->bias.size());
    }
    for (const LayerBytes& b : bytes) {
      if (static_cast<size_t>(b.node) != i) continue;
      layer.stage1 = b.stage1_bytes;
      layer.stage2 = b.stage2_bytes;
      layer.entropy = b.entropy_bits;
      layer.coded = true;
    }
    Layer& total = summary.total;
    total.cost.macs += layer.cost.macs;
    total.cost.lookups += layer.cost.lookups;
    total.cost.additions += layer.cost.additions;
    total.cost.bit_ops += layer.cost.bit_ops;
    total.cost.weights += layer.cost.weights;
    total.stage1 += layer.stage1;
    total.stage2 += layer.stage2;
    total.biases += layer.biases;
    summary.layers.push_back(std::move(layer));
  }
  return summary;
}

double BitsPerWeight(int64_t bytes, int64_t weights) {
  return weights > 0 ? 8 * static_cast<double>(bytes) / static_cast<double>(weights) : 0;
}

std::string NonZero(int64_t n) { return n > 0 ? FormatShort(n) : ""; }

std::vector<std::string> WorkCells(const Layer& layer) {
  return {layer.name,
          layer.op,
          layer.output,
          NonZero(layer.cost.macs),
          NonZero(layer.cost.lookups),
          NonZero(layer.cost.additions),
          NonZero(layer.cost.bit_ops)};
}

std::vector<std::string> StorageCells(const Layer& layer) {
  return {layer.name,
          layer.alphabet,
          FormatCount(layer.cost.weights),
          FormatCount(layer.stage1),
          FormatCount(layer.stage2),
          layer.coded ? fmt::format("{:.2f}", layer.entropy) : "",
          fmt::format("{:.2f}", BitsPerWeight(layer.stage2, layer.cost.weights))};
}

void PrintMetadata(Shell& shell, const Program& program) {
  for (const auto& [key, value] : program.metadata) {
    std::string text = value;
    if (key == "classes") {
      const auto names = SplitClasses(value);
      text = Cat(names.size(), " names, ", names.empty() ? "" : names.front(), " to ",
                 names.empty() ? "" : names.back());
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    // Text of several lines goes below its key.
    std::string shown = text.find('\n') == std::string::npos ? " " + text : "";
    if (shown.empty()) {
      for (const std::string& line : SplitClasses(text)) {
        if (!line.empty()) shown += "\n    " + line;
      }
    }
    shell.console.Out(Printable(Cat("  ", key, ":", shown)) + "\n");
  }
}

void PrintText(Shell& shell, const std::string& path, const Program& program,
               const Summary& summary) {
  using Kind = Table::Kind;
  const Tensor& input = program.tensors[static_cast<size_t>(program.input)];
  std::string outputs;
  for (const int32_t index : program.outputs) {
    const Tensor& output = program.tensors[static_cast<size_t>(index)];
    outputs += Cat(outputs.empty() ? "" : ", ", DimsText(output.dims), " ", TypeText(output.type));
  }
  shell.console.Out(Printable(Cat(path, ": ", FormatCount(summary.file_bytes), " bytes, image ",
                                  DimsText(input.dims), ", output ", outputs, "\n")));
  PrintMetadata(shell, program);
  Table work({{"layer", Kind::kText},
              {"op", Kind::kText},
              {"output", Kind::kText},
              {"MACs"},
              {"look-ups"},
              {"additions"},
              {"bit ops"}});
  Table storage({{"layer", Kind::kText},
                 {"alphabet", Kind::kText},
                 {"weights"},
                 {"stage 1 bytes"},
                 {"stage 2 bytes"},
                 {"entropy"},
                 {"bits/w"}});
  for (const Layer& layer : summary.layers) {
    work.Row(WorkCells(layer));
    if (layer.cost.weights > 0) storage.Row(StorageCells(layer));
  }
  Layer total = summary.total;
  total.name = "in all";
  work.Rule();
  work.Row(WorkCells(total));
  storage.Rule();
  storage.Row(StorageCells(total));
  shell.console.Out("\n" + work.Render(shell.console.width(), shell.console.colour()));
  shell.console.Out("\n" + storage.Render(shell.console.width(), shell.console.colour()));

  Table sizes({{"weights stored as", Kind::kText}, {"bytes"}, {"bits/w"}, {"of float32"}});
  const auto row = [&](const char* name, int64_t bytes) {
    sizes.Row({name, FormatCount(bytes),
               fmt::format("{:.2f}", BitsPerWeight(bytes, summary.total.cost.weights)),
               summary.Float32Bytes() > 0
                   ? FormatPercent(static_cast<double>(bytes) /
                                   static_cast<double>(summary.Float32Bytes()))
                   : ""});
  };
  row("float32, biases float32", summary.Float32Bytes());
  row("int8, biases int32", summary.Int8Bytes());
  row("packed codes (stage 1)", summary.total.stage1);
  row("coded (stage 2)", summary.total.stage2);
  row("the whole file", summary.file_bytes);
  shell.console.Out("\n" + sizes.Render(shell.console.width(), shell.console.colour()));
}

Json LayerJson(const Layer& layer) {
  Json json = {{"macs", layer.cost.macs},           {"lookups", layer.cost.lookups},
               {"additions", layer.cost.additions}, {"bit_ops", layer.cost.bit_ops},
               {"weights", layer.cost.weights},     {"biases", layer.biases},
               {"stage1_bytes", layer.stage1},      {"stage2_bytes", layer.stage2}};
  if (layer.cost.weights > 0)
    json["bits_per_weight"] = BitsPerWeight(layer.stage2, layer.cost.weights);
  return json;
}

void PrintAsJson(Shell& shell, const std::string& path, const Program& program,
                 const Summary& summary) {
  Json layers = Json::array();
  for (size_t i = 0; i < summary.layers.size(); ++i) {
    const Layer& layer = summary.layers[i];
    const Tensor& output = program.tensors[static_cast<size_t>(program.nodes[i].output)];
    Json json = {{"name", layer.name},
                 {"op", layer.op},
                 {"output", {output.dims.h, output.dims.w, output.dims.c}},
                 {"output_type", TypeText(output.type)},
                 {"input_type", layer.input_bits}};
    if (!layer.alphabet.empty()) json["alphabet"] = layer.alphabet;
    if (layer.coded) json["entropy_bits"] = layer.entropy;
    json.update(LayerJson(layer));
    layers.push_back(std::move(json));
  }
  const Dims& input = program.tensors[static_cast<size_t>(program.input)].dims;
  Json total = LayerJson(summary.total);
  total["float32_bytes"] = summary.Float32Bytes();
  total["int8_bytes"] = summary.Int8Bytes();
  total["file_bytes"] = summary.file_bytes;
  PrintJson(shell.console, {{"model", path},
                            {"kind", "plut"},
                            {"input", {input.h, input.w, input.c}},
                            {"metadata", program.metadata},
                            {"layers", std::move(layers)},
                            {"total", std::move(total)}});
}

Status Inspect(Shell& shell, const std::string& path, bool size) {
  if (path != "-") {
    POTLUT_ASSIGN_OR_RETURN(const bool is_plut, IsPlut(path));
    if (!is_plut && size) return UsageError(path, ": --size is for .plut files");
    if (!is_plut) return InspectOnnx(shell, path);
  }
  POTLUT_ASSIGN_OR_RETURN(const PlutFile file, ReadPlut(path));
  if (size) return InspectSize(shell, path, file);
  const Summary summary =
      Summarise(file.program, file.layers, static_cast<int64_t>(file.bytes.size()));
  if (shell.common.json) {
    PrintAsJson(shell, path, file.program, summary);
  } else {
    PrintText(shell, path, file.program, summary);
  }
  return {};
}

}  // namespace

void AddInspect(CLI::App& app, Shell& shell) {
  auto path = std::make_shared<std::string>();
  auto size = std::make_shared<bool>(false);
  CLI::App& command =
      *app.add_subcommand("inspect", "print what is in a model: layers, work and bytes");
  command.add_option("model", *path, ".plut or .onnx; - reads a .plut from stdin")
      ->required()
      ->type_name("MODEL");
  command.add_flag("--size", *size, "where the bytes of a .plut file go, layer by layer");
  AddJson(command, shell);
  command.callback([&shell, path, size] {
    shell.action = [&shell, path, size] { return Inspect(shell, *path, *size); };
  });
}

}  // namespace potlut::cli
