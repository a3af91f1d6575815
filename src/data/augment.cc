// Crop, flip, cutout and random resized crop, written straight into the batch.
#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "data/resize.h"

namespace potlut::data {
namespace {

constexpr int32_t kMaxSide = 1 << 16;  // of images that are resized
constexpr int kCropAttempts = 10;
constexpr double kMaxAspect = 4.0 / 3.0;

int32_t Draw(SampleRandom& random, int32_t count) {
  return static_cast<int32_t>(random.Below(static_cast<uint64_t>(count)));
}

// A batch's place for one image.
struct Canvas {
  uint8_t* pixels;
  size_t h, w, c;
  uint8_t* At(size_t y, size_t x) const { return pixels + (y * w + x) * c; }
};

void Fill(const Canvas& canvas, size_t y, size_t left, size_t right,
          const std::array<uint8_t, 3>& fill) {
  uint8_t* to = canvas.At(y, left);
  if (canvas.c != 3) {
    std::memset(to, fill[0], (right - left) * canvas.c);
    return;
  }
  for (size_t x = left; x < right; ++x, to += 3) {
    to[0] = fill[0], to[1] = fill[1], to[2] = fill[2];
  }
}

// The image moved by (dy, dx) pixels; `fill` where it does not reach.
void CopyShifted(const ImageView& image, int32_t dy, int32_t dx, const Canvas& canvas,
                 const std::array<uint8_t, 3>& fill) {
  const int32_t h = image.h, w = image.w;
  const auto left = static_cast<size_t>(std::clamp(-dx, 0, w));
  const auto right = static_cast<size_t>(std::clamp(w - dx, 0, w));
  for (int32_t y = 0; y < h; ++y) {
    const auto row = static_cast<size_t>(y);
    const int32_t from = y + dy;
    if (from < 0 || from >= h || left >= right) {
      Fill(canvas, row, 0, canvas.w, fill);
      continue;
    }
    Fill(canvas, row, 0, left, fill);
    const size_t source =
        static_cast<size_t>(from) * canvas.w + left + static_cast<size_t>(int64_t{dx});
    std::memcpy(canvas.At(row, left), image.pixels + source * canvas.c, (right - left) * canvas.c);
    Fill(canvas, row, right, canvas.w, fill);
  }
}

void Flip(const Canvas& canvas) {
  for (size_t y = 0; y < canvas.h; ++y) {
    for (size_t x = 0; x < canvas.w / 2; ++x) {
      uint8_t* a = canvas.At(y, x);
      std::swap_ranges(a, a + canvas.c, canvas.At(y, canvas.w - 1 - x));
    }
  }
}

struct Box {
  int32_t top, left, h, w;
};

// Inception's crop: area uniform, aspect uniform in its logarithm. After ten boxes that do not fit,
// the largest one in the middle whose aspect is allowed.
Box DrawBox(int32_t h, int32_t w, double min_area, SampleRandom& random) {
  const double area = static_cast<double>(h) * w;
  for (int attempt = 0; attempt < kCropAttempts; ++attempt) {
    const double target = area * (min_area + (1 - min_area) * random.Unit());
    const double aspect = std::pow(kMaxAspect, 2 * random.Unit() - 1);
    const double box_w = std::round(std::sqrt(target * aspect));
    const double box_h = std::round(std::sqrt(target / aspect));
    if (box_w < 1 || box_h < 1 || box_w > w || box_h > h) continue;
    Box box{0, 0, static_cast<int32_t>(box_h), static_cast<int32_t>(box_w)};
    box.top = Draw(random, h - box.h + 1);
    box.left = Draw(random, w - box.w + 1);
    return box;
  }
  Box box{0, 0, h, w};
  if (w > h * kMaxAspect) box.w = std::max(static_cast<int32_t>(std::round(h * kMaxAspect)), 1);
  if (h > w * kMaxAspect) box.h = std::max(static_cast<int32_t>(std::round(w * kMaxAspect)), 1);
  box.top = (h - box.h) / 2;
  box.left = (w - box.w) / 2;
  return box;
}

void CropResized(const ImageView& image, const Box& box, const Canvas& canvas) {
  Image part{box.h, box.w, image.c, {}};
  const size_t stride = size_t(image.w) * canvas.c, bytes = size_t(box.w) * canvas.c;
  part.pixels.reserve(size_t(box.h) * bytes);
  for (size_t y = 0; y < size_t(box.h); ++y) {
    const uint8_t* row =
        image.pixels + (size_t(box.top) + y) * stride + size_t(box.left) * canvas.c;
    part.pixels.insert(part.pixels.end(), row, row + bytes);
  }
  const Image resized =
      ResizeBilinear(part, static_cast<int32_t>(canvas.h), static_cast<int32_t>(canvas.w));
  std::memcpy(canvas.pixels, resized.pixels.data(), resized.pixels.size());
}

void Cutout(const Canvas& canvas, int32_t side, const std::array<uint8_t, 3>& fill,
            SampleRandom& random) {
  const auto h = static_cast<int32_t>(canvas.h), w = static_cast<int32_t>(canvas.w);
  const int32_t top = Draw(random, h) - side / 2, left = Draw(random, w) - side / 2;
  const auto inside = [](int32_t v, int32_t end) {
    return static_cast<size_t>(std::clamp(v, 0, end));
  };
  for (size_t y = inside(top, h); y < inside(top + side, h); ++y) {
    Fill(canvas, y, inside(left, w), inside(left + side, w), fill);
  }
}

}  // namespace

Status CheckAugmentation(const Augmentation& augmentation) {
  const auto in_range = [](int32_t v) { return v >= 0 && v <= kMaxSide; };
  if (!in_range(augmentation.crop_padding) || !in_range(augmentation.cutout)) {
    return UsageError("crop padding ", augmentation.crop_padding, " and cutout ",
                      augmentation.cutout, ": each must be from 0 to ", kMaxSide, " pixels");
  }
  if (augmentation.random_resized_crop && augmentation.crop_padding > 0) {
    return UsageError("crop padding and random resized crop exclude each other");
  }
  if (!(augmentation.min_area > 0 && augmentation.min_area <= 1)) {
    return UsageError("random resized crop: the least area ", augmentation.min_area,
                      " must be above 0 and at most 1");
  }
  return {};
}

Status AugmentInto(const ImageView& image, const Augmentation& augmentation, int32_t h, int32_t w,
                   SampleRandom& random, std::span<uint8_t> target) {
  const Canvas canvas{target.data(), size_t(h), size_t(w), size_t(image.c)};
  if (augmentation.random_resized_crop) {
    if (image.h < 1 || image.w < 1 || image.h > kMaxSide || image.w > kMaxSide) {
      return ResourceLimit("an image of ", image.w, " x ", image.h, " cannot be resized");
    }
    CropResized(image, DrawBox(image.h, image.w, augmentation.min_area, random), canvas);
  } else {
    if (image.h != h || image.w != w) {
      return UsageError("an image of ", image.w, " x ", image.h, " for a batch of ", w, " x ", h,
                        "; open the data with this size or ask for random resized crop");
    }
    const int32_t padding = augmentation.crop_padding;
    const int32_t dy = padding > 0 ? Draw(random, 2 * padding + 1) - padding : 0;
    const int32_t dx = padding > 0 ? Draw(random, 2 * padding + 1) - padding : 0;
    CopyShifted(image, dy, dx, canvas, augmentation.fill);
  }
  if (augmentation.flip && random.Below(2) == 1) Flip(canvas);
  if (augmentation.cutout > 0) Cutout(canvas, augmentation.cutout, augmentation.fill, random);
  return {};
}

}  // namespace potlut::data
