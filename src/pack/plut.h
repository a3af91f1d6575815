// The .plut file: a program in a few bits a weight (docs/format.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "program/program.h"
#include "program/validate.h"

namespace potlut {

// How a layer's codes are stored (stage 2). Ids are part of the format.
enum class CoderId : uint8_t {
  kRaw = 0,  // stage 1 as it is: codes of `bits` bits, packed little end first
  kAns = 1,  // static order-0 range asymmetric numeral system over codes
};

struct PackOptions {
  bool entropy_code = true;  // false: kRaw for every layer
};

// What was written for one layer, for people.
struct LayerBytes {
  int32_t node = 0;
  CoderId coder = CoderId::kRaw;
  int64_t weights = 0;
  int64_t stage1_bytes = 0;  // packed codes
  int64_t stage2_bytes = 0;  // as stored, with the coder's own tables
  double entropy_bits = 0;   // order-0 entropy of a code
};

// Program to bytes: deterministic. Errors: those of Validate; kBadInput for text that is not UTF-8;
// kResourceLimit for names, metadata or repetition past what the format allows (docs/format.md, 3).
Expected<std::vector<uint8_t>> Pack(const Program& program, const PackOptions& options = {},
                                    std::vector<LayerBytes>* layers = nullptr);

// Bytes to a validated program. Trusts nothing. Errors: kBadInput with the section and offset;
// kUnsupported for an unknown version, flag, section, operator or coder, by name; kResourceLimit
// past `limits`.
Expected<Program> Unpack(std::span<const uint8_t> bytes, const ProgramLimits& limits = {},
                         std::vector<LayerBytes>* layers = nullptr);

// Files, atomically written. Errors: those of Pack and WriteFileAtomic, of ReadFile and Unpack.
Status SaveProgram(const std::string& path, const Program& program,
                   const PackOptions& options = {});
Expected<Program> LoadProgram(const std::string& path, const ProgramLimits& limits = {});

// True where `bytes` begin like a .plut file.
bool LooksLikePlut(std::span<const uint8_t> bytes);

}  // namespace potlut
