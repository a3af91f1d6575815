// Chooses the decoder by the file's first bytes.
#include "data/decode.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/text.h"

namespace potlut::data {

Expected<Image> DecodeBytes(std::span<const uint8_t> bytes, const std::string& what) {
  constexpr std::array<uint8_t, 2> kJpeg = {0xFF, 0xD8};
  constexpr std::array<uint8_t, 8> kPng = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  const auto begins = [&](const auto& magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
  };
  if (begins(kJpeg)) return DecodeJpeg(bytes, what);
  if (begins(kPng)) return DecodePng(bytes, what);
  return BadInput(what, ": neither a JPEG nor a PNG image");
}

Expected<Image> DecodeImage(const std::string& path) {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path, kMaxImageFileBytes));
  return DecodeBytes(bytes, path);
}

}  // namespace potlut::data
