// CIFAR-10 and CIFAR-100 in their official binary layout: label bytes, then 32x32 planes of red,
// green, blue.
#include <filesystem>
#include <mutex>
#include <new>

#include "base/text.h"
#include "data/record_file.h"
#include "data/sources.h"

namespace potlut::data {
namespace {

namespace fs = std::filesystem;

constexpr int32_t kSide = 32;
constexpr size_t kPixelBytes = 3 * kSide * kSide;
constexpr int64_t kMaxHeld = 1 << 18;  // images; both sets have 60,000

class CifarSource : public Source {
 public:
  CifarSource(std::vector<RecordFile> files, std::vector<std::string> names, bool hundred,
              const Geometry& geometry)
      : files_(std::move(files)), names_(std::move(names)), hundred_(hundred), geometry_(geometry) {
    for (const RecordFile& file : files_) size_ += Records(file);
  }

  int64_t size() const override { return size_; }
  const std::vector<std::string>& class_names() const override { return names_; }

  Expected<Sample> Get(int64_t index) const override {
    int64_t record = index;
    for (const RecordFile& file : files_) {
      if (record >= 0 && record < Records(file)) return Read(file, record);
      record -= Records(file);
    }
    return UsageError("record ", index, " of a set of ", size_);
  }

  std::optional<ImageView> View(int64_t index) const override {
    if (!IsFitted(geometry_, kSide, kSide, 3)) return {};
    std::call_once(held_once_, [this] { Hold(); });
    if (index < 0 || static_cast<size_t>(index) >= held_labels_.size()) return {};
    const auto at = static_cast<size_t>(index);
    if (held_labels_[at] >= classes()) return {};  // Get tells
    return ImageView{kSide, kSide, 3, held_pixels_.data() + at * kPixelBytes, held_labels_[at]};
  }

  size_t record_bytes() const { return kPixelBytes + (hundred_ ? 2 : 1); }

 private:
  int32_t classes() const { return hundred_ ? 100 : 10; }

  // The whole set in memory, for training: 150 MB. A set of other size, or one that cannot be read,
  // stays on disk.
  void Hold() const {
    if (size_ > kMaxHeld) return;
    try {
      std::vector<uint8_t> pixels, labels, bytes;
      pixels.reserve(static_cast<size_t>(size_) * kPixelBytes);
      for (const RecordFile& file : files_) {
        bytes.resize(static_cast<size_t>(Records(file)) * record_bytes());
        if (!file.Read(0, bytes).ok()) return;
        for (size_t at = 0; at < bytes.size(); at += record_bytes()) {
          labels.push_back(bytes[at + (hundred_ ? 1 : 0)]);
          const uint8_t* planes = bytes.data() + at + record_bytes() - kPixelBytes;
          const auto image = InterleavePlanes(planes, kSide, kSide, 3);
          pixels.insert(pixels.end(), image.begin(), image.end());
        }
      }
      held_pixels_ = std::move(pixels);
      held_labels_ = std::move(labels);
    } catch (const std::bad_alloc&) {  // Get reads record by record
    }
  }

  int64_t Records(const RecordFile& file) const {
    return static_cast<int64_t>(file.size() / record_bytes());
  }

  Expected<Sample> Read(const RecordFile& file, int64_t record) const {
    std::vector<uint8_t> bytes(record_bytes());
    POTLUT_RETURN_IF_ERROR(file.Read(static_cast<uint64_t>(record) * bytes.size(), bytes));
    Sample sample;
    sample.name = Cat(file.path(), " record ", record);
    sample.label = bytes[hundred_ ? 1 : 0];  // CIFAR-100: coarse, then fine
    if (sample.label >= classes()) {
      return BadInput(sample.name, ": label ", sample.label, " of ", classes(),
                      " classes; is this CIFAR-", classes(), " in its binary version?");
    }
    sample.image = {kSide, kSide, 3,
                    InterleavePlanes(bytes.data() + bytes.size() - kPixelBytes, kSide, kSide, 3)};
    POTLUT_RETURN_IF_ERROR(FitSample(sample, geometry_));
    return sample;
  }

  std::vector<RecordFile> files_;
  std::vector<std::string> names_;
  bool hundred_;
  Geometry geometry_;
  int64_t size_ = 0;
  mutable std::once_flag held_once_;
  mutable std::vector<uint8_t> held_pixels_, held_labels_;  // empty: not held
};

std::vector<std::string> FileNames(bool hundred, Split split) {
  if (hundred) return {split == Split::kTrain ? "train.bin" : "test.bin"};
  if (split == Split::kTest) return {"test_batch.bin"};
  return {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
          "data_batch_5.bin"};
}

// The names beside the batches, else the ten that everybody knows; CIFAR-100 without its file has
// none.
std::vector<std::string> ClassNames(const fs::path& folder, bool hundred) {
  auto lines =
      ReadLines((folder / (hundred ? "fine_label_names.txt" : "batches.meta.txt")).string());
  if (lines && lines->size() == (hundred ? 100U : 10U)) {
    std::vector<std::string> names;
    for (TextLine& line : *lines) names.push_back(std::move(line.text));
    return names;
  }
  if (hundred) return {};
  return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

}  // namespace

Expected<SourcePointer> OpenCifar(const std::string& place, bool hundred, Split split,
                                  const Geometry& geometry) {
  std::error_code error;
  fs::path folder = place;
  std::vector<std::string> names = FileNames(hundred, split);
  if (fs::is_regular_file(folder, error)) {
    names = {folder.filename().string()};
    folder = folder.parent_path();
  } else if (!fs::is_directory(folder, error)) {
    return BadInput("data '", place, "': no such file or folder; give the folder that holds ",
                    names[0]);
  } else if (!fs::exists(folder / names[0], error)) {
    folder /= hundred ? "cifar-100-binary" : "cifar-10-batches-bin";
    if (!fs::exists(folder / names[0], error)) {
      return BadInput("data '", place, "': holds no ", names[0], "; the binary version of CIFAR-",
                      hundred ? "100" : "10", " is wanted");
    }
  }
  std::vector<RecordFile> files;
  for (const std::string& name : names) {
    POTLUT_ASSIGN_OR_RETURN(RecordFile file, RecordFile::Open((folder / name).string()));
    const size_t record = kPixelBytes + (hundred ? 2 : 1);
    if (file.size() == 0 || file.size() % record != 0) {
      return BadInput(file.path(), ": ", file.size(),
                      " bytes are not a whole number of records of ", record,
                      " bytes; the file is truncated or is not CIFAR-", hundred ? "100" : "10");
    }
    files.push_back(std::move(file));
  }
  return SourcePointer(std::make_unique<CifarSource>(std::move(files), ClassNames(folder, hundred),
                                                     hundred, geometry));
}

}  // namespace potlut::data
