// SHA-256 against the examples of FIPS 180-4 and NIST's vectors.
#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace potlut {
namespace {

std::string Hex(const std::string& text) {
  std::string out;
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  for (const uint8_t byte : Sha256(bytes)) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

TEST(Sha256, HasTheDigestsThatNistGives) {
  EXPECT_EQ(Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // 56 bytes: the length needs a block of its own.
  EXPECT_EQ(Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqkl"
                "mnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(Hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, TellsLengthsAroundABlockApart) {
  std::vector<std::string> seen;
  for (size_t n = 50; n < 140; ++n) {
    seen.push_back(Hex(std::string(n, '\0')));
    for (size_t i = 0; i + 1 < seen.size(); ++i) EXPECT_NE(seen[i], seen.back()) << n;
  }
}

}  // namespace
}  // namespace potlut
