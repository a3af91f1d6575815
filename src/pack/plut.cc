// Whole .plut files: validate, encode, wrap; unwrap, decode, validate.
#include "pack/plut.h"

#include <algorithm>
#include <new>

#include "base/file.h"
#include "base/text.h"
#include "pack/container.h"
#include "pack/sections.h"

namespace potlut {
namespace {

Error OutOfMemory() { return ResourceLimit("not enough memory for this program"); }

Expected<std::vector<uint8_t>> PackOnce(const Program& program, const PackOptions& options,
                                        uint64_t max_codes_per_byte,
                                        std::vector<LayerBytes>* layers) {
  if (layers != nullptr) layers->clear();
  POTLUT_ASSIGN_OR_RETURN(const auto payloads,
                          EncodeSections(program, options, max_codes_per_byte, layers));
  return WriteContainer(payloads);
}

}  // namespace

Expected<std::vector<uint8_t>> Pack(const Program& program, const PackOptions& options,
                                    std::vector<LayerBytes>* layers) try {
  POTLUT_RETURN_IF_ERROR(Validate(program));
  POTLUT_ASSIGN_OR_RETURN(auto bytes, PackOnce(program, options, UINT64_MAX, layers));
  const uint64_t unfolded = UnfoldedBytes(program);
  // Huge layers of nearly nothing but one code: too good to be believed by a reader that bounds its
  // memory by the file, so they are stored raw.
  if (unfolded > UnfoldLimit(bytes.size())) {
    POTLUT_ASSIGN_OR_RETURN(bytes, PackOnce(program, options, kUnfoldPerByte / 2, layers));
  }
  if (unfolded > UnfoldLimit(bytes.size())) {
    return ResourceLimit("the program unfolds to ", unfolded, " bytes from a file of ",
                         bytes.size(),
                         ", which readers refuse: its names or tables repeat too much");
  }
  return bytes;
} catch (const std::bad_alloc&) {
  return OutOfMemory();
}

Expected<Program> Unpack(std::span<const uint8_t> bytes, const ProgramLimits& limits,
                         std::vector<LayerBytes>* layers) try {
  if (layers != nullptr) layers->clear();
  POTLUT_ASSIGN_OR_RETURN(const SectionViews views, ReadContainer(bytes));
  POTLUT_ASSIGN_OR_RETURN(Program program, DecodeSections(views, bytes.size(), limits, layers));
  POTLUT_RETURN_IF_ERROR(Validate(program, limits));
  return program;
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
