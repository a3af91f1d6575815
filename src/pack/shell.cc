// Beginning and checksums of version 2.
#include "pack/shell.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/text.h"
#include "pack/wire.h"

namespace potlut {
namespace {

uint64_t Load(std::span<const uint8_t> bytes, size_t offset, size_t size) {
  uint64_t v = 0;
  for (size_t i = 0; i < size; ++i) v |= uint64_t{bytes[offset + i]} << (8 * i);
  return v;
}

}  // namespace

uint32_t LoadU32(std::span<const uint8_t> bytes, uint64_t offset) {
  return static_cast<uint32_t>(Load(bytes, static_cast<size_t>(offset), 4));
}

void StoreU32(std::span<uint8_t> bytes, uint64_t offset, uint32_t v) {
  for (uint64_t i = 0; i < 4; ++i) bytes[offset + i] = static_cast<uint8_t>(v >> (8 * i));
}

void RepairShell2(std::span<uint8_t> file) {
  const auto shell = ReadShell2(file);
  if (!shell.ok() || file.size() < shell->head_at() + 2 * kPlutTrailerBytes) return;
  const auto repair = [&](uint64_t at) {
    if (at <= file.size() - kPlutTrailerBytes)
      StoreU32(file, at, Crc32c(file.first(static_cast<size_t>(at))));
  };
  repair(shell->blocks_at() - kPlutTrailerBytes);
  if (shell->low_bytes > shell->blocks_at()) repair(shell->low_bytes - kPlutTrailerBytes);
  repair(file.size() - kPlutTrailerBytes);
}

uint16_t PlutVersionOf(std::span<const uint8_t> file) {
  return file.size() < 10 ? 0 : static_cast<uint16_t>(Load(file, 8, 2));
}

std::vector<uint8_t> WriteShell2(uint16_t flags, std::span<const uint8_t> head,
                                 std::span<const std::vector<uint8_t>> parts) {
  const bool layered = parts.size() > 1;
  const uint64_t low = kPlutShellBytes + (layered ? kPlutLowBytes : 0) + head.size() +
                       parts[0].size() + 2 * kPlutTrailerBytes;
  const uint64_t size = low + (layered ? parts[1].size() + kPlutTrailerBytes : 0);
  Writer w;
  w.Bytes(kPlutMagic);
  w.U16(kPlutVersion2);
  w.U16(flags);
  w.U32(static_cast<uint32_t>(head.size()));
  w.U64(size);
  if (layered) w.U64(low);
  w.Bytes(head);
  w.U32(Crc32c(w.bytes()));
  for (const auto& part : parts) {
    w.Bytes(part);
    w.U32(Crc32c(w.bytes()));
  }
  return w.Take();
}

Expected<Shell2> ReadShell2(std::span<const uint8_t> bytes) {
  const size_t magic = std::min(bytes.size(), kPlutMagic.size());
  if (magic == 0 || !std::equal(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(magic),
                                kPlutMagic.begin())) {
    return BadInput("not a .plut file: the magic number at offset 0 is missing");
  }
  if (bytes.size() < kPlutShellBytes) {
    return BadInput("the file ends inside of its header (", bytes.size(), " of ", kPlutShellBytes,
                    " bytes)");
  }
  const uint64_t version = Load(bytes, 8, 2);
  if (version != kPlutVersion2) {
    return Unsupported("version ", version,
                       " (offset 8) is unknown to this reader, which knows versions 1 and 2; use a "
                       "newer potlut");
  }
  Shell2 shell;
  shell.flags = static_cast<uint16_t>(Load(bytes, 10, 2));
  shell.head_bytes = LoadU32(bytes, 12);
  shell.file_bytes = Load(bytes, 16, 8);
  if (shell.layered() && bytes.size() >= kPlutShellBytes + kPlutLowBytes)
    shell.low_bytes = Load(bytes, kPlutShellBytes, 8);
  return shell;
}

Expected<Shell2> CheckShell2(std::span<const uint8_t> file, bool low) {
  POTLUT_ASSIGN_OR_RETURN(const Shell2 shell, ReadShell2(file));
  const bool part = low && shell.layered() && file.size() == shell.low_bytes;
  if (shell.file_bytes != file.size() && !part) {
    return BadInput(
        "the header (offset 16) says ", shell.file_bytes, " bytes but the file has ", file.size(),
        shell.file_bytes > file.size() ? ": it was truncated" : ": something was appended");
  }
  const uint64_t least = shell.blocks_at() + kPlutTrailerBytes;
  if (least > file.size()) {
    return BadInput("a head of ", shell.head_bytes, " bytes (offset 12) does not fit into ",
                    file.size(), " bytes");
  }
  const auto check = [&](uint64_t at, std::string_view what) -> Status {
    if (LoadU32(file, at) == Crc32c(file.first(static_cast<size_t>(at)))) return {};
    return BadInput("the ", what, " does not match its checksum at offset ", at);
  };
  POTLUT_RETURN_IF_ERROR(check(file.size() - kPlutTrailerBytes, "file"));
  POTLUT_RETURN_IF_ERROR(check(shell.blocks_at() - kPlutTrailerBytes, "head"));
  if (shell.layered()) {
    if (shell.low_bytes < least || shell.low_bytes > file.size()) {
      return BadInput("a low reading of ", shell.low_bytes,
                      " bytes (offset 24) is not within the file");
    }
    POTLUT_RETURN_IF_ERROR(check(shell.low_bytes - kPlutTrailerBytes, "low reading"));
  }
  return shell;
}

}  // namespace potlut
