// The kinds of source behind data::Open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/data.h"

namespace potlut::data {

using SourcePointer = std::unique_ptr<Source>;

// `place` is what follows "cifar10:" and its like.
Expected<SourcePointer> OpenCifar(const std::string& place, bool hundred, Split split,
                                  const Geometry& geometry);
Expected<SourcePointer> OpenImagenet(const std::string& place, Split split,
                                     const Geometry& geometry);
Expected<SourcePointer> OpenRafdb(const std::string& place, Split split, const Geometry& geometry);
Expected<SourcePointer> OpenFolder(const std::string& folder, const Geometry& geometry);
Expected<SourcePointer> OpenSingleImage(const std::string& path, const Geometry& geometry);
Expected<SourcePointer> OpenNpy(const std::string& path, const Geometry& geometry);
Expected<SourcePointer> OpenNpz(const std::string& path, const Geometry& geometry);

// How the elements of an array become images.
struct ArrayLayout {
  int64_t images = 0;
  int32_t h = 0, w = 0, c = 0;
  bool channels_first = false;
  int64_t image_bytes() const { return int64_t{h} * w * c; }
};
// Errors: kBadInput naming `what` and the shape that would be taken.
Expected<ArrayLayout> LayoutOf(const std::vector<int64_t>& shape, const Geometry& geometry,
                               const std::string& what);

// Planes (CHW) to pixels (HWC).
std::vector<uint8_t> InterleavePlanes(const uint8_t* planes, int32_t h, int32_t w, int32_t c);

struct TextLine {
  size_t number = 0;  // from 1
  std::string text;
};
// Non-empty lines without their line ends. Errors: those of ReadFile.
Expected<std::vector<TextLine>> ReadLines(const std::string& path);

// True where Fit leaves an image of h x w x c as it is.
bool IsFitted(const Geometry& geometry, int32_t h, int32_t w, int32_t c);
// Fit, with `sample.name` in front of an error.
Status FitSample(Sample& sample, const Geometry& geometry);

}  // namespace potlut::data
