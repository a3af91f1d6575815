// Fuzzes the .plut reader. The first byte chooses: odd, the rest is a file as it is; even, its
// checksums are made right first, so that what lies behind them is reached. What is read must be
// written and read again to the same program, a stream must read the same in pieces, and the low
// reading of a layered file must be sound.
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

potlut::Expected<potlut::Program> ByPieces(std::span<const uint8_t> file, size_t size) {
  potlut::PlutStream stream({.limits = kLimits});
  for (; !file.empty(); file = file.subspan(std::min(size, file.size())))
    POTLUT_RETURN_IF_ERROR(stream.Feed(file.first(std::min(size, file.size()))));
  return stream.Finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::vector<uint8_t> file(data + 1, data + size);
  if (data[0] % 2 == 0) potlut::RepairChecksums(file);
  const auto program = potlut::Unpack(file, kLimits);
  const auto streamed = ByPieces(file, 1 + data[0] / 2);
  Check(streamed.ok() == program.ok() && (!program.ok() || *streamed == *program));
  const auto low = potlut::UnpackLow(file, 0, kLimits);
  Check(!low.ok() || potlut::Validate(*low, kLimits).ok());
  if (!program.ok()) {
    Check(!program.error().message.empty());
    return 0;
  }
  const auto again = potlut::Pack(*program);
  if (!again.ok()) {  // written more tightly, it may unfold to more than a file of its size may
    Check(again.error().code == potlut::ErrorCode::kResourceLimit);
    return 0;
  }
  const auto back = potlut::Unpack(*again, kLimits);
  Check(back.ok() && *back == *program);
  return 0;
}
