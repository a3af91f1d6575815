// Listing of folders, reading of lists, decoding on demand.
#include "data/image_files.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_map>

#include "base/text.h"

namespace potlut::data {
namespace {

namespace fs = std::filesystem;

class FileSource : public Source {
 public:
  FileSource(std::vector<ImageFile> files, std::vector<std::string> names, const Geometry& geometry)
      : files_(std::move(files)), names_(std::move(names)), geometry_(geometry) {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  const std::vector<std::string>& class_names() const override { return names_; }

  Expected<Sample> Get(int64_t index) const override {
    if (index < 0 || index >= size()) return UsageError("image ", index, " of a set of ", size());
    const ImageFile& file = files_[static_cast<size_t>(index)];
    Sample sample;
    sample.name = file.path;
    sample.label = file.label;
    POTLUT_ASSIGN_OR_RETURN(sample.image, DecodeImage(file.path));
    POTLUT_RETURN_IF_ERROR(FitSample(sample, geometry_));
    return sample;
  }

 private:
  std::vector<ImageFile> files_;
  std::vector<std::string> names_;
  Geometry geometry_;
};

bool IsImageName(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

Expected<std::vector<std::string>> List(const fs::path& folder, bool folders) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(folder, error), end;
  while (!error && at != end) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    const bool is_folder = at->is_directory(ignored);
    if (!name.starts_with('.') && is_folder == folders && (folders || IsImageName(at->path()))) {
      names.push_back(name);
    }
    at.increment(error);
  }
  if (error) return BadInput(folder.string(), ": cannot be listed: ", error.message());
  std::sort(names.begin(), names.end());
  return names;
}

bool LeavesItsFolder(const fs::path& path) {
  return path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
}

}  // namespace

SourcePointer MakeFileSource(std::vector<ImageFile> files, std::vector<std::string> class_names,
                             const Geometry& geometry) {
  return std::make_unique<FileSource>(std::move(files), std::move(class_names), geometry);
}

Expected<std::vector<std::string>> ListFolders(const std::string& folder) {
  return List(folder, true);
}
Expected<std::vector<std::string>> ListImages(const std::string& folder) {
  return List(folder, false);
}

Status AppendClassFolders(const std::string& root, const std::vector<std::string>& folders,
                          const std::vector<std::string>& class_names,
                          std::vector<ImageFile>& files) {
  for (const std::string& name : folders) {
    const fs::path folder = fs::path(root) / name;
    const auto found = std::lower_bound(class_names.begin(), class_names.end(), name);
    if (found == class_names.end() || *found != name) {
      return BadInput(folder.string(), ": no class of the training part has this name");
    }
    const auto label = static_cast<int32_t>(found - class_names.begin());
    POTLUT_ASSIGN_OR_RETURN(const auto images, ListImages(folder.string()));
    for (const std::string& image : images) files.push_back({(folder / image).string(), label});
  }
  return {};
}

Expected<std::vector<ListLine>> ReadList(const std::string& path) {
  constexpr std::string_view kGaps = ", \t";
  POTLUT_ASSIGN_OR_RETURN(const auto lines, ReadLines(path));
  std::vector<ListLine> list;
  std::unordered_map<std::string, size_t> seen;  // file to line
  for (const auto& [number, text] : lines) {
    if (text.starts_with('#')) continue;
    std::string_view rest = text;
    const auto skip = [&] {
      rest.remove_prefix(std::min(rest.find_first_not_of(kGaps), rest.size()));
    };
    const auto word = [&] {
      skip();
      const std::string_view found = rest.substr(0, rest.find_first_of(kGaps));
      rest.remove_prefix(found.size());
      return std::string(found);
    };
    ListLine line;
    line.where = Cat(path, " line ", number);
    line.file = word();
    line.label = word();
    skip();
    line.rest = rest;
    if (line.label.empty()) return BadInput(line.where, ": wants a file and its label");
    if (LeavesItsFolder(line.file)) {
      return BadInput(line.where, ": the image '", line.file, "' lies outside the folder");
    }
    const auto [first, fresh] =
        seen.emplace(fs::path(line.file).lexically_normal().string(), number);
    if (!fresh) {
      return BadInput(line.where, ": '", line.file, "' stands in line ", first->second, " already");
    }
    list.push_back(std::move(line));
  }
  if (list.empty()) return BadInput(path, ": names no image");
  return list;
}

std::optional<int32_t> ParseIndex(std::string_view text) {
  int32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

Status WantFile(const std::string& path, const std::string& where) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return {};
  return BadInput(where, ": there is no file ", path);
}

}  // namespace potlut::data
