// SHA-256 of files, by OpenSSL.
#pragma once

#include <string>

#include "base/status.h"

namespace potlut::cli {

// 64 hexadecimal digits. Reads the file piece by piece. Errors: kBadInput where it cannot be read.
Expected<std::string> Sha256OfFile(const std::string& path);

}  // namespace potlut::cli
