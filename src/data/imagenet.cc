// The layout of ImageNet: a folder a class under train and val, or val with a list of labels.
#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "data/image_files.h"

namespace potlut::data {
namespace {

namespace fs = std::filesystem;

// DIR[,train=FOLDER][,val=FOLDER][,list=FILE]
struct Place {
  fs::path root;
  fs::path train = "train", val = "val";
  std::optional<fs::path> list;
};

// Options are read from the end as long as they are some, so that DIR may hold commas.
Expected<Place> ParsePlace(const std::string& text) {
  Place place;
  std::string_view rest = text;
  bool named[3] = {};
  for (;;) {
    const size_t comma = rest.rfind(',');
    if (comma == std::string_view::npos) break;
    const std::string_view option = rest.substr(comma + 1);
    const size_t equals = option.find('=');
    if (equals == std::string_view::npos) break;
    const std::string_view key = option.substr(0, equals), value = option.substr(equals + 1);
    const int which = key == "train" ? 0 : key == "val" ? 1 : key == "list" ? 2 : -1;
    if (which < 0 || value.empty() || named[which]) {
      return BadInput("data 'imagenet:", text, "': ", option,
                      ": wanted are train=FOLDER, val=FOLDER and list=FILE, each once");
    }
    named[which] = true;
    if (which == 0) place.train = value;
    if (which == 1) place.val = value;
    if (which == 2) place.list = value;
    rest = rest.substr(0, comma);
  }
  place.root = rest;
  place.train = place.root / place.train;
  place.val = place.root / place.val;
  if (place.list) place.list = place.root / *place.list;
  return place;
}

bool IsFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

Error NoImages(const fs::path& folder) {
  return BadInput(folder.string(), ": holds no JPEG or PNG image in sub-folders (one a class)");
}

// A class's number: by name where there is one of that name, else the number itself.
Expected<int32_t> LabelOf(const ListLine& line, const std::vector<std::string>& names,
                          const fs::path& train) {
  if (!line.rest.empty()) {
    return BadInput(line.where, ": '", line.rest, "' after file and label; wanted are two words");
  }
  const auto found = std::lower_bound(names.begin(), names.end(), line.label);
  if (found != names.end() && *found == line.label) {
    return static_cast<int32_t>(found - names.begin());
  }
  const auto label = ParseIndex(line.label);
  if (!label) {
    return BadInput(
        line.where, ": '", line.label, "' is no class index",
        names.empty() ? ", and names are known only where there is " : ", and no class folder of ",
        train.string());
  }
  const int32_t classes = names.empty() ? kMaxClasses : static_cast<int32_t>(names.size());
  if (*label < 0 || *label >= classes) {
    return BadInput(line.where, ": class index ", *label, " of ", classes, " classes");
  }
  return *label;
}

Expected<SourcePointer> OpenList(const Place& place, const fs::path& list,
                                 std::vector<std::string> names, const Geometry& geometry) {
  POTLUT_ASSIGN_OR_RETURN(const auto lines, ReadList(list.string()));
  std::vector<ImageFile> files;
  for (const ListLine& line : lines) {
    POTLUT_ASSIGN_OR_RETURN(const int32_t label, LabelOf(line, names, place.train));
    files.push_back({(place.val / line.file).string(), label});
    POTLUT_RETURN_IF_ERROR(WantFile(files.back().path, line.where));
  }
  return MakeFileSource(std::move(files), std::move(names), geometry);
}

}  // namespace

Expected<SourcePointer> OpenImagenet(const std::string& text, Split split,
                                     const Geometry& geometry) {
  POTLUT_ASSIGN_OR_RETURN(const Place place, ParsePlace(text));
  const fs::path& wanted = split == Split::kTrain ? place.train : place.val;
  if (!IsFolder(wanted)) {
    return BadInput("data 'imagenet:", text, "': there is no folder ", wanted.string(),
                    "; give the folder that holds train and val, or ,train=FOLDER ,val=FOLDER");
  }
  // The classes are those of the training part, so that both parts number them alike.
  std::vector<std::string> names;
  if (IsFolder(place.train)) {
    POTLUT_ASSIGN_OR_RETURN(names, ListFolders(place.train.string()));
  }
  std::vector<ImageFile> files;
  if (split == Split::kTrain) {
    POTLUT_RETURN_IF_ERROR(AppendClassFolders(place.train.string(), names, names, files));
    if (files.empty()) return NoImages(place.train);
    return MakeFileSource(std::move(files), std::move(names), geometry);
  }
  if (place.list) return OpenList(place, *place.list, std::move(names), geometry);

  POTLUT_ASSIGN_OR_RETURN(const auto folders, ListFolders(place.val.string()));
  if (folders.empty()) {
    for (const fs::path& list : {place.root / "val.txt", place.val / "val.txt"}) {
      std::error_code ignored;
      if (fs::exists(list, ignored)) return OpenList(place, list, std::move(names), geometry);
    }
    return BadInput(place.val.string(), ": holds no class folders, and there is no list ",
                    (place.root / "val.txt").string(), "; name one by ,list=FILE");
  }
  if (names.empty()) names = folders;
  POTLUT_RETURN_IF_ERROR(AppendClassFolders(place.val.string(), folders, names, files));
  if (files.empty()) return NoImages(place.val);
  return MakeFileSource(std::move(files), std::move(names), geometry);
}

}  // namespace potlut::data
