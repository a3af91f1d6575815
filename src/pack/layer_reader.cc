// Blocks in the order in which the head names them.
#include "pack/layer_reader.h"

#include "base/checked.h"
#include "base/text.h"
#include "pack/bits.h"
#include "pack/coder.h"

namespace potlut {

Expected<LayerReader> LayerReader::Open(const Shell2& shell, std::span<const uint8_t> head,
                                        const ProgramLimits& limits) {
  if ((shell.flags & ~kPlutLayeredFlag) != 0) {
    return Unsupported("file flags ", shell.flags, " (offset 10) are unknown; use a newer potlut");
  }
  LayerReader reader;
  POTLUT_ASSIGN_OR_RETURN(reader.head_, DecodeHead(head, limits));
  std::optional<uint64_t> end = shell.blocks_at() + kPlutTrailerBytes;
  for (const LayerBlock& block : reader.head_.blocks) {
    if (end) end = CheckedAdd(*end, block.bytes);
  }
  if (!end || *end != shell.file_bytes) {
    return BadInput("the head tells of blocks that do not make up the file's ", shell.file_bytes,
                    " bytes");
  }
  for (size_t n = 0; n < reader.head_.program.nodes.size(); ++n) {
    if (std::holds_alternative<ConvOp>(reader.head_.program.nodes[n].op))
      reader.nodes_.push_back(n);
  }
  return reader;
}

std::optional<uint64_t> LayerReader::NextSize() const {
  if (next_ == nodes_.size()) return std::nullopt;
  return head_.blocks[next_].bytes;
}

Status LayerReader::Next(std::span<const uint8_t> block) {
  Node& node = head_.program.nodes[nodes_[next_]];
  auto& conv = std::get<ConvOp>(node.op);
  const auto codes = static_cast<uint64_t>(head_.sizes[next_].codes);
  const uint8_t coder = head_.blocks[next_].coder;
  ++next_;
  const auto refused = [&](const Status& s) {
    return Status(s.code(), Cat("layer '", node.name, "': codes: ", s.message()));
  };
  // Raw codes are counted by their bytes, others were by the head's reader.
  if (coder == 0 && block.size() != PackedBytes(codes, conv.alphabet.bits)) {
    return refused(BadInput(codes, " raw codes of ", conv.alphabet.bits, " bits take ",
                            PackedBytes(codes, conv.alphabet.bits), " bytes, not ", block.size()));
  }
  conv.codes.resize(codes);
  if (const Status s = DecodeCodes(2, coder, block, conv, conv.codes); !s.ok()) return refused(s);
  return {};
}

std::vector<LayerBytes> LayerReader::Layers() const {
  std::vector<LayerBytes> layers;
  for (size_t k = 0; k < next_; ++k) {
    layers.push_back(
        BytesOf(head_.program, nodes_[k], CoderId{head_.blocks[k].coder}, head_.blocks[k].bytes));
  }
  return layers;
}

}  // namespace potlut
