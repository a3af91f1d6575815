// Bytes in and out, little endian: what every section is made of. The reader bounds all it returns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/text.h"

namespace potlut {

// Signed to unsigned so that small magnitudes stay small: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
constexpr uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
constexpr int64_t UnZigZag(uint64_t v) {
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

// True where `text` is well-formed UTF-8 (no overlong forms, no surrogates, nothing past U+10FFFF).
bool IsUtf8(std::string_view text);

// Appends to a growing buffer.
class Writer {
 public:
  void U8(uint8_t v) { out_.push_back(v); }
  void U16(uint16_t v) { Little(v, 2); }
  void U32(uint32_t v) { Little(v, 4); }
  void U64(uint64_t v) { Little(v, 8); }
  void F64(double v) { U64(std::bit_cast<uint64_t>(v)); }
  void Varint(uint64_t v) {
    for (; v >= 0x80; v >>= 7) U8(static_cast<uint8_t>(v | 0x80));
    U8(static_cast<uint8_t>(v));
  }
  void Svarint(int64_t v) { Varint(ZigZag(v)); }
  void Bytes(std::span<const uint8_t> bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void Text(std::string_view text) { out_.insert(out_.end(), text.begin(), text.end()); }

  size_t size() const { return out_.size(); }
  const std::vector<uint8_t>& bytes() const { return out_; }
  std::vector<uint8_t> Take() { return std::move(out_); }

 private:
  void Little(uint64_t v, int bytes) {
    for (int i = 0; i < bytes; ++i) U8(static_cast<uint8_t>(v >> (8 * i)));
  }
  std::vector<uint8_t> out_;
};

// Reads from a span. The first failure sticks: later reads return zeros (within the bounds asked
// for) and change nothing, so that a parser checks ok() before it allocates or loops and at its
// end. Messages name the section, the offset in the file, the place set by SetPlace and the field.
class Reader {
 public:
  Reader(std::span<const uint8_t> bytes, uint64_t file_offset, std::string_view section)
      : bytes_(bytes), file_offset_(file_offset), section_(section) {}

  uint8_t U8(std::string_view what);
  uint32_t U32(std::string_view what);
  double F64(std::string_view what);  // finite
  uint64_t Varint(std::string_view what, uint64_t max = UINT64_MAX);
  int64_t Svarint(std::string_view what, int64_t lo, int64_t hi);
  int32_t Int32(std::string_view what) {
    return static_cast<int32_t>(Svarint(what, INT32_MIN, INT32_MAX));
  }
  // A number of things of which each takes at least `min_bytes` of what is left.
  size_t Count(std::string_view what, size_t min_bytes);
  std::span<const uint8_t> Bytes(uint64_t count, std::string_view what);
  // UTF-8 of `count` bytes.
  std::string Text(uint64_t count, std::string_view what);

  bool ok() const { return !error_.has_value(); }
  Status status() const { return ok() ? Status() : Status(*error_); }
  // The status; leftover bytes are a failure.
  Status Finish();
  size_t remaining() const { return bytes_.size() - position_; }
  uint64_t file_offset() const { return file_offset_ + position_; }

  // What is being read ("node 3 'conv1'"), for messages.
  void SetPlace(std::string place) { place_ = std::move(place); }

  template <typename... Parts>
  void Fail(ErrorCode code, const Parts&... parts) {
    if (error_) return;
    error_ = Error{code, Cat(section_, " section, offset ", file_offset(),
                             place_.empty() ? "" : ", ", place_, ": ", parts...)};
  }
  template <typename... Parts>
  void FailBad(const Parts&... parts) {
    Fail(ErrorCode::kBadInput, parts...);
  }

 private:
  bool Have(uint64_t count, std::string_view what);

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  uint64_t file_offset_;
  std::string_view section_;
  std::string place_;
  std::optional<Error> error_;
};

}  // namespace potlut
