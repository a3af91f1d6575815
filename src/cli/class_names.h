// Class names as a program's metadata carry them: one a line.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace potlut::cli {

std::vector<std::string> SplitClasses(const std::string& text);

// `names` for `outputs` classes: unknown ones take their number, line breaks inside a name become
// blanks. Empty where there are no names or more than outputs.
std::string JoinClasses(const std::vector<std::string>& names, int64_t outputs);

// A file with one name a line. Errors: kBadInput where it cannot be read; kUsage where their number
// is not `outputs`.
Expected<std::vector<std::string>> ReadClasses(const std::string& path, int64_t outputs);

}  // namespace potlut::cli
