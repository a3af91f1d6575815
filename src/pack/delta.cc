// The outside of a delta, and the choice between its methods.
#include "pack/delta.h"

#include <algorithm>
#include <new>
#include <optional>

#include "base/crc32c.h"
#include "base/text.h"
#include "pack/delta_bytes.h"
#include "pack/delta_program.h"
#include "pack/head.h"
#include "pack/shell.h"
#include "pack/wire.h"

namespace potlut {
namespace {

constexpr std::array<uint8_t, 8> kDeltaMagic = {0x89, 'P', 'L', 'U', 'D', '\r', '\n', 0x1A};
constexpr uint16_t kDeltaVersion = 1;
constexpr uint8_t kStoredCodes = 3;  // in the place of an effort
constexpr uint8_t kVersion1Packing = 1 << 5;

std::string Hex(const Sha256Digest& digest) {
  std::string out;
  for (const uint8_t byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

uint64_t LoadU64(std::span<const uint8_t> bytes, uint64_t at) {
  return LoadU32(bytes, at) | uint64_t{LoadU32(bytes, at + 4)} << 32;
}

// Bits 0..1 of a packing: effort, or 3 for codes that are stored; 2..4: bits of the low reading;
// 5: version 1.
Expected<PackOptions> OptionsOf(uint8_t packing) {
  PackOptions options;
  const uint8_t effort = packing & 3, low = packing >> 2 & 7;
  const bool first = (packing & kVersion1Packing) != 0;
  if (packing > 63 || low == 1 || (first && (low > 0 || (effort != 0 && effort != kStoredCodes))))
    return Unsupported("packing ", int{packing}, " (offset 11) is unknown; use a newer potlut");
  options.entropy_code = effort != kStoredCodes;
  if (options.entropy_code) options.effort = Effort{effort};
  options.low_bits = low;
  options.version = first ? kPlutVersion1 : kPlutVersion2;
  return options;
}

// What may have packed a file, the likeliest first.
Expected<std::vector<uint8_t>> LikelyPackings(std::span<const uint8_t> file,
                                              const ProgramLimits& limits) {
  constexpr auto kFast = static_cast<uint8_t>(Effort::kFast);
  if (PlutVersionOf(file) == kPlutVersion1)
    return std::vector<uint8_t>{kVersion1Packing, kVersion1Packing | kStoredCodes};
  POTLUT_ASSIGN_OR_RETURN(const Shell2 shell, CheckShell2(file));
  const auto bytes = file.subspan(static_cast<size_t>(shell.head_at()), shell.head_bytes);
  POTLUT_ASSIGN_OR_RETURN(const Head head, DecodeHead(bytes, shell.layered(), limits));
  uint8_t low = 0;
  for (const LowReading& reading : head.low) {
    if (reading.layered) low = static_cast<uint8_t>(reading.alphabet.bits << 2);
  }
  const auto has = [&](CoderId coder) {
    return std::any_of(head.blocks.begin(), head.blocks.end(), [&](const LayerBlock& block) {
      return block.coder == static_cast<uint8_t>(coder);
    });
  };
  std::vector<uint8_t> packings;
  // Where no layer came out best by context, no effort differs from fast.
  if (has(CoderId::kContext)) {
    packings = {static_cast<uint8_t>(Effort::kDefault), static_cast<uint8_t>(Effort::kSmall)};
  } else if (has(CoderId::kAns2)) {
    packings = {kFast};
  } else {
    packings = {kStoredCodes, kFast};
  }
  for (uint8_t& packing : packings) packing |= low;
  return packings;
}

// How `file` was packed from `program`, where this can be done again.
Expected<std::optional<uint8_t>> FindPacking(std::span<const uint8_t> file, const Program& program,
                                             const ProgramLimits& limits) {
  POTLUT_ASSIGN_OR_RETURN(const auto packings, LikelyPackings(file, limits));
  for (const uint8_t packing : packings) {
    POTLUT_ASSIGN_OR_RETURN(const PackOptions options, OptionsOf(packing));
    const auto packed = Pack(program, options);
    if (packed.ok() && std::equal(packed->begin(), packed->end(), file.begin(), file.end()))
      return std::optional<uint8_t>(packing);
  }
  return std::optional<uint8_t>();
}

std::vector<uint8_t> Wrap(const DeltaHeader& header, std::span<const uint8_t> payload) {
  Writer w;
  w.Bytes(kDeltaMagic);
  w.U16(kDeltaVersion);
  w.U8(static_cast<uint8_t>(header.method));
  w.U8(header.packing);
  w.U64(kDeltaHeaderBytes + payload.size() + kDeltaTrailerBytes);
  w.U64(header.old_bytes);
  w.Bytes(header.old_digest);
  w.U64(header.new_bytes);
  w.Bytes(header.new_digest);
  w.Bytes(payload);
  w.U32(Crc32c(w.bytes()));
  return w.Take();
}

Error Prefixed(std::string_view what, const Error& error) {
  return {error.code, Cat(what, error.message)};
}

void CountAll(const Program& program, DeltaReport& report) {
  for (const Node& node : program.nodes) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    ++report.layers;
    report.weights += CostOf(program, node).weights;
  }
}

Expected<std::vector<uint8_t>> Make(std::span<const uint8_t> old_file,
                                    std::span<const uint8_t> new_file, const ProgramLimits& limits,
                                    DeltaReport& report) {
  const auto from = Unpack(old_file, limits);
  if (!from.ok()) return Prefixed("old file: ", from.error());
  const auto to = Unpack(new_file, limits);
  if (!to.ok()) return Prefixed("new file: ", to.error());
  CountAll(*to, report);
  DeltaHeader header;
  header.old_bytes = old_file.size();
  header.new_bytes = new_file.size();
  header.old_digest = Sha256(old_file);
  header.new_digest = Sha256(new_file);

  header.method = DeltaMethod::kWhole;
  std::vector<uint8_t> payload(new_file.begin(), new_file.end());
  const auto consider = [&](DeltaMethod method, std::vector<uint8_t> other) {
    if (other.size() >= payload.size()) return;
    header.method = method;
    payload = std::move(other);
  };
  auto bytes = EncodeByteDelta(old_file, new_file);
  if (ByteDeltaAllows(old_file.size(), bytes.size(), new_file.size()))
    consider(DeltaMethod::kBytes, std::move(bytes));
  const bool same_structure = SameStructure(*from, *to);
  if (!same_structure) {
    report.layers_changed = report.layers;
    for (const Node& node : to->nodes) {
      if (const auto* conv = std::get_if<ConvOp>(&node.op))
        report.codes_changed += static_cast<int64_t>(conv->codes.size());
    }
  } else {
    POTLUT_ASSIGN_OR_RETURN(const auto packing, FindPacking(new_file, *to, limits));
    auto changes = EncodeProgramDelta(*from, *to, report);
    if (packing && changes) {
      header.packing = *packing;
      consider(DeltaMethod::kProgram, std::move(*changes));
    }
  }
  if (header.method != DeltaMethod::kProgram) header.packing = 0;
  report.method = header.method;
  auto delta = Wrap(header, payload);
  report.bytes = static_cast<int64_t>(delta.size());
  return delta;
}

Expected<std::vector<uint8_t>> MakeNew(const DeltaHeader& header, std::span<const uint8_t> payload,
                                       std::span<const uint8_t> old_file,
                                       const ProgramLimits& limits) {
  if (header.method == DeltaMethod::kWhole)
    return std::vector<uint8_t>(payload.begin(), payload.end());
  if (header.method == DeltaMethod::kBytes) {
    if (!ByteDeltaAllows(old_file.size(), payload.size(), header.new_bytes)) {
      return ResourceLimit("a file of ", header.new_bytes,
                           " bytes (offset 60) is more than files and deltas of these sizes make");
    }
    return DecodeByteDelta(old_file, payload, header.new_bytes);
  }
  POTLUT_ASSIGN_OR_RETURN(const PackOptions options, OptionsOf(header.packing));
  const auto from = Unpack(old_file, limits);
  if (!from.ok()) return Prefixed("old file: ", from.error());
  POTLUT_ASSIGN_OR_RETURN(const Program to, DecodeProgramDelta(*from, payload, limits));
  POTLUT_RETURN_IF_ERROR(Validate(to, limits));
  return Pack(to, options);
}

}  // namespace

std::string_view DeltaMethodName(DeltaMethod method) {
  return method == DeltaMethod::kProgram ? "program"
         : method == DeltaMethod::kBytes ? "bytes"
                                         : "whole";
}

bool LooksLikeDelta(std::span<const uint8_t> bytes) {
  return bytes.size() >= kDeltaMagic.size() &&
         std::equal(kDeltaMagic.begin(), kDeltaMagic.end(), bytes.begin());
}

void RepairDelta(std::span<uint8_t> delta) {
  if (delta.size() < kDeltaTrailerBytes) return;
  const size_t at = delta.size() - kDeltaTrailerBytes;
  StoreU32(delta, at, Crc32c(delta.first(at)));
}

Expected<DeltaHeader> ReadDeltaHeader(std::span<const uint8_t> delta) {
  if (!LooksLikeDelta(delta))
    return BadInput("not a delta: the magic number at offset 0 is missing");
  if (delta.size() < kDeltaHeaderBytes + kDeltaTrailerBytes)
    return BadInput("the delta ends inside of its header (", delta.size(), " bytes)");
  const int version = delta[8] | delta[9] << 8;
  if (version != kDeltaVersion) {
    return Unsupported("delta version ", version,
                       " (offset 8) is unknown to this reader, which knows version 1; use a newer "
                       "potlut");
  }
  DeltaHeader header;
  header.bytes = LoadU64(delta, 12);
  if (header.bytes != delta.size()) {
    return BadInput(
        "the header (offset 12) says ", header.bytes, " bytes but the delta has ", delta.size(),
        header.bytes > delta.size() ? ": it was truncated" : ": something was appended");
  }
  const size_t end = delta.size() - kDeltaTrailerBytes;
  if (LoadU32(delta, end) != Crc32c(delta.first(end)))
    return BadInput("the delta does not match its checksum at offset ", end);
  if (delta[10] > static_cast<uint8_t>(DeltaMethod::kWhole))
    return Unsupported("method ", int{delta[10]}, " (offset 10) is unknown; use a newer potlut");
  header.method = DeltaMethod{delta[10]};
  header.packing = delta[11];
  if (header.method != DeltaMethod::kProgram && header.packing != 0)
    return Unsupported("packing ", int{header.packing}, " (offset 11) is unknown to this method");
  header.old_bytes = LoadU64(delta, 20);
  header.new_bytes = LoadU64(delta, 60);
  std::copy_n(delta.begin() + 28, 32, header.old_digest.begin());
  std::copy_n(delta.begin() + 68, 32, header.new_digest.begin());
  return header;
}

Expected<std::vector<uint8_t>> MakeDelta(std::span<const uint8_t> old_file,
                                         std::span<const uint8_t> new_file,
                                         const ProgramLimits& limits, DeltaReport* report) try {
  DeltaReport made;
  auto delta = Make(old_file, new_file, limits, made);
  if (report != nullptr) *report = made;
  return delta;
} catch (const std::bad_alloc&) {
  return ResourceLimit("not enough memory for these programs");
}

Expected<std::vector<uint8_t>> ApplyDelta(std::span<const uint8_t> old_file,
                                          std::span<const uint8_t> delta,
                                          const ProgramLimits& limits) try {
  POTLUT_ASSIGN_OR_RETURN(const DeltaHeader header, ReadDeltaHeader(delta));
  const Sha256Digest digest = Sha256(old_file);
  if (header.old_bytes != old_file.size() || header.old_digest != digest) {
    return BadInput("the delta is for another file, of ", header.old_bytes, " bytes and SHA-256 ",
                    Hex(header.old_digest), "; this one has ", old_file.size(), " and ",
                    Hex(digest));
  }
  const auto payload =
      delta.subspan(kDeltaHeaderBytes, delta.size() - kDeltaHeaderBytes - kDeltaTrailerBytes);
  auto made = MakeNew(header, payload, old_file, limits);
  if (!made.ok()) return Prefixed("the delta: ", made.error());
  if (made->size() != header.new_bytes || Sha256(*made) != header.new_digest) {
    return BadInput(
        "what the delta makes is not the file that it names: a potlut that packs otherwise made "
        "it, or somebody changed it; fetch the whole file");
  }
  // Of a program that is so already, since Pack has validated it.
  if (header.method != DeltaMethod::kProgram) {
    const auto program = Unpack(*made, limits);
    if (!program.ok()) return Prefixed("the file that the delta makes: ", program.error());
  }
  return made;
} catch (const std::bad_alloc&) {
  return ResourceLimit("not enough memory to apply the delta");
}

}  // namespace potlut
