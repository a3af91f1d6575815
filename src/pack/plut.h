// The .plut file: a program in a few bits a weight (docs/format.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "program/program.h"
#include "program/validate.h"

namespace potlut {

// How a layer's codes are stored (stage 2). Ids are part of the format.
enum class CoderId : uint8_t {
  kRaw = 0,      // stage 1 as it is: codes of `bits` bits, packed little end first
  kAns = 1,      // static order-0 range asymmetric numeral system over codes; what version 1 writes
  kContext = 2,  // adaptive binary arithmetic coding with contexts from neighbours
  kAns2 = 3,     // kAns with smaller tables and states; what version 2 writes
};
std::string_view CoderName(CoderId coder);  // "raw", "ans", ...

// What is worth more: to open a file quickly, or its size. The choice is made for each layer.
enum class Effort : uint8_t {
  kFast,     // raw or ans: opens fastest
  kDefault,  // a slower coder only where it saves at least kSlowCoderSaving of the layer
  kSmall,    // whatever is smallest
};
std::string_view EffortName(Effort effort);  // "fast", "default", "small"
Expected<Effort> ParseEffort(std::string_view name);

// Context coding takes some thirty times as long to decode as ans: 50 ns a weight, or half a second
// for ten million. Below a fiftieth of the size that is a poor bargain for who did not ask for it.
inline constexpr double kSlowCoderSaving = 0.02;

struct PackOptions {
  bool entropy_code = true;  // false: kRaw for every layer
  Effort effort = Effort::kDefault;
  // 2, or 1 for readers of version 1: plain fields instead of coded ones, raw or ans codes.
  int version = 2;
  // Not 0: layered, so that a receiver may read the weights with this many bits (UnpackLow). Layers
  // of fewer bits, and of 8, stay whole. Version 2 only.
  int low_bits = 0;
  // What each input channel of each convolution holds on average (by node, then channel), from
  // calibration images: corrects the biases of the low reading. Empty: no correction.
  std::vector<std::vector<double>> input_means = {};
  // Told of each layer, and asked whether to stop (kInterrupted); not owned.
  Progress* progress = nullptr;
};

// What was written for one layer, for people.
struct LayerBytes {
  int32_t node = 0;
  CoderId coder = CoderId::kRaw;
  int64_t weights = 0;
  int64_t stage1_bytes = 0;  // packed codes
  int64_t stage2_bytes = 0;  // as stored, with the coder's own tables
  double entropy_bits = 0;   // order-0 entropy of a code
  int64_t low_bytes = 0;     // of them what the low reading needs; 0 where the file is not layered
};

// What the parts of a file take, in bytes. Parts of a coded head share bytes: those are counted
// where they end.
struct PlutSizes {
  int version = 0;
  int64_t file = 0;
  int64_t shell = 0;  // header, section table, padding, checksums
  int64_t metadata = 0, names = 0, tensors = 0, nodes = 0,
          tables = 0;  // version 2: names are in tensors and nodes
  int64_t alphabets = 0, shifts = 0, biases = 0;
  int64_t directory = 0;  // coders and sizes of blocks
  int64_t low = 0;  // of a layered file: what makes a low reading of the high one, without codes
  int64_t codes = 0;
};

// Program to bytes: deterministic. Errors: those of Validate; kBadInput for text that is not UTF-8;
// kUsage for an unknown version; kResourceLimit for names, metadata or repetition past what the
// format allows (docs/format.md, 3).
Expected<std::vector<uint8_t>> Pack(const Program& program, const PackOptions& options = {},
                                    std::vector<LayerBytes>* layers = nullptr);

// Bytes to a validated program. Trusts nothing. Errors: kBadInput with the section and offset;
// kUnsupported for an unknown version, flag, section, operator or coder, by name; kResourceLimit
// past `limits`.
Expected<Program> Unpack(std::span<const uint8_t> bytes, const ProgramLimits& limits = {},
                         std::vector<LayerBytes>* layers = nullptr);

// The low reading of a layered file: a program of its own, whose weights have the bits that the
// file was made for. `bytes` may end after what that needs. Errors: those of Unpack; kUsage where
// the file is not layered or its low reading has other bits than `bits` (0: whatever it has).
Expected<Program> UnpackLow(std::span<const uint8_t> bytes, int bits = 0,
                            const ProgramLimits& limits = {},
                            std::vector<LayerBytes>* layers = nullptr);

// What each part of a file takes. Errors: those of Unpack.
Expected<PlutSizes> SizesOf(std::span<const uint8_t> bytes, const ProgramLimits& limits = {});

// Files, atomically written. Errors: those of Pack and WriteFileAtomic, of ReadFile and Unpack.
Status SaveProgram(const std::string& path, const Program& program,
                   const PackOptions& options = {});
Expected<Program> LoadProgram(const std::string& path, const ProgramLimits& limits = {});

// True where `bytes` begin like a .plut file.
bool LooksLikePlut(std::span<const uint8_t> bytes);

}  // namespace potlut
