// Bounded reading of little-endian fields; UTF-8.
#include "pack/wire.h"

#include <algorithm>
#include <cmath>

namespace potlut {

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) { return static_cast<uint8_t>(text[k]); };
    const uint8_t lead = at(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const int extra = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - i <= static_cast<size_t>(extra)) return false;
    uint32_t point = lead & (0x3F >> extra);
    for (int k = 1; k <= extra; ++k) {
      const uint8_t next = at(i + static_cast<size_t>(k));
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3F);
    }
    constexpr uint32_t kSmallest[4] = {0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[extra] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
      return false;
    }
    i += 1 + static_cast<size_t>(extra);
  }
  return true;
}

bool Reader::Have(uint64_t count, std::string_view what) {
  if (!ok()) return false;
  if (count <= remaining()) return true;
  FailBad(what, " needs ", count, " bytes but the section has ", remaining(), " left");
  return false;
}

uint8_t Reader::U8(std::string_view what) {
  if (!Have(1, what)) return 0;
  return bytes_[position_++];
}

uint32_t Reader::U32(std::string_view what) {
  if (!Have(4, what)) return 0;
  uint32_t v = 0;
  for (int i = 0; i < 4; ++i) v |= uint32_t{bytes_[position_++]} << (8 * i);
  return v;
}

double Reader::F64(std::string_view what) {
  if (!Have(8, what)) return 0;
  uint64_t v = 0;
  for (size_t i = 0; i < 8; ++i) v |= uint64_t{bytes_[position_ + i]} << (8 * i);
  const auto value = std::bit_cast<double>(v);
  if (!std::isfinite(value)) {
    FailBad(what, " is not a finite number");
    return 0;
  }
  position_ += 8;
  return value;
}

uint64_t Reader::Varint(std::string_view what, uint64_t max) {
  uint64_t v = 0;
  size_t used = 0;
  for (int shift = 0;; shift += 7, ++used) {
    if (!ok()) return 0;
    if (used >= remaining()) {
      FailBad(what, ": the section ends inside of a number");
      return 0;
    }
    const uint8_t byte = bytes_[position_ + used];
    if (shift == 63 && byte > 1) {
      FailBad(what, ": a number of more than 64 bits");
      return 0;
    }
    v |= uint64_t{byte & 0x7FU} << shift;
    if (byte >= 0x80) continue;
    if (byte == 0 && used > 0) {
      FailBad(what, ": a number that is longer than it needs to be");
      return 0;
    }
    break;
  }
  if (v > max) {
    FailBad(what, " is ", v, ", at most ", max, " is possible here");
    return 0;
  }
  position_ += used + 1;
  return v;
}

int64_t Reader::Svarint(std::string_view what, int64_t lo, int64_t hi) {
  const size_t before = position_;
  const int64_t v = UnZigZag(Varint(what));
  if (!ok()) return std::clamp<int64_t>(0, lo, hi);
  if (v < lo || v > hi) {
    position_ = before;
    FailBad(what, " is ", v, ", outside of ", lo, "..", hi);
    return std::clamp<int64_t>(0, lo, hi);
  }
  return v;
}

size_t Reader::Count(std::string_view what, size_t min_bytes) {
  const size_t before = position_;
  const uint64_t v = Varint(what);
  if (!ok()) return 0;
  if (v > remaining() / min_bytes) {
    position_ = before;
    FailBad(what, " is ", v, ", more than the ", remaining(), " bytes left can hold");
    return 0;
  }
  return static_cast<size_t>(v);
}

std::span<const uint8_t> Reader::Bytes(uint64_t count, std::string_view what) {
  if (!Have(count, what)) return {};
  const auto part = bytes_.subspan(position_, static_cast<size_t>(count));
  position_ += part.size();
  return part;
}

std::string Reader::Text(uint64_t count, std::string_view what) {
  const auto part = Bytes(count, what);
  std::string text(part.begin(), part.end());
  if (!IsUtf8(text)) {
    FailBad(what, " is not valid UTF-8");
    return {};
  }
  return text;
}

Status Reader::Finish() {
  SetPlace("");
  if (ok() && remaining() > 0) FailBad(remaining(), " bytes are left over");
  return status();
}

}  // namespace potlut
