// Files: bounded reading, and writing that is either wholly done or not done at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace potlut {

// Reads a whole regular file or pipe. Errors: kBadInput where it is missing, unreadable, a
// directory; kResourceLimit where it is larger than `max_bytes` (never allocates more than that).
Expected<std::vector<uint8_t>> ReadFile(const std::string& path,
                                        size_t max_bytes = size_t{4} << 30);

// Replaces `path` by `bytes`: temporary file in the same folder, fsync, rename, fsync of the
// folder. On any error the old file stands as it was and no temporary file is left.
Status WriteFileAtomic(const std::string& path, std::span<const uint8_t> bytes);
Status WriteFileAtomic(const std::string& path, const std::string& text);

}  // namespace potlut
