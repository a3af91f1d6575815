// Sources whose images are files: what folders and lists have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/sources.h"

namespace potlut::data {

inline constexpr int32_t kMaxClasses = 1 << 20;

struct ImageFile {
  std::string path;
  int32_t label = -1;
};

// Decodes each image when it is asked for.
SourcePointer MakeFileSource(std::vector<ImageFile> files, std::vector<std::string> class_names,
                             const Geometry& geometry);

// Names of the sub-folders of a folder, or of its image files by extension, sorted by bytes so that
// every machine sees one order; hidden ones are left out. Errors: kBadInput where it cannot be
// read.
Expected<std::vector<std::string>> ListFolders(const std::string& folder);
Expected<std::vector<std::string>> ListImages(const std::string& folder);

// Appends the images of root/folder for each folder; its label is its place in the sorted
// `class_names`. Errors: kBadInput where it has none.
Status AppendClassFolders(const std::string& root, const std::vector<std::string>& folders,
                          const std::vector<std::string>& class_names,
                          std::vector<ImageFile>& files);

// A line "file label [rest]", parted by commas or blanks.
struct ListLine {
  std::string where;  // "val.txt line 3", for messages
  std::string file;   // relative, without ".."
  std::string label;
  std::string rest;
};
// The lines of a list; empty ones and those that begin with # are left out. Errors: kBadInput
// naming the line where a label is missing, a file lies outside the folder or is named twice; where
// the list is empty.
Expected<std::vector<ListLine>> ReadList(const std::string& path);

// The whole of `text` as an integer.
std::optional<int32_t> ParseIndex(std::string_view text);

// Errors: kBadInput, `where` first, where `path` is no regular file.
Status WantFile(const std::string& path, const std::string& where);

}  // namespace potlut::data
