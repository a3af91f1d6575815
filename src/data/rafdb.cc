// RAF-DB's single-label set (Li, Deng, Du: Reliable crowdsourcing and deep locality-preserving
// learning for expression recognition in the wild, CVPR 2017): aligned faces, seven emotions.
#include <filesystem>

#include "base/text.h"
#include "data/image_files.h"

namespace potlut::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kList = "EmoLabel/list_patition_label.txt";  // its authors' spelling

// Labels 1 to 7 of the list, in this order.
std::vector<std::string> Emotions() {
  return {"surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"};
}

// train_00001.jpg of the list is the file train_00001_aligned.jpg.
fs::path AlignedName(const fs::path& file) {
  return file.parent_path() / (file.stem().string() + "_aligned" + file.extension().string());
}

}  // namespace

Expected<SourcePointer> OpenRafdb(const std::string& place, Split split, const Geometry& geometry) {
  std::error_code ignored;
  fs::path root = place;
  if (!fs::exists(root / kList, ignored) && fs::exists(root / "basic" / kList, ignored)) {
    root /= "basic";
  }
  const std::string list = (root / kList).string();
  if (!fs::exists(list, ignored)) {
    return BadInput("data 'rafdb:", place, "': there is no file ", list,
                    "; give the folder that holds Image and EmoLabel");
  }
  POTLUT_ASSIGN_OR_RETURN(const auto lines, ReadList(list));
  std::vector<std::string> names = Emotions();
  const auto classes = static_cast<int32_t>(names.size());
  std::vector<ImageFile> files;
  for (const ListLine& line : lines) {
    const auto label = ParseIndex(line.label);
    if (!label || *label < 1 || *label > classes || !line.rest.empty()) {
      return BadInput(line.where, ": wants a file and a label from 1 to ", classes);
    }
    const bool train = line.file.starts_with("train_");
    if (!train && !line.file.starts_with("test_")) {
      return BadInput(line.where, ": '", line.file, "' begins neither with train_ nor with test_");
    }
    if (train != (split == Split::kTrain)) continue;
    files.push_back({(root / "Image" / "aligned" / AlignedName(line.file)).string(), *label - 1});
    POTLUT_RETURN_IF_ERROR(WantFile(files.back().path, line.where));
  }
  if (files.empty()) {
    return BadInput(list, ": names no ", split == Split::kTrain ? "training" : "test", " image");
  }
  return MakeFileSource(std::move(files), std::move(names), geometry);
}

}  // namespace potlut::data
