// Lists the simplified float network: what quantisation would see.
#include "cli/commands/inspect_onnx.h"

#include "base/text.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/units.h"
#include "graph/simplify.h"
#include "onnx/import.h"

namespace potlut::cli {
namespace {

struct Cost {
  int64_t parameters = 0, macs = 0;
};
Cost CostOf(const graph::Node& node) {
  Cost cost;
  if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
    const auto weights = static_cast<int64_t>(conv->weights.size());
    cost.parameters = weights + static_cast<int64_t>(conv->bias.size());
    cost.macs = weights * node.shape.h * node.shape.w;
  } else if (const auto* affine = std::get_if<graph::Affine>(&node.op)) {
    cost.parameters = static_cast<int64_t>(affine->scale.size() + affine->shift.size());
  } else if (const auto* activation = std::get_if<graph::Activation>(&node.op)) {
    cost.parameters = static_cast<int64_t>(activation->slope.size());
  }
  return cost;
}

std::string Describe(const graph::Node& node) {
  if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
    std::string text = Cat("conv ", conv->window.kernel_h, "x", conv->window.kernel_w);
    if (conv->window.stride_h != 1) text += Cat(" /", conv->window.stride_h);
    if (conv->groups > 1) text += Cat(" g", conv->groups);
    return text;
  }
  if (const auto* activation = std::get_if<graph::Activation>(&node.op)) {
    return std::string(graph::FunctionName(activation->function));
  }
  return std::string(graph::OpName(node.op));
}

}  // namespace

Status InspectOnnx(Shell& shell, const std::string& path) {
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph imported, onnx::ImportFile(path));
  POTLUT_ASSIGN_OR_RETURN(const graph::Graph network, graph::Simplify(imported));
  using Kind = Table::Kind;
  Table table(
      {{"node", Kind::kText}, {"op", Kind::kText}, {"value c x h x w"}, {"parameters"}, {"MACs"}});
  Json nodes = Json::array();
  Cost total;
  for (const graph::Node& node : network.nodes) {
    const Cost cost = CostOf(node);
    total.parameters += cost.parameters;
    total.macs += cost.macs;
    const graph::Shape& s = node.shape;
    table.Row({node.name, Describe(node), Cat(s.c, "x", s.h, "x", s.w),
               cost.parameters > 0 ? FormatCount(cost.parameters) : "",
               cost.macs > 0 ? FormatShort(cost.macs) : ""});
    nodes.push_back({{"name", node.name},
                     {"op", Describe(node)},
                     {"shape", {s.c, s.h, s.w}},
                     {"inputs", node.inputs},
                     {"parameters", cost.parameters},
                     {"macs", cost.macs}});
  }
  if (shell.common.json) {
    PrintJson(shell.console, {{"model", path},
                              {"kind", "onnx"},
                              {"metadata", network.metadata},
                              {"imported_nodes", imported.nodes.size()},
                              {"nodes", std::move(nodes)},
                              {"outputs", network.outputs},
                              {"total", {{"parameters", total.parameters}, {"macs", total.macs}}}});
    return {};
  }
  table.Rule();
  table.Row({"in all", "", "", FormatCount(total.parameters), FormatShort(total.macs)});
  shell.console.Out(Printable(Cat(path, ": ", imported.nodes.size(), " nodes, simplified to ",
                                  network.nodes.size(), "\n")));
  for (const auto& [key, value] : network.metadata)
    shell.console.Out(Printable(Cat("  ", key, ": ", value)) + "\n");
  shell.console.Out("\n" + table.Render(shell.console.width(), shell.console.colour()));
  return {};
}

}  // namespace potlut::cli
