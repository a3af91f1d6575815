// Takes a version 2 file apart behind its head: one block of codes after another, whole or from a
// stream.
#pragma once

#include <optional>

#include "pack/head.h"
#include "pack/shell.h"

namespace potlut {

class LayerReader {
 public:
  // `head`: shell.head_bytes bytes that match their checksum. Errors: those of DecodeHead;
  // kBadInput where the blocks that the head names do not make up the file.
  static Expected<LayerReader> Open(const Shell2& shell, std::span<const uint8_t> head,
                                    const ProgramLimits& limits);

  // Bytes of the block that comes next; nothing after the last.
  std::optional<uint64_t> NextSize() const;
  // Decodes it. Memory for its codes is taken now, bounded by the block's size. Errors: those of
  // DecodeCodes, with the layer's name.
  Status Next(std::span<const uint8_t> block);

  // Of the layers read so far.
  std::vector<LayerBytes> Layers() const;
  // All that was read; what it means is not checked.
  Program Take() && { return std::move(head_.program); }

 private:
  Head head_;
  std::vector<size_t> nodes_;  // of the layers
  size_t next_ = 0;
};

}  // namespace potlut
