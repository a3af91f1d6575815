// Takes a version 2 file apart behind its head: one block of codes after another, whole or from a
// stream.
#pragma once

#include <optional>

#include "pack/head.h"
#include "pack/shell.h"

namespace potlut {

class LayerReader {
 public:
  // `head`: shell.head_bytes bytes that match their checksum. `low`: only what the low reading of a
  // layered file needs is read. Errors: those of DecodeHead; kUnsupported for unknown flags;
  // kBadInput where the blocks that the head names do not make up the file.
  static Expected<LayerReader> Open(const Shell2& shell, std::span<const uint8_t> head, bool low,
                                    const ProgramLimits& limits);

  // Bytes of the block that comes next; nothing after the last.
  std::optional<uint64_t> NextSize() const;
  // Whether the first part of a layered file has just ended, and its checksum comes next.
  bool AtLowEnd() const { return !head_.low.empty() && next_ == nodes_.size(); }
  // Decodes it. Memory for its codes is taken now, bounded by the block's size. Errors: those of
  // DecodeCodes and DecodeRefinement, with the layer's name.
  Status Next(std::span<const uint8_t> block);

  // Of the layers read so far, refined or not.
  std::vector<LayerBytes> Layers() const;
  const Head& head() const { return head_; }
  // All that was read, what it means unchecked; where only the low reading was asked for, that.
  // Errors: those of ApplyLowReading, with the layer's name.
  Expected<Program> Take() &&;

 private:
  Status Base(size_t layer, std::span<const uint8_t> block);
  Status Refine(size_t layer, std::span<const uint8_t> block);

  Head head_;
  std::vector<size_t> nodes_;    // of the layers
  std::vector<size_t> refined_;  // layers that have refinements and are to get them
  size_t next_ = 0;              // block: bases first
  bool low_ = false;
};

}  // namespace potlut
