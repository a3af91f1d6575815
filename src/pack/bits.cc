// Bit streams and integers of adaptive width.
#include "pack/bits.h"

#include <algorithm>
#include <bit>

namespace potlut {

void BitWriter::Put(uint32_t value, int width) {
  const uint64_t mask = (uint64_t{1} << width) - 1;
  buffer_ |= (value & mask) << held_;
  held_ += width;
  for (; held_ >= 8; held_ -= 8, buffer_ >>= 8) out_.push_back(static_cast<uint8_t>(buffer_));
}

std::vector<uint8_t> BitWriter::Take() {
  if (held_ > 0) out_.push_back(static_cast<uint8_t>(buffer_));
  buffer_ = 0;
  held_ = 0;
  return std::move(out_);
}

uint32_t BitReader::Get(int width) {
  uint64_t value = 0;
  const uint64_t first = position_ / 8;
  for (uint64_t i = 0; i < 5; ++i) {
    if (first + i < bytes_.size()) value |= uint64_t{bytes_[first + i]} << (8 * i);
  }
  value >>= position_ % 8;
  position_ += static_cast<uint64_t>(width);
  return static_cast<uint32_t>(value & ((uint64_t{1} << width) - 1));
}

bool BitReader::RestOfByteIsZero() const {
  const uint64_t in_byte = position_ % 8;
  return in_byte == 0 || position_ / 8 >= bytes_.size() || bytes_[position_ / 8] >> in_byte == 0;
}

std::vector<uint8_t> PackCodes(std::span<const uint8_t> codes, int bits) {
  BitWriter writer;
  for (const uint8_t code : codes) writer.Put(code, bits);
  return writer.Take();
}

bool UnpackCodes(std::span<const uint8_t> packed, int bits, std::span<uint8_t> codes) {
  if (bits == 8) {
    std::copy(packed.begin(), packed.end(), codes.begin());
    return true;
  }
  const uint32_t mask = (1U << bits) - 1;
  uint32_t buffer = 0;
  int held = 0;
  size_t next = 0;
  for (uint8_t& code : codes) {
    if (held < bits) {
      buffer |= uint32_t{packed[next++]} << held;
      held += 8;
    }
    code = static_cast<uint8_t>(buffer & mask);
    buffer >>= bits;
    held -= bits;
  }
  return buffer == 0;
}

void WriteIntegers(Writer& writer, std::span<const int32_t> values) {
  if (values.empty()) return;
  const auto [lo, hi] = std::minmax_element(values.begin(), values.end());
  const int32_t base = *lo;
  const int width = std::bit_width(static_cast<uint32_t>(*hi) - static_cast<uint32_t>(base));
  writer.Svarint(base);
  writer.U8(static_cast<uint8_t>(width));
  BitWriter bits;
  for (const int32_t v : values)
    bits.Put(static_cast<uint32_t>(v) - static_cast<uint32_t>(base), width);
  writer.Bytes(bits.Take());
}

std::vector<int32_t> ReadIntegers(Reader& reader, std::string_view what, size_t count, int32_t lo,
                                  int32_t hi) {
  if (count == 0) return {};
  const int64_t base = reader.Svarint(what, lo, hi);
  const int width = reader.U8(what);
  if (width > 32) reader.FailBad(what, ": integers of ", width, " bits, at most 32 are possible");
  if (!reader.ok()) return {};
  const auto packed = reader.Bytes(PackedBytes(count, width), what);
  if (!reader.ok()) return {};
  std::vector<int32_t> values(count);
  BitReader bits(packed);
  for (int32_t& v : values) {
    const int64_t value = base + bits.Get(width);
    if (value > hi) {
      reader.FailBad(what, ": ", value, " is outside of ", lo, "..", hi);
      return {};
    }
    v = static_cast<int32_t>(value);
  }
  if (!bits.RestOfByteIsZero()) {
    reader.FailBad(what, ": padding bits are not zero");
    return {};
  }
  return values;
}

}  // namespace potlut
