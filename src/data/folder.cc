// Folders of images: one sub-folder a class, or flat with or without labels.txt; and single images.
#include <filesystem>

#include "base/text.h"
#include "data/image_files.h"

namespace potlut::data {
namespace {

namespace fs = std::filesystem;

// labels.txt: file, class index and perhaps the class's name.
Expected<SourcePointer> OpenLabelled(const fs::path& folder, const std::string& labels,
                                     const Geometry& geometry) {
  POTLUT_ASSIGN_OR_RETURN(const auto lines, ReadList(labels));
  std::vector<ImageFile> files;
  std::vector<std::string> names;
  bool named = false;
  for (const ListLine& line : lines) {
    const auto label = ParseIndex(line.label);
    if (!label || *label < 0 || *label >= kMaxClasses) {
      return BadInput(line.where, ": label '", line.label,
                      "': wanted is 'file, class index, name' with an index from 0 to ",
                      kMaxClasses - 1);
    }
    const auto at = static_cast<size_t>(*label);
    if (names.size() <= at) names.resize(at + 1);
    if (!line.rest.empty()) {
      names[at] = line.rest;
      named = true;
    }
    files.push_back({(folder / line.file).string(), *label});
    POTLUT_RETURN_IF_ERROR(WantFile(files.back().path, line.where));
  }
  if (!named) names.clear();
  return MakeFileSource(std::move(files), std::move(names), geometry);
}

}  // namespace

Expected<SourcePointer> OpenFolder(const std::string& folder, const Geometry& geometry) {
  const fs::path root = folder;
  std::error_code ignored;
  const fs::path labels = root / "labels.txt";
  if (fs::is_regular_file(labels, ignored)) return OpenLabelled(root, labels.string(), geometry);

  std::vector<ImageFile> files;
  POTLUT_ASSIGN_OR_RETURN(const auto flat, ListImages(folder));
  for (const std::string& file : flat) files.push_back({(root / file).string(), -1});
  std::vector<std::string> names;
  if (files.empty()) {
    POTLUT_ASSIGN_OR_RETURN(names, ListFolders(folder));
    POTLUT_RETURN_IF_ERROR(AppendClassFolders(folder, names, names, files));
  }
  if (files.empty()) {
    return BadInput(
        folder, ": holds no JPEG or PNG image, neither itself nor in sub-folders (one a class)");
  }
  return MakeFileSource(std::move(files), std::move(names), geometry);
}

Expected<SourcePointer> OpenSingleImage(const std::string& path, const Geometry& geometry) {
  return MakeFileSource({{path, -1}}, {}, geometry);
}

}  // namespace potlut::data
