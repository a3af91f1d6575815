// Header, section table and checksums.
#include "pack/container.h"

#include <algorithm>

#include "base/crc32c.h"
#include "base/text.h"
#include "pack/shell.h"
#include "pack/wire.h"

namespace potlut {
namespace {

constexpr uint64_t AlignUp(uint64_t n) {
  return (n + kPlutAlignment - 1) / kPlutAlignment * kPlutAlignment;
}

uint64_t LoadLittle(std::span<const uint8_t> bytes, uint64_t offset, int size) {
  uint64_t v = 0;
  for (int i = 0; i < size; ++i) v |= uint64_t{bytes[offset + static_cast<uint64_t>(i)]} << (8 * i);
  return v;
}

struct Entry {
  uint64_t kind, flags, offset, size;
  uint32_t crc;
};

Entry LoadEntry(std::span<const uint8_t> file, uint64_t index) {
  const uint64_t at = kPlutHeaderBytes + index * kPlutEntryBytes;
  return {LoadLittle(file, at, 2), LoadLittle(file, at + 2, 2), LoadLittle(file, at + 4, 8),
          LoadLittle(file, at + 12, 8), static_cast<uint32_t>(LoadLittle(file, at + 20, 4))};
}

Status CheckZero(std::span<const uint8_t> file, uint64_t begin, uint64_t end) {
  for (uint64_t i = begin; i < end; ++i) {
    if (file[i] != 0) return BadInput("padding at offset ", i, " is not zero");
  }
  return {};
}

// Everything before the section table.
Status CheckHeader(std::span<const uint8_t> file) {
  const size_t magic = std::min(file.size(), kPlutMagic.size());
  if (magic == 0 ||
      !std::equal(file.begin(), file.begin() + static_cast<ptrdiff_t>(magic), kPlutMagic.begin())) {
    return BadInput("not a .plut file: the magic number at offset 0 is missing");
  }
  if (file.size() < kPlutHeaderBytes) {
    return BadInput("the file ends inside of its header (", file.size(), " of ", kPlutHeaderBytes,
                    " bytes)");
  }
  const uint64_t version = LoadLittle(file, 8, 2);
  if (version != kPlutVersion1) {
    return Unsupported("version ", version,
                       " (offset 8) is unknown to this reader, which knows version ", kPlutVersion1,
                       "; use a newer potlut");
  }
  const uint64_t total = LoadLittle(file, 16, 8);
  if (total != file.size()) {
    return BadInput("the header (offset 16) says ", total, " bytes but the file has ", file.size(),
                    total > file.size() ? ": it was truncated" : ": something was appended");
  }
  return {};
}

// Flags and kinds, once the header's checksum is known to be right.
Status CheckTable(std::span<const uint8_t> file, uint64_t count) {
  const uint64_t flags = LoadLittle(file, 12, 4);
  if (flags != 0)
    return Unsupported("file flags ", flags, " (offset 12) are unknown; use a newer potlut");
  for (uint64_t i = 0; i < count; ++i) {
    const Entry entry = LoadEntry(file, i);
    const uint64_t at = kPlutHeaderBytes + i * kPlutEntryBytes;
    if (entry.kind < 1 || entry.kind > kSectionCount) {
      return Unsupported("section kind ", entry.kind, " (offset ", at,
                         ") is unknown; use a newer potlut");
    }
    if (entry.kind != i + 1) {
      return BadInput("the section table has '", kSectionNames[entry.kind - 1], "' (offset ", at,
                      ") where '", i < kSectionCount ? kSectionNames[i] : "nothing", "' belongs");
    }
    if (entry.flags != 0) {
      return Unsupported("flags ", entry.flags, " of the ", kSectionNames[i], " section (offset ",
                         at + 2, ") are unknown; use a newer potlut");
    }
  }
  if (count < kSectionCount) return BadInput("the '", kSectionNames[count], "' section is missing");
  return {};
}

}  // namespace

std::vector<uint8_t> WriteContainer(const SectionPayloads& payloads) {
  std::array<uint64_t, kSectionCount> offsets;
  uint64_t end = kPlutHeaderBytes + kSectionCount * kPlutEntryBytes + 4;
  for (size_t i = 0; i < kSectionCount; ++i) {
    offsets[i] = AlignUp(end);
    end = offsets[i] + payloads[i].size();
  }
  Writer w;
  w.Bytes(kPlutMagic);
  w.U16(kPlutVersion1);
  w.U16(kSectionCount);
  w.U32(0);  // flags
  w.U64(end + kPlutTrailerBytes);
  for (size_t i = 0; i < kSectionCount; ++i) {
    w.U16(static_cast<uint16_t>(i + 1));
    w.U16(0);  // flags
    w.U64(offsets[i]);
    w.U64(payloads[i].size());
    w.U32(Crc32c(payloads[i]));
  }
  w.U32(Crc32c(w.bytes()));
  for (size_t i = 0; i < kSectionCount; ++i) {
    while (w.size() < offsets[i]) w.U8(0);
    w.Bytes(payloads[i]);
  }
  w.U32(Crc32c(w.bytes()));
  return w.Take();
}

Expected<SectionViews> ReadContainer(std::span<const uint8_t> file) {
  POTLUT_RETURN_IF_ERROR(CheckHeader(file));
  const uint64_t count = LoadLittle(file, 10, 2);
  const uint64_t table_end = kPlutHeaderBytes + count * kPlutEntryBytes;
  if (table_end + 4 > file.size()) {
    return BadInput("a table of ", count, " sections (offset 10) does not fit into ", file.size(),
                    " bytes");
  }
  if (LoadLittle(file, table_end, 4) != Crc32c(file.first(table_end))) {
    return BadInput("header and section table do not match their checksum (offset ", table_end,
                    ")");
  }
  POTLUT_RETURN_IF_ERROR(CheckTable(file, count));

  SectionViews views;
  uint64_t end = table_end + 4;
  const uint64_t limit = file.size() - kPlutTrailerBytes;
  for (size_t i = 0; i < kSectionCount; ++i) {
    const Entry entry = LoadEntry(file, i);
    const uint64_t begin = AlignUp(end);
    if (entry.offset != begin) {
      return BadInput("the ", kSectionNames[i], " section is said to begin at offset ",
                      entry.offset, " but ", begin,
                      " is next: sections may neither overlap nor leave holes");
    }
    if (begin > limit || entry.size > limit - begin) {
      return BadInput("the ", kSectionNames[i], " section of ", entry.size, " bytes at offset ",
                      begin, " does not fit into the file's ", file.size(), " bytes");
    }
    POTLUT_RETURN_IF_ERROR(CheckZero(file, end, begin));
    views[i] = {file.subspan(begin, entry.size), begin};
    if (Crc32c(views[i].bytes) != entry.crc) {
      return BadInput("the ", kSectionNames[i], " section at offset ", begin,
                      " does not match its checksum");
    }
    end = begin + entry.size;
  }
  if (end != limit) {
    return BadInput("the last section ends at offset ", end, " but ", limit,
                    " is the file's checksum: sections may not leave holes");
  }
  if (LoadLittle(file, limit, 4) != Crc32c(file.first(limit))) {
    return BadInput("the file does not match its checksum at offset ", limit);
  }
  return views;
}

void RepairChecksums(std::span<uint8_t> file) {
  if (PlutVersionOf(file) == kPlutVersion2) return RepairShell2(file);
  if (file.size() < kPlutHeaderBytes + 4 + kPlutTrailerBytes) return;
  const uint64_t count = LoadLittle(file, 10, 2);
  const uint64_t table_end = kPlutHeaderBytes + count * kPlutEntryBytes;
  if (table_end + 4 + kPlutTrailerBytes > file.size()) return;
  for (uint64_t i = 0; i < count; ++i) {
    const Entry entry = LoadEntry(file, i);
    if (entry.offset > file.size() || entry.size > file.size() - entry.offset) continue;
    StoreU32(file, kPlutHeaderBytes + i * kPlutEntryBytes + 20,
             Crc32c(file.subspan(entry.offset, entry.size)));
  }
  StoreU32(file, table_end, Crc32c(file.first(table_end)));
  const uint64_t limit = file.size() - kPlutTrailerBytes;
  StoreU32(file, limit, Crc32c(file.first(limit)));
}

}  // namespace potlut
