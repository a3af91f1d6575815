// A file of equal records, read one at a time and from many threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace potlut::data {

class RecordFile {
 public:
  // Errors: kBadInput where `path` is no readable regular file.
  static Expected<RecordFile> Open(const std::string& path);
  RecordFile(RecordFile&& other) noexcept;
  RecordFile& operator=(RecordFile&& other) noexcept;
  ~RecordFile();

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }  // bytes, when it was opened

  // Fills `target` from `offset`. Thread safe. Errors: kBadInput where the file ends before (it may
  // have shrunk).
  Status Read(uint64_t offset, std::span<uint8_t> target) const;

 private:
  RecordFile(std::string path, int descriptor, uint64_t size)
      : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace potlut::data
