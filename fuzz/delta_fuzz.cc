// Fuzzes deltas on a fixed base. The first byte chooses: a delta as it is; one whose sizes, base
// and checksum are made right first; a payload of fields and codes; a payload of bytes. What a
// payload makes must be made again by the delta that is written for it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "pack/delta.h"
#include "pack/delta_bytes.h"
#include "pack/delta_program.h"
#include "pack/plut.h"
#include "pack/random_program.h"

namespace {

constexpr potlut::ProgramLimits kLimits{.max_tensor_elements = int64_t{1} << 20,
                                        .max_weights = int64_t{1} << 18,
                                        .max_dimension = 1 << 12,
                                        .max_nodes = 1 << 8};

void Check(bool condition) {
  if (!condition) std::abort();
}

struct Base {
  potlut::Program program = potlut::RandomProgram(
      7, {.nodes = 28, .max_side = 4, .max_channels = 5, .strange_text = true});
  std::vector<uint8_t> file = potlut::Pack(program, {.version = 1}).value();
  potlut::Sha256Digest digest = potlut::Sha256(file);
};

void StoreU64(std::span<uint8_t> bytes, size_t at, uint64_t v) {
  for (size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<uint8_t>(v >> (8 * i));
}

void Apply(const Base& base, std::vector<uint8_t> delta, bool repair) {
  if (repair && delta.size() > potlut::kDeltaHeaderBytes + potlut::kDeltaTrailerBytes) {
    StoreU64(delta, 12, delta.size());
    StoreU64(delta, 20, base.file.size());
    std::copy(base.digest.begin(), base.digest.end(), delta.begin() + 28);
    potlut::RepairDelta(delta);
  }
  const auto made = potlut::ApplyDelta(base.file, delta, kLimits);
  Check(made.ok() || !made.error().message.empty());
  if (made.ok()) Check(potlut::Unpack(*made, kLimits).ok());
}

void Fields(const Base& base, std::span<const uint8_t> payload) {
  const auto to = potlut::DecodeProgramDelta(base.program, payload, kLimits);
  if (!to.ok()) {
    Check(!to.error().message.empty());
    return;
  }
  if (!potlut::Validate(*to, kLimits).ok()) return;
  potlut::DeltaReport report;
  const auto again = potlut::EncodeProgramDelta(base.program, *to, report);
  if (!again) return;  // more text than a writer may put into fields of that size
  const auto back = potlut::DecodeProgramDelta(base.program, *again, kLimits);
  Check(back.ok() && *back == *to);
}

void Bytes(const Base& base, std::span<const uint8_t> payload) {
  if (payload.size() < 2) return;
  const size_t size = payload[0] | size_t{payload[1]} << 8;
  const auto to = potlut::DecodeByteDelta(base.file, payload.subspan(2), size);
  if (!to.ok()) return;
  Check(to->size() == size);
  const auto again = potlut::EncodeByteDelta(base.file, *to);
  const auto back = potlut::DecodeByteDelta(base.file, again, size);
  Check(back.ok() && *back == *to);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Base kBase;
  if (size == 0) return 0;
  const std::span<const uint8_t> rest(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
    case 1:
      Apply(kBase, {rest.begin(), rest.end()}, data[0] % 4 == 0);
      break;
    case 2:
      Fields(kBase, rest);
      break;
    default:
      Bytes(kBase, rest);
  }
  return 0;
}
