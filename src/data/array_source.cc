// Images from .npy (read record by record) and .npz (unpacked whole).
#include <algorithm>

#include "base/checked.h"
#include "base/text.h"
#include "data/npy.h"
#include "data/npy_header.h"
#include "data/record_file.h"
#include "data/sources.h"

namespace potlut::data {
namespace {

constexpr std::string_view kShapes = "[N,H,W,C], [N,C,H,W] with C of 1 or 3, [H,W,C] or [H,W]";

Sample MakeSample(std::string name, const ArrayLayout& layout, std::vector<uint8_t> bytes) {
  if (layout.channels_first && layout.c > 1) {
    bytes = InterleavePlanes(bytes.data(), layout.h, layout.w, layout.c);
  }
  return {std::move(name), {layout.h, layout.w, layout.c, std::move(bytes)}, -1};
}

class NpySource : public Source {
 public:
  NpySource(RecordFile file, uint64_t offset, const ArrayLayout& layout, const Geometry& geometry)
      : file_(std::move(file)), offset_(offset), layout_(layout), geometry_(geometry) {}

  int64_t size() const override { return layout_.images; }
  const std::vector<std::string>& class_names() const override { return names_; }

  Expected<Sample> Get(int64_t index) const override {
    if (index < 0 || index >= size()) return UsageError("image ", index, " of a set of ", size());
    std::vector<uint8_t> bytes(static_cast<size_t>(layout_.image_bytes()));
    POTLUT_RETURN_IF_ERROR(
        file_.Read(offset_ + static_cast<uint64_t>(index) * bytes.size(), bytes));
    Sample sample = MakeSample(Cat(file_.path(), " image ", index), layout_, std::move(bytes));
    POTLUT_RETURN_IF_ERROR(FitSample(sample, geometry_));
    return sample;
  }

 private:
  RecordFile file_;
  uint64_t offset_;
  ArrayLayout layout_;
  Geometry geometry_;
  std::vector<std::string> names_;
};

class NpzSource : public Source {
 public:
  NpzSource(std::string path, NpyArray images, std::vector<int32_t> labels,
            const ArrayLayout& layout, const Geometry& geometry)
      : path_(std::move(path)),
        images_(std::move(images)),
        labels_(std::move(labels)),
        layout_(layout),
        geometry_(geometry) {}

  int64_t size() const override { return layout_.images; }
  const std::vector<std::string>& class_names() const override { return names_; }

  Expected<Sample> Get(int64_t index) const override {
    if (index < 0 || index >= size()) return UsageError("image ", index, " of a set of ", size());
    const auto begin =
        images_.bytes.begin() + static_cast<ptrdiff_t>(index * layout_.image_bytes());
    std::vector<uint8_t> bytes(begin, begin + static_cast<ptrdiff_t>(layout_.image_bytes()));
    Sample sample = MakeSample(Cat(path_, " image ", index), layout_, std::move(bytes));
    if (!labels_.empty()) sample.label = labels_[static_cast<size_t>(index)];
    POTLUT_RETURN_IF_ERROR(FitSample(sample, geometry_));
    return sample;
  }

  std::optional<ImageView> View(int64_t index) const override {
    const bool planes = layout_.channels_first && layout_.c > 1;
    if (planes || !IsFitted(geometry_, layout_.h, layout_.w, layout_.c) || index < 0 ||
        index >= size()) {
      return {};
    }
    const auto at = static_cast<size_t>(index);
    return ImageView{layout_.h, layout_.w, layout_.c,
                     images_.bytes.data() + at * static_cast<size_t>(layout_.image_bytes()),
                     labels_.empty() ? -1 : labels_[at]};
  }

 private:
  std::string path_;
  NpyArray images_;
  std::vector<int32_t> labels_;
  ArrayLayout layout_;
  Geometry geometry_;
  std::vector<std::string> names_;
};

Status WantPixels(const std::string& dtype, const std::string& what) {
  if (dtype == "u1") return {};
  return BadInput(what, ": elements are ", dtype,
                  "; images must be raw pixels, uint8 from 0 to 255 ",
                  "(normalisation belongs to the model)");
}

// One label an image, from an integer array.
Expected<std::vector<int32_t>> ReadLabels(const NpyArray& array, int64_t images,
                                          const std::string& what) {
  const bool integers = array.dtype[0] == 'u' || array.dtype[0] == 'i';
  if (!integers || array.count() != images) {
    return BadInput(what, ": wants ", images, " integer labels, has ", array.count(),
                    " elements of type ", array.dtype);
  }
  const size_t item = static_cast<size_t>(array.dtype[1] - '0');
  std::vector<int32_t> labels;
  for (size_t at = 0; at < array.bytes.size(); at += item) {
    uint64_t value = 0;
    for (size_t k = 0; k < item; ++k) value |= uint64_t{array.bytes[at + k]} << (8 * k);
    if (value > INT32_MAX)
      return BadInput(what, ": label ", labels.size(), " is negative or too large");
    labels.push_back(static_cast<int32_t>(value));
  }
  return labels;
}

// The first of `names` that is there, else the first array of four dimensions (where `any`).
const std::pair<const std::string, NpyArray>* Find(const std::map<std::string, NpyArray>& arrays,
                                                   std::initializer_list<const char*> names,
                                                   bool any) {
  for (const char* name : names) {
    if (const auto found = arrays.find(name); found != arrays.end()) return &*found;
  }
  for (const auto& entry : arrays) {
    if (any && entry.second.shape.size() == 4) return &entry;
  }
  return nullptr;
}

}  // namespace

Expected<ArrayLayout> LayoutOf(const std::vector<int64_t>& shape, const Geometry& geometry,
                               const std::string& what) {
  std::string text = "[";
  for (const int64_t n : shape) text += Cat(text.size() > 1 ? "," : "", n);
  text += "]";
  const Error refused = BadInput(what, ": shape ", text, " is not understood; wanted is ", kShapes);
  const auto is_colour = [](int64_t n) { return n == 1 || n == 3; };
  const auto is_wanted = [&](int64_t h, int64_t w, int64_t c) {
    return geometry.c > 0 && h == geometry.h && w == geometry.w && c == geometry.c;
  };
  int64_t n = 1, h = 0, w = 0, c = 1;
  bool channels_first = false;
  if (shape.size() == 2) {
    h = shape[0], w = shape[1];
  } else if (shape.size() == 3 &&
             (is_wanted(shape[0], shape[1], shape[2]) || is_colour(shape[2]))) {
    h = shape[0], w = shape[1], c = shape[2];
  } else if (shape.size() == 3 && is_wanted(shape[1], shape[2], 1)) {
    n = shape[0], h = shape[1], w = shape[2];  // grey images without a channel axis
  } else if (shape.size() == 4) {
    const bool last = is_wanted(shape[1], shape[2], shape[3]);
    const bool first = is_wanted(shape[2], shape[3], shape[1]) && is_colour(shape[1]);
    if (!last && !first && is_colour(shape[1]) && is_colour(shape[3])) {
      return BadInput(what, ": shape ", text,
                      " could be [N,H,W,C] or [N,C,H,W]; store it as [N,H,W,C] in ",
                      "the network's own size");
    }
    if (!last && !first && !is_colour(shape[1]) && !is_colour(shape[3])) return refused;
    channels_first = !last && (first || is_colour(shape[1]));
    n = shape[0];
    h = shape[channels_first ? 2 : 1], w = shape[channels_first ? 3 : 2],
    c = shape[channels_first ? 1 : 3];
  } else {
    return refused;
  }
  const auto bytes = CheckedProduct<int64_t>(h, w, c);
  if (n < 1 || h < 1 || w < 1 || c < 1) return BadInput(what, ": shape ", text, " holds no image");
  if (!bytes || *bytes > (int64_t{1} << 30)) {
    return ResourceLimit(what, ": images of shape ", text, " are larger than 1 GiB each");
  }
  return ArrayLayout{n, static_cast<int32_t>(h), static_cast<int32_t>(w), static_cast<int32_t>(c),
                     channels_first};
}

Expected<SourcePointer> OpenNpy(const std::string& path, const Geometry& geometry) {
  POTLUT_ASSIGN_OR_RETURN(RecordFile file, RecordFile::Open(path));
  std::vector<uint8_t> head(std::min<uint64_t>(file.size(), kNpyHeaderRoom));
  POTLUT_RETURN_IF_ERROR(file.Read(0, head));
  POTLUT_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(head, path));
  POTLUT_RETURN_IF_ERROR(WantPixels(header.dtype, path));
  if (header.fortran_order && header.shape.size() > 1) {
    return BadInput(path, ": is in Fortran order; save numpy.ascontiguousarray(a) instead");
  }
  if (file.size() - header.data_offset != header.data_bytes) {
    return BadInput(path, ": the shape needs ", header.data_bytes, " bytes of data, the file has ",
                    file.size() - header.data_offset);
  }
  POTLUT_ASSIGN_OR_RETURN(const ArrayLayout layout, LayoutOf(header.shape, geometry, path));
  return SourcePointer(
      std::make_unique<NpySource>(std::move(file), header.data_offset, layout, geometry));
}

Expected<SourcePointer> OpenNpz(const std::string& path, const Geometry& geometry) {
  POTLUT_ASSIGN_OR_RETURN(auto arrays, ReadNpz(path));
  const auto* images = Find(arrays, {"images", "x"}, true);
  if (images == nullptr) {
    return BadInput(path, ": holds no array 'images' or 'x', and none of four dimensions");
  }
  const std::string what = Cat(path, "(", images->first, ")");
  POTLUT_RETURN_IF_ERROR(WantPixels(images->second.dtype, what));
  POTLUT_ASSIGN_OR_RETURN(const ArrayLayout layout, LayoutOf(images->second.shape, geometry, what));
  std::vector<int32_t> labels;
  if (const auto* found = Find(arrays, {"labels", "y"}, false); found != nullptr) {
    POTLUT_ASSIGN_OR_RETURN(
        labels, ReadLabels(found->second, layout.images, Cat(path, "(", found->first, ")")));
  }
  NpyArray pixels = std::move(arrays[images->first]);
  return SourcePointer(
      std::make_unique<NpzSource>(path, std::move(pixels), std::move(labels), layout, geometry));
}

}  // namespace potlut::data
