// data::Open: from the words of the user to a source; and what the sources share.
#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "data/sources.h"

namespace potlut::data {
namespace {

constexpr size_t kMaxTextBytes = size_t{64} << 20;

bool HasExtension(const std::string& path, std::string_view extension) {
  std::string own = std::filesystem::path(path).extension().string();
  for (char& c : own) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  return own == extension;
}

}  // namespace

std::vector<uint8_t> InterleavePlanes(const uint8_t* planes, int32_t h, int32_t w, int32_t c) {
  const size_t area = size_t(h) * size_t(w), channels = size_t(c);
  std::vector<uint8_t> pixels(area * channels);
  for (size_t k = 0; k < channels; ++k) {
    for (size_t i = 0; i < area; ++i) pixels[i * channels + k] = planes[k * area + i];
  }
  return pixels;
}

Expected<std::vector<TextLine>> ReadLines(const std::string& path) {
  POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path, kMaxTextBytes));
  std::vector<TextLine> lines;
  TextLine line{1, {}};
  const auto flush = [&] {
    while (!line.text.empty() && (line.text.back() == '\r' || line.text.back() == ' ')) {
      line.text.pop_back();
    }
    if (!line.text.empty()) lines.push_back(line);
    line = {line.number + 1, {}};
  };
  for (const uint8_t byte : bytes) {
    if (byte == '\n') {
      flush();
    } else {
      line.text += static_cast<char>(byte);
    }
  }
  flush();
  return lines;
}

bool IsFitted(const Geometry& geometry, int32_t h, int32_t w, int32_t c) {
  const auto is = [](int32_t wanted, int32_t have) { return wanted == 0 || wanted == have; };
  return is(geometry.h, h) && is(geometry.w, w) && is(geometry.c, c) &&
         is(geometry.resize, std::min(h, w));
}

Status FitSample(Sample& sample, const Geometry& geometry) {
  auto fitted = Fit(sample.image, geometry);
  if (!fitted) return Status(fitted.error().code, Cat(sample.name, ": ", fitted.error().message));
  sample.image = std::move(*fitted);
  return {};
}

Expected<std::unique_ptr<Source>> Open(const std::string& spec, Split split,
                                       const Geometry& geometry) {
  const size_t colon = std::min(spec.find(':'), spec.size());
  const std::string kind = spec.substr(0, colon);
  const std::string place = spec.substr(std::min(colon + 1, spec.size()));
  if (kind.size() < spec.size()) {
    if (kind == "cifar10" || kind == "cifar100") {
      return OpenCifar(place, kind == "cifar100", split, geometry);
    }
    if (kind == "imagenet") return OpenImagenet(place, split, geometry);
    if (kind == "rafdb") return OpenRafdb(place, split, geometry);
  }
  std::error_code error;
  const auto status = std::filesystem::status(spec, error);
  if (!std::filesystem::exists(status)) {
    return BadInput("data '", spec,
                    "': no such file or folder; give a folder of images, a .jpg, .png, .npy or "
                    ".npz file, or cifar10:DIR, cifar100:DIR, imagenet:DIR, rafdb:DIR");
  }
  if (std::filesystem::is_directory(status)) return OpenFolder(spec, geometry);
  if (HasExtension(spec, ".npy")) return OpenNpy(spec, geometry);
  if (HasExtension(spec, ".npz")) return OpenNpz(spec, geometry);
  if (HasExtension(spec, ".jpg") || HasExtension(spec, ".jpeg") || HasExtension(spec, ".png")) {
    return OpenSingleImage(spec, geometry);
  }
  return BadInput("data '", spec,
                  "': is neither .jpg, .png, .npy nor .npz; CIFAR-10 batches are named "
                  "cifar10:FILE.bin");
}

}  // namespace potlut::data
