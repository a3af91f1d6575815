// Adds up cycles, memories and traffic over the nodes of a program.
#include "accel/cost_model.h"

#include <algorithm>

#include "accel/lowering.h"
#include "accel/pack_input.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

// When each tensor is first and last needed, and whether it fits the chip with its neighbours.
class Lives {
 public:
  Lives(const Program& program, int64_t capacity) : program_(program) {
    const size_t tensors = program.tensors.size(), nodes = program.nodes.size();
    first_.assign(tensors, 0);
    last_.assign(tensors, 0);
    spilled_.assign(tensors, false);
    for (size_t n = 0; n < nodes; ++n) {
      first_[static_cast<size_t>(program.nodes[n].output)] = n;
      last_[static_cast<size_t>(program.nodes[n].output)] = n;
      for (const int32_t i : program.nodes[n].inputs) last_[static_cast<size_t>(i)] = n;
    }
    // Where a node's tensors do not fit together, the largest goes to DRAM, until they do.
    for (size_t n = 0; n < nodes; ++n) {
      while (BytesAt(n) > capacity) {
        size_t largest = tensors;
        for (size_t t = 0; t < tensors; ++t) {
          if (!AliveAt(t, n)) continue;
          if (largest == tensors || Bytes(t) > Bytes(largest)) largest = t;
        }
        if (largest == tensors) break;
        spilled_[largest] = true;
      }
    }
  }

  int64_t Bytes(size_t t) const {
    const Tensor& tensor = program_.tensors[t];
    return int64_t{tensor.dims.h} * tensor.dims.w *
           CeilDiv(tensor.dims.c, tensor.type.wide() ? 4 : 16) * 16;
  }
  bool spilled(size_t t) const { return spilled_[t]; }
  int64_t spilled() const { return std::count(spilled_.begin(), spilled_.end(), true); }
  int64_t BytesAt(size_t n) const {
    int64_t bytes = 0;
    for (size_t t = 0; t < spilled_.size(); ++t) bytes += AliveAt(t, n) ? Bytes(t) : 0;
    return bytes;
  }

 private:
  bool AliveAt(size_t t, size_t n) const { return !spilled_[t] && first_[t] <= n && n <= last_[t]; }

  const Program& program_;
  std::vector<size_t> first_, last_;
  std::vector<bool> spilled_;
};

WeightBytes WeightsOf(const ConvOp& conv, const NodeCost& cost, const ArraySpec& array,
                      const ConvPlan& plan) {
  WeightBytes bytes;
  const bool wide = !conv.alphabet.is_pair() && conv.alphabet.bits > 5;
  for (const ConvBlock& block : plan.blocks)
    bytes.stored += int64_t{block.weight_words} * array.weight_bytes();
  bytes.eight = cost.weights;
  bytes.shift_fields = wide ? cost.weights : CeilDiv(cost.weights * 5, 8);
  bytes.shift_packed = wide ? cost.weights : CeilDiv(cost.weights * 4, 8);
  return bytes;
}

struct Visitor {
  const Program& program;
  const Node& node;
  NodeCost cost;  // of the node before packing
  const ArraySpec& array;
  NodeReport& report;

  const Tensor& In() const { return program.tensors[static_cast<size_t>(node.inputs[0])]; }
  const Tensor& Out() const { return program.tensors[static_cast<size_t>(node.output)]; }
  // A vector operation that reads `inputs` words for each that it writes.
  Status Vector(int64_t inputs) const {
    const Dims& d = Out().dims;
    report.cycles = int64_t{d.h} * d.w * CeilDiv(d.c, kLaneInputs) * inputs + array.layer_overhead;
    return {};
  }

  Status operator()(const ConvOp& conv) const {
    ArraySpec unbounded = array;
    unbounded.passes = 65535;
    POTLUT_ASSIGN_OR_RETURN(const ConvPlan plan, PlanConv(conv, In(), Out(), unbounded));
    for (const ConvBlock& block : plan.blocks) {
      for (const ConvTile& tile : block.tiles) {
        const ConvCycles c = CyclesOf(plan, block, tile, array);
        report.runs &= tile.passes.size() <= static_cast<size_t>(array.passes);
        report.conv.fills += c.fills;
        report.conv.fill += c.fill;
        report.conv.use += c.use;
        report.conv.drain += c.drain;
        report.conv.all += c.all;
      }
      report.on_chip.sums = std::max(report.on_chip.sums, int64_t{block.ring} * block.outputs *
                                                              array.lanes * array.accumulator_bits);
    }
    report.tile = plan.blocks[0].tiles[0];
    report.cycles = report.conv.all;
    report.macs = cost.macs;
    report.utilisation = static_cast<double>(cost.macs) /
                         (static_cast<double>(report.cycles) * array.macs_per_cycle());
    report.weights = WeightsOf(conv, cost, array, plan);
    report.on_chip.codes = report.weights.stored * 8;
    report.on_chip.tables =
        int64_t{2} * array.lanes * array.tables() * array.table_entries() * array.product_bits;
    report.dram_read += report.weights.stored + 5 * int64_t{Out().dims.c};
    return {};
  }
  Status operator()(const AddOp&) const { return Vector(1); }
  Status operator()(const MulOp&) const { return Vector(1); }
  Status operator()(const MaxPoolOp& op) const {
    return Vector(int64_t{op.window.kernel_h} * op.window.kernel_w);
  }
  Status operator()(const MeanOp& op) const {
    return Vector(int64_t{op.window.kernel_h} * op.window.kernel_w);
  }
  Status operator()(const LookupOp& op) const {
    report.dram_read += static_cast<int64_t>(op.table.size());
    return Vector(1);
  }
  Status operator()(const ReshapeOp&) const { return {}; }  // the bytes stay where they are
  Status operator()(const ArgMaxOp&) const { return Vector(CeilDiv(In().dims.c, kLaneInputs)); }
  template <typename Move>
  Status operator()(const Move&) const {
    return Vector(1);
  }
};

bool Is3x3(const Node& node) {
  const auto* conv = std::get_if<ConvOp>(&node.op);
  return conv != nullptr && conv->groups == 1 && conv->window.kernel_h == 3 &&
         conv->window.kernel_w == 3;
}
bool IsWide(const Node& node) {
  const auto& conv = std::get<ConvOp>(node.op);
  return !conv.alphabet.is_pair() && conv.alphabet.bits > 4;
}

// Of an image as the compiler lays it out.
int64_t InputBytes(Dims dims) {
  const int64_t pixel = dims.c < kLaneInputs ? dims.c : CeilDiv(dims.c, kLaneInputs) * kWordBytes;
  return dims.h * CeilDiv(dims.w * pixel, kWordBytes) * kWordBytes;
}

void Largest(OnChipBits& most, const OnChipBits& bits) {
  most.codes = std::max(most.codes, bits.codes);
  most.activations = std::max(most.activations, bits.activations);
  most.tables = std::max(most.tables, bits.tables);
  most.sums = std::max(most.sums, bits.sums);
}

void Add(WeightBytes& sum, const WeightBytes& bytes) {
  sum.stored += bytes.stored;
  sum.eight += bytes.eight;
  sum.shift_fields += bytes.shift_fields;
  sum.shift_packed += bytes.shift_packed;
}

}  // namespace

Expected<CostReport> CostOnArray(const Program& original, const ArraySpec& array) {
  POTLUT_RETURN_IF_ERROR(CheckArray(array));
  CostReport report;
  report.array = array;
  const int64_t capacity = int64_t{array.activation_words} * kWordBytes;
  auto packed = PackInput(original, array);
  if (packed && Lives(packed->program, capacity).spilled() > 0) packed.reset();
  const Program& program = packed ? packed->program : original;
  const Lives lives(program, capacity);
  const std::vector<NodeFate> fates = DecideFates(program, true);
  int64_t macs_3x3 = 0, cycles_3x3 = 0, macs_3x3_all = 0, cycles_3x3_all = 0;
  report.spilled_tensors = lives.spilled();
  for (size_t n = 0; n < program.nodes.size(); ++n) {
    const int32_t origin = packed ? packed->node_of[n] : static_cast<int32_t>(n);
    if (origin < 0) continue;
    const Node &node = program.nodes[n], &before = original.nodes[static_cast<size_t>(origin)];
    NodeReport layer;
    layer.name = node.name;
    layer.op = OpName(node.op);
    const Status status =
        std::visit(Visitor{program, node, CostOf(original, before), array, layer}, node.op);
    if (!status.ok()) {
      return Error{status.code(), Cat("node '", node.name, "': ", status.message())};
    }
    if (fates[n].done_by >= 0) layer.cycles = 0;  // while its convolution runs
    layer.on_chip.activations = lives.BytesAt(n) * 8;
    for (const int32_t i : node.inputs) {
      const auto t = static_cast<size_t>(i);
      if (lives.spilled(t) && i != program.input) layer.dram_read += lives.Bytes(t);
      if (i == program.input) layer.dram_read += InputBytes(program.tensors[t].dims);
    }
    const auto out = static_cast<size_t>(node.output);
    const bool leaves = std::find(program.outputs.begin(), program.outputs.end(), node.output) !=
                        program.outputs.end();
    if (leaves || lives.spilled(out)) layer.dram_written += lives.Bytes(out);
    layer.dram_cycles = CeilDiv(layer.dram_read + layer.dram_written, array.dram_bytes);
    report.macs += layer.macs;
    report.past_the_hardware += !layer.runs;
    report.dram_read += layer.dram_read;
    report.dram_written += layer.dram_written;
    Largest(report.peak, layer.on_chip);
    Add(report.weights, layer.weights);
    if (Is3x3(before)) {
      macs_3x3_all += layer.macs;
      cycles_3x3_all += layer.cycles;
      if (!IsWide(before)) {
        macs_3x3 += layer.macs;
        cycles_3x3 += layer.cycles;
      }
    }
    report.nodes.push_back(std::move(layer));
  }
  for (size_t n = 0; n < report.nodes.size(); ++n) {
    // What the next node needs is fetched while this one runs; the first one's fetch is waited for.
    const int64_t next = n + 1 < report.nodes.size() ? report.nodes[n + 1].dram_cycles : 0;
    if (n == 0) report.cycles += report.nodes[n].dram_cycles;
    report.cycles += std::max(report.nodes[n].cycles, next);
  }
  const auto used = [&](int64_t macs, int64_t cycles) {
    return cycles == 0
               ? 0.0
               : static_cast<double>(macs) / (static_cast<double>(cycles) * array.macs_per_cycle());
  };
  report.utilisation = used(report.macs, report.cycles);
  report.utilisation_3x3 = used(macs_3x3, cycles_3x3);
  report.utilisation_3x3_all = used(macs_3x3_all, cycles_3x3_all);
  return report;
}

}  // namespace potlut::accel
