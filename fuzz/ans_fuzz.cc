// Fuzzes the two rANS coders. The first bytes choose the coder, the bits of a code, the size of the
// alphabet and the number of codes; the rest is a block. All instruction sets must make the same of
// it; what is decoded must be encoded and decoded again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "pack/ans.h"
#include "pack/ans2.h"

namespace {

void Check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const bool second = (data[0] & 8) != 0;
  const auto encode = second ? potlut::Ans2Encode : potlut::AnsEncode;
  const auto decode = second ? potlut::Ans2Decode : potlut::AnsDecode;
  const int bits = 1 + data[0] % 8;
  const int alphabet = 1 + data[1] % (1 << bits);
  const size_t count = 1 + data[2] + size_t{256} * (data[3] % 16);
  const std::span<const uint8_t> block(data + 4, size - 4);

  std::vector<uint8_t> codes(count, 0xEE);
  const potlut::Status status = decode(block, bits, alphabet, codes, potlut::AnsIsa::kPortable);
  for (const potlut::AnsIsa isa : {potlut::AnsIsa::kAvx2, potlut::AnsIsa::kAvx512}) {
    if (!potlut::AnsIsaAvailable(isa)) continue;
    std::vector<uint8_t> again(count, 0xEE);
    const potlut::Status other = decode(block, bits, alphabet, again, isa);
    Check(other.message() == status.message() && again == codes);
  }
  if (!status.ok()) return 0;
  for (const uint8_t code : codes) Check(code < alphabet);
  std::vector<uint8_t> back(count);
  const std::vector<uint8_t> written = encode(codes, bits, alphabet);
  Check(decode(written, bits, alphabet, back, potlut::AnsIsa::kAuto).ok() && back == codes);
  return 0;
}
