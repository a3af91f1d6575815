// Files that the tests of this room write: a folder that goes away, JPEG and PNG encoders, small
// zip archives.
#pragma once

#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "data/data.h"

namespace potlut::data {

// A temporary folder, removed with everything in it.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "potlut_data_XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TestFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file (making its folders) and returns its path.
  std::string Write(const std::string& name, const std::vector<uint8_t>& bytes) const {
    const std::filesystem::path path = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    return path.string();
  }
  std::string Write(const std::string& name, const std::string& text) const {
    return Write(name, std::vector<uint8_t>(text.begin(), text.end()));
  }

 private:
  std::string path_;
};

// A smooth picture: what JPEG can keep.
Image Gradient(int32_t h, int32_t w, int32_t c);

struct JpegStyle {
  bool cmyk = false;  // four channels with an Adobe marker (stored inverted), from an RGB image
  bool progressive = false;
};
std::vector<uint8_t> EncodeJpeg(const Image& image, const JpegStyle& style = {});

// `colour_type` and `depth` as libpng names them; samples are `depth` bits, 16 bits big endian,
// rows packed.
std::vector<uint8_t> EncodePng(int32_t h, int32_t w, int colour_type, int depth,
                               const std::vector<uint8_t>& rows, bool interlaced = false);

}  // namespace potlut::data
