// Names never hold line breaks, so lines are enough.
#include "cli/class_names.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace potlut::cli {

std::vector<std::string> SplitClasses(const std::string& text) {
  std::vector<std::string> names;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    names.push_back(text.substr(begin, end - begin));
    if (!names.back().empty() && names.back().back() == '\r') names.back().pop_back();
    begin = end + 1;
  }
  return names;
}

std::string JoinClasses(const std::vector<std::string>& names, int64_t outputs) {
  if (names.empty() || static_cast<int64_t>(names.size()) > outputs) return {};
  std::string text;
  for (int64_t i = 0; i < outputs; ++i) {
    const auto at = static_cast<size_t>(i);
    std::string name = at < names.size() && !names[at].empty() ? names[at] : Cat(i);
    std::replace(name.begin(), name.end(), '\n', ' ');
    text += name + "\n";
  }
  return text;
}

Expected<std::vector<std::string>> ReadClasses(const std::string& path, int64_t outputs) {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path, size_t{16} << 20));
  auto names = SplitClasses(std::string(bytes.begin(), bytes.end()));
  while (!names.empty() && names.back().empty()) names.pop_back();
  if (static_cast<int64_t>(names.size()) != outputs) {
    return UsageError("--classes ", path, ": ", names.size(), " names for ", outputs,
                      " outputs; give one a line");
  }
  return names;
}

}  // namespace potlut::cli
