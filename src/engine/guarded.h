// Memory for tests whose ends are watched: pages that may not be touched outside, a pattern up to
// them inside.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace potlut::testing {

// `bytes` bytes that begin right behind a forbidden page (kStart) or end right before one (kEnd).
class Guarded {
 public:
  enum Side { kStart, kEnd };

  Guarded(size_t bytes, Side side, size_t alignment = 1) : bytes_(bytes) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t room = (bytes + page - 1) / page * page + page;
    total_ = room + 2 * page;
    map_ = static_cast<uint8_t*>(
        mmap(nullptr, total_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(map_, page, PROT_NONE);
    mprotect(map_ + page + room, page, PROT_NONE);
    begin_ = map_ + page;
    end_ = begin_ + room;
    std::memset(begin_, kPattern, room);
    data_ = side == kStart ? begin_ : end_ - (bytes + alignment - 1) / alignment * alignment;
  }
  ~Guarded() { munmap(map_, total_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  uint8_t* data() { return data_; }
  // Whether every byte between the data and the forbidden pages still has the pattern.
  bool Untouched() const {
    for (const uint8_t* p = begin_; p != data_; ++p) {
      if (*p != kPattern) return false;
    }
    for (const uint8_t* p = data_ + bytes_; p != end_; ++p) {
      if (*p != kPattern) return false;
    }
    return true;
  }

 private:
  static constexpr uint8_t kPattern = 0xA5;
  size_t bytes_, total_;
  uint8_t *map_, *begin_, *end_, *data_;
};

}  // namespace potlut::testing
