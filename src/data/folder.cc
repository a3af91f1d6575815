// Folders of images: one sub-folder a class, or flat with or without labels.txt; and single images.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/text.h"
#include "data/sources.h"

namespace potlut::data {
namespace {

namespace fs = std::filesystem;

constexpr int32_t kMaxClasses = 1 << 20;

struct Entry {
  std::string path;
  int32_t label = -1;
};

class FolderSource : public Source {
 public:
  FolderSource(std::vector<Entry> entries, std::vector<std::string> names, const Geometry& geometry)
      : entries_(std::move(entries)), names_(std::move(names)), geometry_(geometry) {}

  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  const std::vector<std::string>& class_names() const override { return names_; }

  Expected<Sample> Get(int64_t index) const override {
    if (index < 0 || index >= size()) return UsageError("image ", index, " of a set of ", size());
    const Entry& entry = entries_[static_cast<size_t>(index)];
    Sample sample;
    sample.name = entry.path;
    sample.label = entry.label;
    POTLUT_ASSIGN_OR_RETURN(sample.image, DecodeImage(entry.path));
    POTLUT_RETURN_IF_ERROR(FitSample(sample, geometry_));
    return sample;
  }

 private:
  std::vector<Entry> entries_;
  std::vector<std::string> names_;
  Geometry geometry_;
};

bool IsImageName(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// Names of sub-folders or image files, sorted by bytes so that every machine sees one order.
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

// One line of labels.txt: file, class index and perhaps a name, parted by a comma or blanks.
Status ParseLabel(const std::string& line, const fs::path& folder, const std::string& where,
                  Entry& entry, std::string& name) {
  constexpr std::string_view kGaps = ", \t";
  std::string_view rest = line;
  const auto next = [&] {
    rest.remove_prefix(std::min(rest.find_first_not_of(kGaps), rest.size()));
    const std::string_view word = rest.substr(0, rest.find_first_of(kGaps));
    rest.remove_prefix(word.size());
    return word;
  };
  const std::string_view file = next(), index = next();
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), entry.label);
  if (index.empty() || error != std::errc() || end != index.data() + index.size() ||
      entry.label < 0 || entry.label >= kMaxClasses) {
    return BadInput(where, ": wants 'file, class index, name' with an index from 0 to ",
                    kMaxClasses - 1);
  }
  const fs::path path(file);
  for (const auto& part : path) {
    if (part == ".." || path.is_absolute())
      return BadInput(where, ": the image lies outside the folder");
  }
  entry.path = (folder / path).string();
  rest.remove_prefix(std::min(rest.find_first_not_of(kGaps), rest.size()));
  name = rest;
  return {};
}

Expected<SourcePointer> OpenLabelled(const fs::path& folder, const std::string& labels,
                                     const Geometry& geometry) {
  POTLUT_ASSIGN_OR_RETURN(const auto lines, ReadLines(labels));
  std::vector<Entry> entries;
  std::vector<std::string> names;
  bool named = false;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with('#')) continue;
    Entry entry;
    std::string name;
    POTLUT_RETURN_IF_ERROR(
        ParseLabel(lines[i], folder, Cat(labels, " entry ", i + 1), entry, name));
    if (names.size() <= static_cast<size_t>(entry.label))
      names.resize(static_cast<size_t>(entry.label) + 1);
    if (!name.empty()) {
      names[static_cast<size_t>(entry.label)] = name;
      named = true;
    }
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) return BadInput(labels, ": names no image");
  if (!named) names.clear();
  return SourcePointer(
      std::make_unique<FolderSource>(std::move(entries), std::move(names), geometry));
}

}  // namespace

Expected<SourcePointer> OpenFolder(const std::string& folder, const Geometry& geometry) {
  const fs::path root = folder;
  std::error_code ignored;
  const fs::path labels = root / "labels.txt";
  if (fs::is_regular_file(labels, ignored)) return OpenLabelled(root, labels.string(), geometry);

  std::vector<Entry> entries;
  POTLUT_ASSIGN_OR_RETURN(const auto flat, List(root, false));
  for (const std::string& file : flat) entries.push_back({(root / file).string(), -1});
  std::vector<std::string> names;
  if (entries.empty()) {
    POTLUT_ASSIGN_OR_RETURN(names, List(root, true));
    for (size_t label = 0; label < names.size(); ++label) {
      POTLUT_ASSIGN_OR_RETURN(const auto files, List(root / names[label], false));
      for (const std::string& file : files) {
        entries.push_back({(root / names[label] / file).string(), static_cast<int32_t>(label)});
      }
    }
  }
  if (entries.empty()) {
    return BadInput(
        folder, ": holds no JPEG or PNG image, neither itself nor in sub-folders (one a class)");
  }
  return SourcePointer(
      std::make_unique<FolderSource>(std::move(entries), std::move(names), geometry));
}

Expected<SourcePointer> OpenSingleImage(const std::string& path, const Geometry& geometry) {
  return SourcePointer(std::make_unique<FolderSource>(std::vector<Entry>{{path, -1}},
                                                      std::vector<std::string>{}, geometry));
}

}  // namespace potlut::data
