// Fuzzes streams. The first byte chooses: even, checksums are made right first; its second bit, the
// low reading is wanted. The second byte seeds the sizes of the pieces. A stream gives what Unpack
// and UnpackLow give, and refuses what they refuse.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "pack/container.h"
#include "pack/plut.h"
#include "pack/stream.h"

namespace {

// Small enough that an input takes milliseconds.
constexpr potlut::ProgramLimits kLimits{.max_tensor_elements = int64_t{1} << 24,
                                        .max_weights = int64_t{1} << 22,
                                        .max_dimension = 1 << 16,
                                        .max_nodes = 1 << 12};

void Check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  std::vector<uint8_t> file(data + 2, data + size);
  if (data[0] % 2 == 0) potlut::RepairChecksums(file);
  const bool low = (data[0] & 2) != 0;

  potlut::PlutStream stream({.limits = kLimits, .low = low});
  uint32_t seed = data[1];
  potlut::Status status;
  for (size_t at = 0; at < file.size() && status.ok();) {
    seed = seed * 1664525 + 1013904223;
    const size_t piece = std::min<size_t>(file.size() - at, 1 + (seed >> 24) * (data[1] % 8));
    // Copied, so that the sanitizer sees a read past the piece.
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at);
    const std::vector<uint8_t> copy(begin, begin + static_cast<std::ptrdiff_t>(piece));
    status = stream.Feed(copy);
    at += piece;
  }
  Check(status.ok() || !status.message().empty());
  const bool complete = stream.complete();
  const uint64_t expected = stream.expected_bytes();
  const auto streamed = stream.Finish();
  Check(!streamed.ok() || (status.ok() && complete));
  if (!low) {
    const auto whole = potlut::Unpack(file, kLimits);
    Check(whole.ok() == streamed.ok());
    if (whole.ok()) Check(*whole == *streamed);
    return 0;
  }
  // A stream ignores what follows the low reading; UnpackLow checks all that it is given.
  if (streamed.ok()) {
    Check(expected <= file.size());
    const auto first =
        potlut::UnpackLow(std::span(file).first(static_cast<size_t>(expected)), 0, kLimits);
    Check(first.ok() && *first == *streamed);
  } else {
    Check(!potlut::UnpackLow(file, 0, kLimits).ok());
  }
  return 0;
}
