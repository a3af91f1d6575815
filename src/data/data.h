// Data sets: images and labels from disk, resized and cropped to what a network takes. Tools only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace potlut::data {

// 8-bit image, HWC; 1 (grey) or 3 (RGB) channels.
struct Image {
  int32_t h = 0, w = 0, c = 0;
  std::vector<uint8_t> pixels;
};

struct Sample {
  std::string name;  // file name or record number, for messages
  Image image;
  int32_t label = -1;  // -1: not known
};

// How images become what the network takes.
struct Geometry {
  int32_t h = 0, w = 0, c = 0;  // wanted; 0: leave as they are
  int32_t resize = 0;  // shorter side is first resized to this (bilinear, antialiased); 0: straight
                       // to h x w where sizes differ
  // then the middle h x w is cut out
};

enum class Split { kTrain, kTest };

// Pixels (HWC) that the source itself holds: they stay where they are as long as it lives.
struct ImageView {
  int32_t h = 0, w = 0, c = 0;
  const uint8_t* pixels = nullptr;
  int32_t label = -1;  // -1: not known
};

class Source {
 public:
  virtual ~Source() = default;
  virtual int64_t size() const = 0;
  // Thread safe. Errors: kBadInput naming the file or record.
  virtual Expected<Sample> Get(int64_t index) const = 0;
  // What Get gives, without a copy, where the source has it in memory in its final form; nothing
  // where it has not, and where Get has an error to tell. Thread safe.
  virtual std::optional<ImageView> View(int64_t /*index*/) const { return std::nullopt; }
  virtual const std::vector<std::string>& class_names() const = 0;  // empty: not known
};

// Opens
//   cifar10:DIR       the official binary batches (training or test files by `split`)
//   cifar10:FILE.bin  one file of them
//   cifar100:DIR      the same for CIFAR-100 (fine labels)
//   imagenet:DIR      DIR/train/CLASS/x.jpg and DIR/val/CLASS/x.jpg, or DIR/val with a list
//   rafdb:DIR         RAF-DB's single-label set, aligned faces
//   FOLDER            JPEG and PNG: one sub-folder a class (names sorted), or flat with labels.txt
//                     (file, class index, name; commas or blanks) or without labels
//   FILE.jpg|.png     one image
//   FILE.npy          uint8 [N,H,W,C], [H,W,C], or [N,C,H,W] where C is 1 or 3 and unambiguous
//   FILE.npz          arrays "images" (or "x", the first 4-d one) and "labels" (or "y")
// docs/data.md has the layouts and the options of imagenet:. `split` chooses in the sets that have
// one (cifar10:DIR, cifar100:DIR, imagenet:, rafdb:). Errors: kBadInput naming the place (of a
// list, its line) and the remedy.
Expected<std::unique_ptr<Source>> Open(const std::string& spec, Split split,
                                       const Geometry& geometry);

Expected<Image> DecodeImage(const std::string& path);               // JPEG or PNG by content
Expected<Image> Fit(const Image& image, const Geometry& geometry);  // resize, crop, grey <-> RGB

}  // namespace potlut::data
