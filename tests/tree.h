// The source tree as the tests see it: its text files, by their paths from the root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace potlut {

struct SourceFile {
  std::string path;  // from the root, with slashes: "src/base/file.h"
  std::string text;
  std::vector<std::string_view> Lines() const;  // without their ends; views into `text`
};

// Every text file below these folders (or these files), sorted by path. Build folders and .git are
// left out. A file with a zero byte is not text.
std::vector<SourceFile> ReadTree(const std::vector<std::string>& places);

// ".cc", ".h", ".hpp", ".c": what the compiler reads.
bool IsCode(std::string_view path);

}  // namespace potlut
