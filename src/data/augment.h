// Augmentation of one training image.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "data/data.h"
#include "data/random.h"

namespace potlut::data {

struct Augmentation {
  int32_t crop_padding = 0;  // pad by this on all sides with `fill`, crop back at random
  bool flip = false;         // left-right, half of the time
  int32_t cutout = 0;  // side of a square that is filled with `fill`, its centre anywhere in the
                       // image (DeVries & Taylor, arXiv 1708.04552); 0: none
  // A part of the image, area from `min_area` to all of it, aspect 3/4 to 4/3 (Szegedy et al.,
  // arXiv 1409.4842), resized to the network's input. Wants images as they are (Geometry with only
  // c set); without it they must have the input's size. Excludes crop_padding.
  bool random_resized_crop = false;
  double min_area = 0.08;
  std::array<uint8_t, 3> fill{124, 116, 104};  // RGB; other channel counts take the first
};

// Errors: kUsage naming what is out of range.
Status CheckAugmentation(const Augmentation& augmentation);

// Writes `image`, augmented, to `target`: [h][w][image.c]. Crop, then flip, then cutout. Errors:
// kUsage where the image's size is not h x w and nothing resizes it; kResourceLimit where it is too
// large to resize.
Status AugmentInto(const ImageView& image, const Augmentation& augmentation, int32_t h, int32_t w,
                   SampleRandom& random, std::span<uint8_t> target);

}  // namespace potlut::data
