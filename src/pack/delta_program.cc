// A payload: the number of bytes of the fields' block, that block, the block of the codes.
#include "pack/delta_program.h"

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "pack/coder.h"
#include "pack/delta_codes.h"
#include "pack/delta_fields.h"
#include "pack/layer_size.h"
#include "pack/low_reading.h"
#include "pack/wire.h"

namespace potlut {
namespace {

CodeMoves::Layer LayerOf(const ConvOp& conv, size_t codes) {
  const auto taps = static_cast<size_t>(int64_t{conv.window.kernel_h} * conv.window.kernel_w);
  return {PerTap(conv, codes), taps, conv.alphabet.codes()};
}

bool SameShape(const ConvOp& a, const ConvOp& b) {
  return a.codes.size() == b.codes.size() && a.window.kernel_h == b.window.kernel_h &&
         a.window.kernel_w == b.window.kernel_w && a.alphabet.is_pair() == b.alphabet.is_pair();
}

// Writes the codes of one layer, in whichever way is the shortest.
LayerChange EncodeLayer(ArithEncoder& coder, CodeMoves& moves, const ConvOp& from, const ConvOp& to,
                        CodeBudget& budget) {
  const bool shape = SameShape(from, to);
  if (shape && from.codes == to.codes) return {};
  const PackOptions smallest{.effort = Effort::kSmall};
  if (shape) {
    ArithEncoder trial;
    CodeMoves learned = moves;
    const CodeMoves::Layer layer = LayerOf(to, to.codes.size());
    learned.Encode(trial, layer, from.codes, to.codes);
    // A layer that changed by a tenth or less is not worth being coded anew to compare.
    bool shorter = trial.size() * 80 < to.codes.size();
    if (!shorter) {
      CodeBudget unused = budget;
      shorter =
          trial.size() < EncodeCodes2(to, to.alphabet, to.codes, smallest, unused).block.size();
    }
    if (shorter) {
      moves.Encode(coder, layer, from.codes, to.codes);
      return {CodesMode::kMoved, 0, 0};
    }
  }
  const CodedLayer anew = EncodeCodes2(to, to.alphabet, to.codes, smallest, budget);
  for (const uint8_t byte : anew.block) coder.PutBits(byte, 8);
  return {CodesMode::kAnew, static_cast<uint8_t>(anew.coder), anew.block.size()};
}

void Count(const ConvOp& from, const ConvOp& to, DeltaReport& report) {
  int64_t codes = static_cast<int64_t>(to.codes.size());
  if (from.codes.size() == to.codes.size()) {
    codes = 0;
    for (size_t i = 0; i < to.codes.size(); ++i) codes += from.codes[i] != to.codes[i] ? 1 : 0;
  }
  report.codes_changed += codes;
  const bool same =
      codes == 0 && from.alphabet == to.alphabet && from.bias == to.bias && from.shift == to.shift;
  report.layers_changed += same ? 0 : 1;
}

// Of one layer, all else of which is known.
Status DecodeLayer(ArithDecoder& coder, CodeMoves& moves, const LayerChange& change,
                   const ConvOp& from, const LayerSize& size, uint64_t payload, CodeBudget& budget,
                   uint64_t& may_unfold, ConvOp& to) {
  const auto codes = static_cast<uint64_t>(size.codes);
  if (change.codes != CodesMode::kAnew) {
    if (!SameShape(from, to) || codes != from.codes.size())
      return BadInput("the layer has another shape than the old one, whose codes it has");
    if (change.codes == CodesMode::kMoved)
      moves.Decode(coder, LayerOf(to, from.codes.size()), from.codes, to.codes);
    return {};
  }
  if (change.bytes > payload) return BadInput("a block of codes is larger than the delta");
  const bool raw = change.coder == static_cast<uint8_t>(CoderId::kRaw);
  if ((!raw && !budget.Take(codes, change.bytes)) || codes > may_unfold)
    return ResourceLimit("more codes than a block of that size may hold");
  may_unfold -= codes;
  std::vector<uint8_t> block(static_cast<size_t>(change.bytes));
  for (uint8_t& byte : block) byte = static_cast<uint8_t>(coder.GetBits(8));
  to.codes.assign(static_cast<size_t>(codes), 0);
  return DecodeCodes(kPlutVersion2, change.coder, block, to, to.alphabet, to.codes);
}

}  // namespace

bool SameStructure(const Program& a, const Program& b) {
  if (a.tensors.size() != b.tensors.size() || a.nodes.size() != b.nodes.size() ||
      a.input != b.input || a.outputs != b.outputs)
    return false;
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    if (a.tensors[i].dims != b.tensors[i].dims) return false;
  }
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    const Node &x = a.nodes[i], &y = b.nodes[i];
    if (x.op.index() != y.op.index() || x.inputs != y.inputs || x.output != y.output) return false;
    const auto* lookup = std::get_if<LookupOp>(&x.op);
    if (lookup != nullptr && lookup->table.size() != std::get<LookupOp>(y.op).table.size())
      return false;
  }
  return true;
}

std::optional<std::vector<uint8_t>> EncodeProgramDelta(const Program& from, const Program& to,
                                                       DeltaReport& report) {
  ArithEncoder coder;
  CodeMoves moves;
  CodeBudget budget;
  std::vector<LayerChange> layers;
  for (size_t i = 0; i < to.nodes.size(); ++i) {
    const auto* conv = std::get_if<ConvOp>(&to.nodes[i].op);
    if (conv == nullptr) continue;
    const auto& old = std::get<ConvOp>(from.nodes[i].op);
    layers.push_back(EncodeLayer(coder, moves, old, *conv, budget));
    Count(old, *conv, report);
  }
  HeadWriter writer;
  const auto fields = std::make_unique<DeltaCodec<HeadWriter, const Program>>(writer, from, to);
  const std::vector<LayerChange>& changes = layers;
  fields->Run(changes);
  const HeadLoad load = writer.load();
  const auto head = writer.Finish();
  if (load.text > HeadTextLimit(head.size()) || load.numbers > HeadNumberLimit(head.size()))
    return std::nullopt;
  Writer payload;
  payload.Varint(head.size());
  payload.Bytes(head);
  payload.Bytes(coder.Finish());
  return payload.Take();
}

Expected<Program> DecodeProgramDelta(const Program& from, std::span<const uint8_t> payload,
                                     const ProgramLimits& limits) {
  Reader outer(payload, kDeltaHeaderBytes, "payload");
  const uint64_t head_bytes = outer.Varint("size of fields");
  const auto head = outer.Bytes(head_bytes, "fields");
  const auto block = outer.Bytes(outer.remaining(), "codes");
  POTLUT_RETURN_IF_ERROR(outer.Finish());

  Program to = from;
  HeadReader reader(head, Unfold2Limit(payload.size()));
  std::vector<LayerChange> layers;
  const auto fields = std::make_unique<DeltaCodec<HeadReader, Program>>(reader, from, to);
  fields->Run(layers);
  POTLUT_RETURN_IF_ERROR(reader.Finish());

  ArithDecoder coder(block);
  CodeMoves moves;
  CodeBudget budget;
  uint64_t may_unfold = Unfold2Limit(payload.size());
  int64_t weights = 0;
  size_t layer = 0;
  for (size_t i = 0; i < to.nodes.size(); ++i) {
    auto* conv = std::get_if<ConvOp>(&to.nodes[i].op);
    if (conv == nullptr) continue;
    Status status;
    const auto size = LayerSizeOf(to, to.nodes[i], weights, limits);
    status = size.status();
    if (status.ok()) {
      status = DecodeLayer(coder, moves, layers[layer++], std::get<ConvOp>(from.nodes[i].op), *size,
                           block.size(), budget, may_unfold, *conv);
    }
    if (status.ok() && !coder.ok()) status = BadInput("the codes end too early");
    if (!status.ok())
      return Error{status.code(), Cat("layer '", from.nodes[i].name, "': ", status.message())};
  }
  POTLUT_RETURN_IF_ERROR(coder.Finish());
  return to;
}

}  // namespace potlut
