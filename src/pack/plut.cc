// Whole .plut files: validate, encode, wrap; unwrap, decode, validate.
#include "pack/plut.h"

#include <algorithm>
#include <new>

#include "base/file.h"
#include "base/text.h"
#include "pack/bits.h"
#include "pack/coder.h"
#include "pack/container.h"
#include "pack/layer_reader.h"
#include "pack/refinement.h"
#include "pack/sections.h"

namespace potlut {
namespace {

Error OutOfMemory() { return ResourceLimit("not enough memory for this program"); }

Expected<std::vector<uint8_t>> PackSections(const Program& program, const PackOptions& options,
                                            uint64_t max_codes_per_byte,
                                            std::vector<LayerBytes>* layers) {
  if (layers != nullptr) layers->clear();
  POTLUT_ASSIGN_OR_RETURN(const auto payloads,
                          EncodeSections(program, options, max_codes_per_byte, layers));
  return WriteContainer(payloads);
}

Expected<std::vector<uint8_t>> PackVersion1(const Program& program, const PackOptions& options,
                                            std::vector<LayerBytes>* layers) {
  POTLUT_ASSIGN_OR_RETURN(auto bytes, PackSections(program, options, UINT64_MAX, layers));
  const uint64_t unfolded = UnfoldedBytes(program);
  // Huge layers of nearly nothing but one code: too good to be believed by a reader that bounds its
  // memory by the file, so they are stored raw.
  if (unfolded > UnfoldLimit(bytes.size())) {
    POTLUT_ASSIGN_OR_RETURN(bytes, PackSections(program, options, kUnfoldPerByte / 2, layers));
  }
  if (unfolded > UnfoldLimit(bytes.size())) {
    return ResourceLimit("the program unfolds to ", unfolded, " bytes from a file of ",
                         bytes.size(),
                         ", which readers refuse: its names or tables repeat too much");
  }
  return bytes;
}

void Append(std::vector<uint8_t>& to, std::span<const uint8_t> bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

Expected<std::vector<uint8_t>> PackVersion2(const Program& program, const PackOptions& options,
                                            std::vector<LayerBytes>* layers) {
  if (layers != nullptr) layers->clear();
  POTLUT_ASSIGN_OR_RETURN(const std::vector<LowReading> low,
                          LowReadingsOf(program, options.low_bits, options.input_means));
  std::vector<LayerBlock> blocks;
  std::vector<std::vector<uint8_t>> parts(low.empty() ? 1 : 2);
  CodeBudget budget;
  Progress silent;
  Progress& progress = options.progress == nullptr ? silent : *options.progress;
  progress.Begin("pack", static_cast<int64_t>(program.nodes.size()));
  for (size_t n = 0; n < program.nodes.size(); ++n) {
    const auto* conv = std::get_if<ConvOp>(&program.nodes[n].op);
    if (conv == nullptr) continue;
    if (progress.cancelled()) return Error{ErrorCode::kInterrupted, "interrupted"};
    progress.Update(static_cast<int64_t>(n), program.nodes[n].name);
    const LowReading* reading = low.empty() ? nullptr : &low[blocks.size()];
    const bool layered = reading != nullptr && reading->layered;
    const auto base = layered ? BaseCodes(*conv, *reading) : std::vector<uint8_t>();
    const CodedLayer coded =
        layered ? EncodeCodes2(*conv, reading->alphabet, base, options, budget)
                : EncodeCodes2(*conv, conv->alphabet, conv->codes, options, budget);
    LayerBlock block{static_cast<uint8_t>(coded.coder), coded.block.size(), 0};
    Append(parts[0], coded.block);
    if (layered) {
      const auto refinement =
          EncodeRefinement(conv->codes, conv->alphabet, *reading, PerTap(*conv, base.size()), base);
      if (!budget.Take(conv->codes.size(), refinement.size())) {
        return ResourceLimit("layer '", program.nodes[n].name,
                             "' is too uniform to be layered: readers would refuse it");
      }
      block.refinement_bytes = refinement.size();
      Append(parts[1], refinement);
    }
    blocks.push_back(block);
    if (layers == nullptr) continue;
    layers->push_back(BytesOf(program, n, coded.coder, block.bytes + block.refinement_bytes));
    if (!low.empty()) layers->back().low_bytes = static_cast<int64_t>(block.bytes);
  }
  progress.End();
  POTLUT_ASSIGN_OR_RETURN(const auto head, EncodeHead(program, blocks, low));
  return WriteShell2(low.empty() ? 0 : kPlutLayeredFlag, head, parts);
}

// All blocks of a file whose shell was checked.
Expected<LayerReader> ReadBlocks(std::span<const uint8_t> bytes, const Shell2& shell, bool low,
                                 const ProgramLimits& limits) {
  const auto head = bytes.subspan(static_cast<size_t>(shell.head_at()), shell.head_bytes);
  POTLUT_ASSIGN_OR_RETURN(LayerReader reader, LayerReader::Open(shell, head, low, limits));
  auto at = static_cast<size_t>(shell.blocks_at());
  while (const auto size = reader.NextSize()) {
    if (reader.AtLowEnd()) at += kPlutTrailerBytes;
    POTLUT_RETURN_IF_ERROR(reader.Next(bytes.subspan(at, static_cast<size_t>(*size))));
    at += static_cast<size_t>(*size);
  }
  return reader;
}

Expected<Program> UnpackVersion2(std::span<const uint8_t> bytes, const ProgramLimits& limits,
                                 std::vector<LayerBytes>* layers) {
  POTLUT_ASSIGN_OR_RETURN(const Shell2 shell, CheckShell2(bytes));
  POTLUT_ASSIGN_OR_RETURN(LayerReader reader, ReadBlocks(bytes, shell, false, limits));
  if (layers != nullptr) *layers = reader.Layers();
  return std::move(reader).Take();
}

}  // namespace

Expected<std::vector<uint8_t>> Pack(const Program& program, const PackOptions& options,
                                    std::vector<LayerBytes>* layers) try {
  POTLUT_RETURN_IF_ERROR(Validate(program));
  if (options.low_bits != 0 && options.version == kPlutVersion1)
    return UsageError("files of version 1 cannot be layered");
  if (options.version == kPlutVersion1) return PackVersion1(program, options, layers);
  if (options.version == kPlutVersion2) return PackVersion2(program, options, layers);
  return UsageError("version ", options.version, " cannot be written: 1 or 2");
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

Expected<Program> Unpack(std::span<const uint8_t> bytes, const ProgramLimits& limits,
                         std::vector<LayerBytes>* layers) try {
  if (layers != nullptr) layers->clear();
  Expected<Program> program = [&]() -> Expected<Program> {
    if (PlutVersionOf(bytes) != kPlutVersion1) return UnpackVersion2(bytes, limits, layers);
    POTLUT_ASSIGN_OR_RETURN(const SectionViews views, ReadContainer(bytes));
    return DecodeSections(views, bytes.size(), limits, layers);
  }();
  if (program.ok()) POTLUT_RETURN_IF_ERROR(Validate(*program, limits));
  return program;
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

Expected<Program> UnpackLow(std::span<const uint8_t> bytes, int bits, const ProgramLimits& limits,
                            std::vector<LayerBytes>* layers) try {
  if (layers != nullptr) layers->clear();
  POTLUT_ASSIGN_OR_RETURN(const Shell2 shell, PlutVersionOf(bytes) == kPlutVersion1
                                                  ? Expected<Shell2>(Shell2())
                                                  : CheckShell2(bytes, true));
  if (!shell.layered()) {
    return UsageError("the file is not layered: 'potlut pack --layered' stores a low reading");
  }
  POTLUT_ASSIGN_OR_RETURN(LayerReader reader, ReadBlocks(bytes, shell, true, limits));
  POTLUT_RETURN_IF_ERROR(CheckLowBits(reader.head().low, bits));
  if (layers != nullptr) *layers = reader.Layers();
  POTLUT_ASSIGN_OR_RETURN(Program program, std::move(reader).Take());
  POTLUT_RETURN_IF_ERROR(Validate(program, limits));
  return program;
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

Expected<PlutSizes> SizesOf(std::span<const uint8_t> bytes, const ProgramLimits& limits) try {
  std::vector<LayerBytes> layers;
  POTLUT_ASSIGN_OR_RETURN(const Program program, Unpack(bytes, limits, &layers));
  PlutSizes sizes;
  sizes.version = PlutVersionOf(bytes);
  sizes.file = static_cast<int64_t>(bytes.size());
  for (const LayerBytes& layer : layers) sizes.codes += layer.stage2_bytes;
  if (sizes.version == kPlutVersion1) {
    POTLUT_ASSIGN_OR_RETURN(const SectionViews views, ReadContainer(bytes));
    MeasureSections(views, program, layers, sizes);
    return sizes;
  }
  // A coded head does not show where its parts end: it is written again to see.
  POTLUT_ASSIGN_OR_RETURN(const Shell2 shell, ReadShell2(bytes));
  const auto coded = bytes.subspan(static_cast<size_t>(shell.head_at()), shell.head_bytes);
  POTLUT_ASSIGN_OR_RETURN(const Head read, DecodeHead(coded, shell.layered(), limits));
  POTLUT_ASSIGN_OR_RETURN(const auto head, EncodeHead(read.program, read.blocks, read.low, &sizes));
  sizes.shell = sizes.file - static_cast<int64_t>(head.size()) - sizes.codes;
  return sizes;
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

Status SaveProgram(const std::string& path, const Program& program,
                   const PackOptions& options) try {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, Pack(program, options));
  return WriteFileAtomic(path, bytes);
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

Expected<Program> LoadProgram(const std::string& path, const ProgramLimits& limits) try {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path));
  auto program = Unpack(bytes, limits);
  if (!program.ok())
    return Error{program.error().code, Cat("'", path, "': ", program.error().message)};
  return program;
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

bool LooksLikePlut(std::span<const uint8_t> bytes) {
  return bytes.size() >= kPlutMagic.size() &&
         std::equal(kPlutMagic.begin(), kPlutMagic.end(), bytes.begin());
}

}  // namespace potlut
