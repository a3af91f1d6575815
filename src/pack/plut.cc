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

Expected<std::vector<uint8_t>> PackVersion2(const Program& program, const PackOptions& options,
                                            std::vector<LayerBytes>* layers) {
  if (layers != nullptr) layers->clear();
  std::vector<LayerBlock> blocks;
  std::vector<uint8_t> codes;
  CodeBudget budget;
  for (size_t n = 0; n < program.nodes.size(); ++n) {
    const auto* conv = std::get_if<ConvOp>(&program.nodes[n].op);
    if (conv == nullptr) continue;
    const CodedLayer coded = EncodeCodes2(*conv, options, budget);
    blocks.push_back({static_cast<uint8_t>(coded.coder), coded.block.size()});
    codes.insert(codes.end(), coded.block.begin(), coded.block.end());
    if (layers != nullptr) layers->push_back(BytesOf(program, n, coded.coder, coded.block.size()));
  }
  POTLUT_ASSIGN_OR_RETURN(const auto head, EncodeHead(program, blocks));
  return WriteShell2(0, head, std::span(&codes, 1));
}

Expected<Program> UnpackVersion2(std::span<const uint8_t> bytes, const ProgramLimits& limits,
                                 std::vector<LayerBytes>* layers) {
  POTLUT_ASSIGN_OR_RETURN(const Shell2 shell, CheckShell2(bytes));
  POTLUT_ASSIGN_OR_RETURN(
      LayerReader reader,
      LayerReader::Open(shell, bytes.subspan(kPlutShellBytes, shell.head_bytes), limits));
  uint64_t at = shell.blocks_at();
  while (const auto size = reader.NextSize()) {
    POTLUT_RETURN_IF_ERROR(reader.Next(bytes.subspan(at, *size)));
    at += *size;
  }
  if (layers != nullptr) *layers = reader.Layers();
  return std::move(reader).Take();
}

}  // namespace

Expected<std::vector<uint8_t>> Pack(const Program& program, const PackOptions& options,
                                    std::vector<LayerBytes>* layers) try {
  POTLUT_RETURN_IF_ERROR(Validate(program));
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
  std::vector<LayerBlock> blocks;
  for (const LayerBytes& layer : layers) {
    blocks.push_back(
        {static_cast<uint8_t>(layer.coder), static_cast<uint64_t>(layer.stage2_bytes)});
  }
  POTLUT_ASSIGN_OR_RETURN(const auto head, EncodeHead(program, blocks, &sizes));
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
