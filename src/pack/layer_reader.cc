// Blocks in the order in which the head names them.
#include "pack/layer_reader.h"

#include <algorithm>

#include "base/checked.h"
#include "base/text.h"
#include "pack/bits.h"
#include "pack/coder.h"
#include "pack/refinement.h"

namespace potlut {

namespace {

Status Refused(const Node& node, const Status& s) {
  return {s.code(), Cat("layer '", node.name, "': codes: ", s.message())};
}

}  // namespace

Expected<LayerReader> LayerReader::Open(const Shell2& shell, std::span<const uint8_t> head,
                                        bool low, const ProgramLimits& limits) {
  if ((shell.flags & ~kPlutLayeredFlag) != 0) {
    return Unsupported("file flags ", shell.flags, " (offset 10) are unknown; use a newer potlut");
  }
  LayerReader reader;
  reader.low_ = low && shell.layered();
  POTLUT_ASSIGN_OR_RETURN(reader.head_, DecodeHead(head, shell.layered(), limits));
  std::optional<uint64_t> base = shell.blocks_at() + kPlutTrailerBytes, rest = 0;
  for (const LayerBlock& block : reader.head_.blocks) {
    if (base) base = CheckedAdd(*base, block.bytes);
    if (rest) rest = CheckedAdd(*rest, block.refinement_bytes);
  }
  if (rest && shell.layered()) rest = CheckedAdd(*rest, uint64_t{kPlutTrailerBytes});
  if (rest && base) rest = CheckedAdd(*rest, *base);
  if (!base || !rest || *rest != shell.file_bytes ||
      (shell.layered() && *base != shell.low_bytes)) {
    return BadInput("the head tells of blocks that do not make up the file's ", shell.file_bytes,
                    " bytes");
  }
  const auto& nodes = reader.head_.program.nodes;
  for (size_t n = 0; n < nodes.size(); ++n) {
    if (!std::holds_alternative<ConvOp>(nodes[n].op)) continue;
    const size_t layer = reader.nodes_.size();
    if (shell.layered() && !low && reader.head_.low[layer].layered)
      reader.refined_.push_back(layer);
    reader.nodes_.push_back(n);
  }
  return reader;
}

std::optional<uint64_t> LayerReader::NextSize() const {
  if (next_ < nodes_.size()) return head_.blocks[next_].bytes;
  const size_t k = next_ - nodes_.size();
  if (k < refined_.size()) return head_.blocks[refined_[k]].refinement_bytes;
  return std::nullopt;
}

Status LayerReader::Next(std::span<const uint8_t> block) {
  const size_t k = next_++;
  return k < nodes_.size() ? Base(k, block) : Refine(refined_[k - nodes_.size()], block);
}

Status LayerReader::Base(size_t layer, std::span<const uint8_t> block) {
  Node& node = head_.program.nodes[nodes_[layer]];
  auto& conv = std::get<ConvOp>(node.op);
  const auto codes = static_cast<uint64_t>(head_.sizes[layer].codes);
  const uint8_t coder = head_.blocks[layer].coder;
  const bool layered = !head_.low.empty() && head_.low[layer].layered;
  const Alphabet& alphabet = layered ? head_.low[layer].alphabet : conv.alphabet;
  // Raw codes are bounded by their bytes, others were by the head's reader.
  const uint64_t raw = PackedBytes(codes, alphabet.bits);
  if (coder == 0 ? block.size() != raw : block.size() >= raw) {
    return Refused(node, BadInput(codes, coder == 0 ? " raw" : " coded", " codes of ",
                                  alphabet.bits, " bits take ", coder == 0 ? "" : "fewer than ",
                                  raw, " bytes, not ", block.size()));
  }
  conv.codes.resize(codes);
  const Status s = DecodeCodes(2, coder, block, conv, alphabet, conv.codes);
  return s.ok() ? s : Refused(node, s);
}

Status LayerReader::Refine(size_t layer, std::span<const uint8_t> block) {
  Node& node = head_.program.nodes[nodes_[layer]];
  auto& conv = std::get<ConvOp>(node.op);
  const Status s = DecodeRefinement(block, conv.alphabet, head_.low[layer],
                                    PerTap(conv, conv.codes.size()), conv.codes);
  return s.ok() ? s : Refused(node, s);
}

std::vector<LayerBytes> LayerReader::Layers() const {
  std::vector<LayerBytes> layers;
  for (size_t k = 0; k < std::min(next_, nodes_.size()); ++k) {
    const LayerBlock& block = head_.blocks[k];
    layers.push_back(BytesOf(head_.program, nodes_[k], CoderId{block.coder},
                             block.bytes + (low_ ? 0 : block.refinement_bytes)));
    if (!head_.low.empty()) layers.back().low_bytes = static_cast<int64_t>(block.bytes);
  }
  return layers;
}

Expected<Program> LayerReader::Take() && {
  for (size_t k = 0; low_ && k < nodes_.size(); ++k) {
    Node& node = head_.program.nodes[nodes_[k]];
    if (const Status s = ApplyLowReading(std::get<ConvOp>(node.op), head_.low[k]); !s.ok())
      return Refused(node, s);
  }
  return std::move(head_.program);
}

}  // namespace potlut
