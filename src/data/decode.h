// Image decoders by format; each bounds what a hostile header can make it allocate.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/data.h"

namespace potlut::data {

// No decoded image is larger than this (pixels, not bytes): 8192 x 8192.
inline constexpr int64_t kMaxPixels = int64_t{1} << 26;
// Nor is an image file larger than this.
inline constexpr size_t kMaxImageFileBytes = size_t{256} << 20;

// Whole files in memory; `what` names the file in errors. Grey images have one channel, all others
// come out as RGB. Errors: kBadInput (malformed, truncated), kResourceLimit (more than kMaxPixels).
Expected<Image> DecodeJpeg(std::span<const uint8_t> bytes, const std::string& what);
Expected<Image> DecodePng(std::span<const uint8_t> bytes, const std::string& what);
// By content.
Expected<Image> DecodeBytes(std::span<const uint8_t> bytes, const std::string& what);

}  // namespace potlut::data
