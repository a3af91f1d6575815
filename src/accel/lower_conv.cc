// Convolutions and dense layers to kOutput and kConv, with what they load.
#include <algorithm>

#include "accel/conv_plan.h"
#include "accel/lowering.h"
#include "accel/weights.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

Expected<Output> OutputOf(const Lowering& l, const Node& node, const ConvOp& conv,
                          const Node* sum) {
  const Tensor& out = l.T(sum != nullptr ? sum->output : node.output);
  const Place& place = l.P(sum != nullptr ? sum->output : node.output);
  Output o;
  o.header.opcode = Opcode::kOutput;
  const Tensor& own = l.T(node.output);
  if (own.type.wide()) {
    if (conv.lo != INT32_MIN || conv.hi != INT32_MAX)
      return Unsupported("a wide output that is clamped to less than 32 bits");
    o.header.flags |= Output::kWide;
    o.lo = o.hi = 0;
  } else {
    o.lo = static_cast<int16_t>(conv.lo);
    o.hi = static_cast<int16_t>(conv.hi);
  }
  if (own.type.is_signed) o.header.flags |= Output::kSigned;
  o.row_words = static_cast<uint16_t>(place.row_words);
  o.column_words = static_cast<uint16_t>(place.column_words);
  o.height = static_cast<uint16_t>(out.dims.h);
  o.sum_lo = o.sum_hi = 0;
  if (sum != nullptr) {
    const auto& add = std::get<AddOp>(sum->op);
    const bool first = sum->inputs[0] == node.output;
    const int32_t other = sum->inputs[first ? 1 : 0];
    o.header.flags =
        static_cast<uint8_t>(Output::kResidual | (out.type.is_signed ? Output::kSigned : 0) |
                             (l.T(other).type.is_signed ? Output::kResidualSigned : 0));
    o.residual_base = static_cast<uint32_t>(l.P(other).base);
    o.residual_row_words = static_cast<uint16_t>(l.P(other).row_words);
    o.residual_column_words = static_cast<uint16_t>(l.P(other).column_words);
    o.shift_conv = static_cast<uint8_t>(first ? add.shift_a : add.shift_b);
    o.shift_other = static_cast<uint8_t>(first ? add.shift_b : add.shift_a);
    o.shift = static_cast<uint8_t>(add.shift);
    o.sum_lo = static_cast<int16_t>(add.lo);
    o.sum_hi = static_cast<int16_t>(add.hi);
  }
  return o;
}

}  // namespace

bool CanFuse(const Program& program, const Node& conv, const Node& sum) {
  const auto* add = std::get_if<AddOp>(&sum.op);
  if (add == nullptr || !std::holds_alternative<ConvOp>(conv.op)) return false;
  const auto tensor = [&](int32_t t) -> const Tensor& {
    return program.tensors[static_cast<size_t>(t)];
  };
  return sum.inputs[0] != sum.inputs[1] &&
         tensor(sum.inputs[0]).dims == tensor(sum.inputs[1]).dims &&
         !tensor(conv.output).type.wide() && add->shift >= 0;
}

std::vector<NodeFate> DecideFates(const Program& program, bool fuse) {
  const auto index = [](int32_t i) { return static_cast<size_t>(i); };
  const size_t nodes = program.nodes.size();
  std::vector<NodeFate> fates(nodes);
  std::vector<size_t> made(program.tensors.size(), 0);  // node + 1 that makes a tensor
  std::vector<int32_t> readers(program.tensors.size(), 0);
  for (size_t n = 0; n < nodes; ++n) {
    const Node& node = program.nodes[n];
    made[index(node.output)] = n + 1;
    for (const int32_t t : node.inputs) ++readers[index(t)];
  }
  for (const int32_t t : program.outputs) ++readers[index(t)];
  for (size_t n = 0; n < nodes; ++n) {
    const Node& node = program.nodes[n];
    if (std::holds_alternative<ReshapeOp>(node.op)) {
      fates[n].alias =
          IsAlias(program.tensors[index(node.inputs[0])], program.tensors[index(node.output)]);
    }
    if (!fuse || !std::holds_alternative<AddOp>(node.op)) continue;
    // The operand that is made last, since the other must be there.
    const size_t later = std::max(made[index(node.inputs[0])], made[index(node.inputs[1])]);
    if (later == 0 || readers[index(program.nodes[later - 1].output)] != 1) continue;
    if (!CanFuse(program, program.nodes[later - 1], node)) continue;
    fates[later - 1].fused_into = static_cast<int32_t>(n);
    fates[n].done_by = static_cast<int32_t>(later - 1);
  }
  return fates;
}

Status LowerConv(const Lowering& l, const Node& node, const Node* sum) {
  const auto& conv = std::get<ConvOp>(node.op);
  const Tensor &in = l.T(node.inputs[0]), &out = l.T(node.output);
  const Place& from = l.P(node.inputs[0]);
  POTLUT_ASSIGN_OR_RETURN(const ConvPlan plan, PlanConv(conv, in, out, l.array));
  POTLUT_ASSIGN_OR_RETURN(const Output output, OutputOf(l, node, conv, sum));
  for (const ConvBlock& block : plan.blocks) {
    int32_t weights = 0, channels = 0;
    bool loaded = false;
    for (const ConvTile& tile : block.tiles) {
      l.stream.Begin();
      if (!loaded) {
        POTLUT_ASSIGN_OR_RETURN(const auto codes, PackCodes(conv, in, plan, block, l.array));
        POTLUT_ASSIGN_OR_RETURN(weights,
                                l.stream.Load(Memory::kWeights, codes, block.weight_words));
        POTLUT_ASSIGN_OR_RETURN(
            channels, l.stream.Load(Memory::kChannels, PackChannels(conv, block), block.outputs));
        loaded = true;
      } else {
        l.stream.Keep(Memory::kWeights, weights, block.weight_words);
        l.stream.Keep(Memory::kChannels, channels, block.outputs);
      }
      std::vector<int32_t> lists;
      for (const Digit& digit : plan.digits.digits()) {
        POTLUT_ASSIGN_OR_RETURN(const int32_t list, l.stream.Levels(digit.list));
        lists.push_back(list);
      }
      std::vector<Pass> passes = PassesOf(plan, tile, from.row_words, from.column_words);
      std::vector<uint8_t> bytes;
      for (Pass& pass : passes) {
        pass.list = static_cast<uint8_t>(lists[pass.list]);
        for (const uint32_t word : pass.Pack()) {
          for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(word >> (8 * i)));
        }
      }
      POTLUT_ASSIGN_OR_RETURN(
          const int32_t first,
          l.stream.Load(Memory::kPasses, bytes, static_cast<int32_t>(passes.size())));

      Output o = output;
      const int32_t in_word = out.type.wide() ? 4 : kLaneInputs;
      const int32_t word = block.first_output / in_word;
      o.base = static_cast<uint32_t>(l.P(sum != nullptr ? sum->output : node.output).base + word +
                                     tile.first_column * o.column_words);
      if (sum != nullptr) {
        o.residual_base +=
            static_cast<uint32_t>(word + tile.first_column * o.residual_column_words);
      }
      o.columns = static_cast<uint16_t>(tile.columns);
      o.strip_rows = static_cast<uint16_t>(tile.out_rows);
      o.offset = static_cast<uint16_t>(tile.offset);
      o.channel_base = static_cast<uint16_t>(channels);
      l.stream.Core(o);

      Conv c = CommandOf(plan, block, tile);
      c.header.opcode = Opcode::kConv;
      if (in.type.is_signed) c.header.flags = Conv::kSigned;
      c.base = static_cast<uint32_t>(from.base);
      c.row_words = static_cast<uint16_t>(from.row_words);
      c.column_words = static_cast<uint16_t>(from.column_words);
      c.height = static_cast<uint16_t>(plan.flat ? 1 : in.dims.h);
      c.width = static_cast<uint16_t>(plan.flat ? 1 : in.dims.w);
      c.pass_first = static_cast<uint16_t>(first);
      c.weights = static_cast<uint32_t>(weights);
      l.stream.Core(c);
    }
  }
  return {};
}

}  // namespace potlut::accel
