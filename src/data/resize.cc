// Resize, crop and channel conversion.
#include "data/resize.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"

namespace potlut::data {
namespace {

constexpr int kPrecision = 22;         // of weights; 8 + 22 bits and a sign fit int32
constexpr int32_t kMaxSide = 1 << 16;  // of images that are resized, and of the result

// For one output position: the first input position and the fixed-point weights from there on.
struct Taps {
  int32_t first = 0;
  std::vector<int32_t> weights;
};

// Triangle filter of radius max(1, scale) around each output pixel's centre.
std::vector<Taps> MakeTaps(int32_t in, int32_t out) {
  const double scale = static_cast<double>(in) / out;
  const double radius = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<size_t>(out));
  for (int32_t i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const int32_t first = std::max(static_cast<int32_t>(centre - radius + 0.5), 0);
    const int32_t last = std::min(static_cast<int32_t>(centre + radius + 0.5), in);
    std::vector<double> weights;
    double sum = 0;
    for (int32_t x = first; x < last; ++x) {
      weights.push_back(std::max(0.0, 1.0 - std::abs((x - centre + 0.5) / radius)));
      sum += weights.back();
    }
    Taps& tap = taps[static_cast<size_t>(i)];
    tap.first = first;
    for (const double weight : weights) {
      tap.weights.push_back(static_cast<int32_t>(std::lround(weight / sum * (1 << kPrecision))));
    }
  }
  return taps;
}

uint8_t FromFixed(int32_t v) { return static_cast<uint8_t>(std::clamp(v >> kPrecision, 0, 255)); }

// One row; the number of channels is known to the compiler for the usual ones (0: any).
template <int32_t kChannels>
uint8_t* ResizeRow(const uint8_t* row, int32_t channels, const std::vector<Taps>& taps,
                   uint8_t* to) {
  const size_t c = size_t(kChannels > 0 ? kChannels : channels);
  for (const Taps& tap : taps) {
    const uint8_t* from = row + size_t(tap.first) * c;
    for (size_t k = 0; k < c; k += (kChannels > 0 ? c : 1)) {
      int32_t sum[kChannels > 0 ? kChannels : 1];
      for (int32_t& v : sum) v = 1 << (kPrecision - 1);
      const uint8_t* pixel = from + k;
      for (const int32_t weight : tap.weights) {
        for (size_t i = 0; i < std::size(sum); ++i) sum[i] += weight * pixel[i];
        pixel += c;
      }
      for (const int32_t v : sum) *to++ = FromFixed(v);
    }
  }
  return to;
}

Image Horizontal(const Image& in, int32_t w) {
  Image out{in.h, w, in.c, {}};
  out.pixels.resize(size_t(out.h) * size_t(w) * size_t(out.c));
  const auto taps = MakeTaps(in.w, w);
  const auto resize_row = in.c == 3 ? ResizeRow<3> : in.c == 1 ? ResizeRow<1> : ResizeRow<0>;
  uint8_t* to = out.pixels.data();
  for (int32_t y = 0; y < in.h; ++y) {
    to = resize_row(in.pixels.data() + size_t(y) * size_t(in.w) * size_t(in.c), in.c, taps, to);
  }
  return out;
}

Image Vertical(const Image& in, int32_t h) {
  Image out{h, in.w, in.c, {}};
  const size_t stride = size_t(in.w) * size_t(in.c);
  out.pixels.resize(size_t(h) * stride);
  const auto taps = MakeTaps(in.h, h);
  std::vector<int32_t> sum(stride);
  for (int32_t y = 0; y < h; ++y) {
    const Taps& tap = taps[size_t(y)];
    std::fill(sum.begin(), sum.end(), 1 << (kPrecision - 1));
    for (size_t t = 0; t < tap.weights.size(); ++t) {
      const uint8_t* row = in.pixels.data() + (size_t(tap.first) + t) * stride;
      for (size_t x = 0; x < stride; ++x) sum[x] += tap.weights[t] * row[x];
    }
    uint8_t* to = out.pixels.data() + size_t(y) * stride;
    for (size_t x = 0; x < stride; ++x) to[x] = FromFixed(sum[x]);
  }
  return out;
}

// The middle h x w; an odd margin rounds to even, as torchvision's CenterCrop does.
Image CentreCrop(const Image& in, int32_t h, int32_t w) {
  const auto margin = [](int32_t have, int32_t want) {
    return static_cast<size_t>(std::nearbyint((have - want) / 2.0));
  };
  const size_t top = margin(in.h, h), left = margin(in.w, w);
  const size_t c = size_t(in.c), bytes = size_t(w) * c;
  Image out{h, w, in.c, {}};
  out.pixels.reserve(size_t(h) * bytes);
  for (size_t y = 0; y < size_t(h); ++y) {
    const auto row = in.pixels.begin() + ptrdiff_t(((top + y) * size_t(in.w) + left) * c);
    out.pixels.insert(out.pixels.end(), row, row + ptrdiff_t(bytes));
  }
  return out;
}

// ITU-R 601-2 luma in 16-bit fixed point, as Pillow's convert("L").
Image ToGrey(const Image& in) {
  Image out{in.h, in.w, 1, {}};
  out.pixels.resize(size_t(in.h) * size_t(in.w));
  for (size_t i = 0; i < out.pixels.size(); ++i) {
    const uint8_t* p = in.pixels.data() + 3 * i;
    out.pixels[i] =
        static_cast<uint8_t>((p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16);
  }
  return out;
}

Image ToRgb(const Image& in) {
  Image out{in.h, in.w, 3, {}};
  out.pixels.reserve(in.pixels.size() * 3);
  for (const uint8_t v : in.pixels) out.pixels.insert(out.pixels.end(), 3, v);
  return out;
}

// The size whose shorter side is `side`, the longer rounded down as torchvision's Resize has it.
Expected<Image> ResizeShorterSide(const Image& image, int32_t side) {
  const int64_t shorter = std::min(image.h, image.w), longer = std::max(image.h, image.w);
  if (shorter == side) return image;
  const int64_t scaled = longer * side / shorter;
  if (scaled > kMaxSide || scaled * side > (int64_t{1} << 26)) {
    return ResourceLimit("resizing ", image.w, " x ", image.h, " to a shorter side of ", side,
                         " gives too large an image");
  }
  const int32_t other = static_cast<int32_t>(scaled);
  return image.h <= image.w ? ResizeBilinear(image, side, other)
                            : ResizeBilinear(image, other, side);
}

}  // namespace

Image ResizeBilinear(const Image& image, int32_t h, int32_t w) {
  // The horizontal pass reads every row; one that the vertical pass will drop costs little.
  if (w == image.w) return h == image.h ? image : Vertical(image, h);
  Image narrow = Horizontal(image, w);
  return h == image.h ? narrow : Vertical(narrow, h);
}

Expected<Image> Fit(const Image& image, const Geometry& geometry) {
  const auto expected = int64_t{image.h} * image.w * image.c;
  if (image.h < 1 || image.w < 1 || image.c < 1 ||
      image.pixels.size() != static_cast<size_t>(expected)) {
    return BadInput("an image of ", image.w, " x ", image.h, " with ", image.pixels.size(),
                    " bytes is malformed");
  }
  Image fitted = image;
  if (geometry.c == 1 && image.c == 3) {
    fitted = ToGrey(image);
  } else if (geometry.c == 3 && image.c == 1) {
    fitted = ToRgb(image);
  } else if (geometry.c != 0 && geometry.c != image.c) {
    return BadInput("an image of ", image.c, " channels cannot become one of ", geometry.c);
  }
  const bool resizes = geometry.resize > 0 || (geometry.h > 0 && geometry.h != image.h) ||
                       (geometry.w > 0 && geometry.w != image.w);
  if (resizes && (image.h > kMaxSide || image.w > kMaxSide)) {
    return ResourceLimit("an image of ", image.w, " x ", image.h, " is too large to resize");
  }
  if (geometry.resize > 0) {
    POTLUT_ASSIGN_OR_RETURN(fitted, ResizeShorterSide(fitted, geometry.resize));
  }
  const int32_t h = geometry.h > 0 ? geometry.h : fitted.h;
  const int32_t w = geometry.w > 0 ? geometry.w : fitted.w;
  if (fitted.h == h && fitted.w == w) return fitted;
  if (geometry.resize == 0) return ResizeBilinear(fitted, h, w);
  if (fitted.h < h || fitted.w < w) {
    return UsageError("resizing to ", geometry.resize, " leaves ", fitted.w, " x ", fitted.h,
                      " pixels, fewer than the ", w, " x ", h, " wanted; resize to at least ",
                      std::max(h, w));
  }
  return CentreCrop(fitted, h, w);
}

}  // namespace potlut::data
