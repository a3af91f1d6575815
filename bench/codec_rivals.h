// General compressors at their strongest usual settings, for comparison.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace potlut::bench {

struct Rival {
  std::string_view name;  // as it would be called: "zstd -19"
  Expected<size_t> (*compressed_size)(std::span<const uint8_t> bytes);
};

// zstd -19, xz -9, brotli -q 11.
std::span<const Rival> Rivals();

}  // namespace potlut::bench
