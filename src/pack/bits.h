// Bit streams, little end first: bit i of a stream is bit i % 8 of byte i / 8. Stage 1 packs codes
// this way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "pack/wire.h"

namespace potlut {

constexpr uint64_t PackedBytes(uint64_t count, int width) {
  return (count * static_cast<uint64_t>(width) + 7) / 8;
}

// Appends fields of 0 to 32 bits.
class BitWriter {
 public:
  void Put(uint32_t value, int width);
  // Pads with zeros to a whole byte and hands the bytes over.
  std::vector<uint8_t> Take();
  uint64_t bits() const { return out_.size() * 8 + static_cast<size_t>(held_); }

 private:
  std::vector<uint8_t> out_;
  uint64_t buffer_ = 0;
  int held_ = 0;  // bits in buffer_, below 8 between calls
};

// Reads fields of 0 to 32 bits; past the end they are zeros and overrun() is true.
class BitReader {
 public:
  explicit BitReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  uint32_t Get(int width);
  bool overrun() const { return position_ > uint64_t{bytes_.size()} * 8; }
  // Bytes begun so far, and whether the unread bits of the last one are zero.
  size_t bytes_used() const { return static_cast<size_t>((position_ + 7) / 8); }
  bool RestOfByteIsZero() const;

 private:
  std::span<const uint8_t> bytes_;
  uint64_t position_ = 0;  // in bits
};

// Stage 1: codes of `bits` (1..8) bits each.
std::vector<uint8_t> PackCodes(std::span<const uint8_t> codes, int bits);
// The other way; `packed` holds exactly PackedBytes(codes.size(), bits). False where the padding
// bits of the last byte are not zero.
[[nodiscard]] bool UnpackCodes(std::span<const uint8_t> packed, int bits, std::span<uint8_t> codes);

// Integers relative to their minimum, each in as many bits as the largest needs: svarint minimum,
// width (one byte), fields. Nothing at all for no values.
void WriteIntegers(Writer& writer, std::span<const int32_t> values);
// Reads `count` of them, each within lo..hi; the caller bounds `count`. Empty where the reader
// fails.
std::vector<int32_t> ReadIntegers(Reader& reader, std::string_view what, size_t count, int32_t lo,
                                  int32_t hi);

}  // namespace potlut
