// Reads whole files; a pipe is a file too.
#include "cli/plut_file.h"

#include "base/text.h"

namespace potlut::cli {

Expected<PlutFile> ReadPlut(const std::string& path, int low_bits) {
  const bool stdin_ = path == "-";
  PlutFile file;
  POTLUT_ASSIGN_OR_RETURN(file.bytes, ReadFile(stdin_ ? "/dev/stdin" : path));
  auto program = low_bits == 0 ? Unpack(file.bytes, {}, &file.layers)
                               : UnpackLow(file.bytes, low_bits, {}, &file.layers);
  if (!program.ok()) {
    return Error{program.error().code, Cat(stdin_ ? "stdin" : path, ": ", program.error().message)};
  }
  file.program = std::move(*program);
  return file;
}

}  // namespace potlut::cli
