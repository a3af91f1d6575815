// Reads the source tree for the tests.
#include "tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace potlut {

namespace fs = std::filesystem;

std::vector<std::string_view> SourceFile::Lines() const {
  std::vector<std::string_view> lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return lines;
}

bool IsCode(std::string_view path) {
  return path.ends_with(".cc") || path.ends_with(".h") || path.ends_with(".hpp") ||
         path.ends_with(".c");
}

std::vector<SourceFile> ReadTree(const std::vector<std::string>& places) {
  const fs::path root = POTLUT_SOURCE_DIR;
  std::vector<SourceFile> files;
  const auto add = [&](const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    SourceFile file{fs::relative(path, root).generic_string(),
                    {std::istreambuf_iterator<char>(stream), {}}};
    if (file.text.find('\0') == std::string::npos) files.push_back(std::move(file));
  };
  for (const std::string& place : places) {
    if (fs::is_regular_file(root / place)) {
      add(root / place);
      continue;
    }
    if (!fs::is_directory(root / place)) continue;
    for (auto entry = fs::recursive_directory_iterator(root / place);
         entry != fs::recursive_directory_iterator(); ++entry) {
      const std::string name = entry->path().filename().string();
      const bool outside = name == ".git" || name == ".cache" || name == "shared" ||
                           (name == "build" && entry.depth() == 0);
      if (outside) entry.disable_recursion_pending();
      if (!outside && entry->is_regular_file()) add(entry->path());
    }
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace potlut
