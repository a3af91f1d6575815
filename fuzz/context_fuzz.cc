// Fuzzes the context coder. The first bytes choose alphabet and layout, the rest is a block: what
// it decodes to must lie in the alphabet, and must survive encoding and decoding.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "pack/context.h"

namespace {

void Check(bool condition) {
  if (!condition) std::abort();
}

// Single levels or pairs from the input's bytes, ascending and distinct.
potlut::Alphabet AnyAlphabet(std::span<const uint8_t> bytes, bool pair) {
  std::vector<std::pair<int8_t, int8_t>> points{{int8_t{0}, int8_t{0}}};
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    points.emplace_back(static_cast<int8_t>(bytes[i]),
                        static_cast<int8_t>(pair ? bytes[i + 1] : 0));
  }
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  potlut::Alphabet alphabet{
      pair ? potlut::AlphabetKind::kPair : potlut::AlphabetKind::kCustom, 8, {}};
  for (const auto& [a, b] : points) {
    alphabet.levels.push_back(a);
    if (pair) alphabet.levels.push_back(b);
  }
  return alphabet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 6) return 0;
  const std::span<const uint8_t> bytes(data, size);
  potlut::ContextLayout layout{
      1 + bytes[0] % 12, 1 + bytes[1] % 3, 1 + bytes[2] % 3, 1 + bytes[3] % 20, {}};
  const size_t levels = std::min<size_t>(bytes[4] * size_t{2}, size - 6);
  const potlut::Alphabet alphabet = AnyAlphabet(bytes.subspan(6, levels), bytes[5] % 2 != 0);
  const std::span<const uint8_t> block = bytes.subspan(6 + levels);
  const std::vector<int8_t> shifts(static_cast<size_t>(layout.out), static_cast<int8_t>(bytes[5]));
  if (bytes[5] % 4 < 2) layout.shifts = shifts;

  std::vector<uint8_t> codes(
      static_cast<size_t>(layout.out * layout.kernel_h * layout.kernel_w * layout.per_tap));
  const potlut::Status status = potlut::ContextDecode(block, layout, alphabet, codes);
  Check(status.ok() || !status.message().empty());
  for (const uint8_t code : codes) Check(code < alphabet.codes());
  const std::vector<uint8_t> again = potlut::ContextEncode(codes, layout, alphabet);
  std::vector<uint8_t> back(codes.size());
  Check(potlut::ContextDecode(again, layout, alphabet, back).ok() && back == codes);
  return 0;
}
