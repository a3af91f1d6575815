// Reads a .plut file from bytes as they arrive, layer by layer.
//
// Of version 2 it keeps, beside the program so far, the bytes of the head or of one block of codes:
// at most the largest layer and 1 MiB. Files of version 1, in which the weights are one section,
// are kept whole until their end.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "pack/plut.h"

namespace potlut {

struct StreamOptions {
  ProgramLimits limits = {};
  // The low reading of a layered file is wanted, of `low_bits` bits or (0) whatever it has: the
  // stream is complete when that is, and what follows is ignored.
  bool low = false;
  int low_bits = 0;
};

class PlutStream {
 public:
  explicit PlutStream(const StreamOptions& options = {});
  PlutStream(PlutStream&&) noexcept;
  PlutStream& operator=(PlutStream&&) noexcept;
  ~PlutStream();

  // The next bytes, as many as there are; not needed after the call. The first failure stays.
  // Errors: those of Unpack and UnpackLow, as early as they can be known; kBadInput for bytes after
  // the file's end.
  Status Feed(std::span<const uint8_t> bytes);

  // All was there, and its checksum matched.
  bool complete() const;
  // Bytes that the whole file has (or its low reading, where that was asked for); 0 before that is
  // known.
  uint64_t expected_bytes() const;

  // The program, validated. Errors: those of Feed; kBadInput where the file ended too early. The
  // stream is then used up.
  Expected<Program> Finish();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace potlut
