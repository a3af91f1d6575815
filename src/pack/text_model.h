// Text by context mixing: names and metadata of a few kilobytes, arithmetic coded.
//
// Each bit of a byte is predicted by several models (the last 0 to 4 and 6 bytes, the line, the
// longest repetition), whose predictions are mixed by a small network in the logistic domain
// (M. Mahoney, "Adaptive weighing of context models for lossless data compression", 2005). All
// models begin as they are after reading a fixed text, kTextPrimer, which holds what such files
// say. Integers only: the same bytes everywhere. docs/format.md specifies it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pack/arith.h"

namespace potlut {

enum class TextKind : uint8_t { kKey = 0, kValue = 1, kName = 2 };

class TextModel {
 public:
  TextModel();
  // `text` is UTF-8 (in which the byte that ends it, 0xFF, never occurs).
  void Encode(ArithEncoder& coder, std::string_view text, TextKind kind);
  // Stops after `max` bytes and where the decoder has run out of its block; false then.
  bool Decode(ArithDecoder& coder, TextKind kind, size_t max, std::string& text);

 private:
  static constexpr size_t kOrders = 7;            // hashed contexts
  static constexpr size_t kInputs = kOrders + 2;  // and the repetition, and a constant
  static constexpr size_t kSlotBits = 15;
  static constexpr size_t kMatchBits = 12;

  // P(next bit is 1) in 1/65536; Update must follow with the bit that came.
  uint32_t Predict();
  void Update(bool bit);
  void Begin(TextKind kind);
  void EndByte(uint8_t byte);

  std::array<std::vector<uint16_t>, kOrders> slots_;  // 12 bits of probability, 4 of experience
  std::array<uint16_t, 16> match_slots_;              // by the length of the repetition
  std::array<std::array<int32_t, kInputs>, 12> weights_;
  std::vector<uint16_t>
      match_table_;               // where in the history (its low 16 bits) a hash was last seen
  std::vector<uint8_t> history_;  // ring of 2^16 bytes

  TextKind kind_ = TextKind::kKey;
  uint64_t last_ = 0;      // the last eight bytes, the newest lowest
  uint32_t line_ = 0;      // hash of the line's first word
  bool in_word_ = true;    // still within it
  uint32_t position_ = 0;  // bytes seen
  uint32_t match_at_ = 0, match_length_ = 0;

  uint32_t partial_ = 1;  // the bits of this byte so far, after a leading 1
  std::array<uint32_t, kOrders> hashes_{};
  std::array<uint16_t*, kOrders> used_{};
  std::array<int32_t, kInputs> inputs_{};
  uint16_t* match_used_ = nullptr;
  bool match_bit_ = false;
  std::array<int32_t, kInputs>* set_ = nullptr;
  int32_t p_ = 0;
};

// What all text models have read before the first text: bytes of the format.
extern const std::string_view kTextPrimer;

}  // namespace potlut
