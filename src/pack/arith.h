// Adaptive binary arithmetic coding in integers: the same bytes on every machine.
//
// A range coder (G. N. N. Martin, 1979; the binary form as in LZMA and VP8): a range of 32 bits,
// one binary decision at a time, each with a probability of 16 bits. Probabilities adapt: every
// context holds a fast and a slow estimate, which start as averages of what was seen and are
// themselves averaged. Models of integers and symbols are built of such contexts. docs/format.md
// specifies all of it.
//
// Encoder and decoder mirror each other:
//
//   UintModel sizes;                        UintModel sizes;
//   ArithEncoder coder;                     ArithDecoder coder(block);
//   sizes.Encode(coder, 300);               const uint64_t size = sizes.Decode(coder, 1000);
//   block = coder.Finish();                 POTLUT_RETURN_IF_ERROR(coder.Finish());
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"

namespace potlut {

// Probabilities are in 1/65536. P(bit is 1) lies in 1..65535.
inline constexpr int kArithProbabilityBits = 16;
inline constexpr uint32_t kArithHalf = 1U << 15;
inline constexpr uint32_t kArithLow = 1U << 24;  // the range is at least this between decisions

// Rates of an adaptive bit after `n` observations, in 1/65536: 1/(n + 1.5), where n does not rise
// above the limit of each of its two estimates.
inline constexpr int kAdaptiveBitSteps = 128;
extern const std::array<uint16_t, kAdaptiveBitSteps> kAdaptiveBitRate;
inline constexpr uint8_t kAdaptiveFastLimit = 23;
inline constexpr uint8_t kAdaptiveSlowLimit = kAdaptiveBitSteps - 1;

// A probability that learns. Its first observations count in full, so that a context that is seen
// ten times is of use.
class AdaptiveBit {
 public:
  AdaptiveBit() = default;
  // Begins at `p` as though it had been seen `confidence` times (0..127).
  explicit AdaptiveBit(uint16_t p, uint8_t confidence = 0)
      : fast_(p), slow_(p), seen_(confidence) {}

  uint32_t p() const {
    const uint32_t p = (uint32_t{fast_} + slow_) >> 1;
    return p < kLeast ? kLeast : p > 65536 - kLeast ? 65536 - kLeast : p;
  }
  void Update(bool bit) {
    const int target = bit ? 65535 : 0;
    const int fast = seen_ < kAdaptiveFastLimit ? seen_ : kAdaptiveFastLimit;
    fast_ = Toward(fast_, target, kAdaptiveBitRate[static_cast<size_t>(fast)]);
    slow_ = Toward(slow_, target, kAdaptiveBitRate[seen_]);
    if (seen_ < kAdaptiveSlowLimit) ++seen_;
  }

 private:
  static constexpr uint32_t kLeast = 64;  // 1/1024: what a surprise costs stays within ten bits

  // p + (target - p) * rate / 65536, the product rounded down.
  static uint16_t Toward(uint16_t p, int target, uint16_t rate) {
    return static_cast<uint16_t>(p + (int64_t{target - p} * rate >> 16));
  }
  uint16_t fast_ = kArithHalf, slow_ = kArithHalf;
  uint8_t seen_ = 0;
};

class ArithEncoder {
 public:
  // One decision with P(bit is 1) = p1 / 65536, p1 in 1..65535.
  void Put(bool bit, uint32_t p1) {
    const uint32_t bound = (range_ >> kArithProbabilityBits) * p1;
    if (bit) {
      range_ = bound;
    } else {
      Add(bound);
      range_ -= bound;
    }
    for (; range_ < kArithLow; range_ <<= 8) ShiftOut();
  }
  void Put(bool bit, AdaptiveBit& model) {
    Put(bit, model.p());
    model.Update(bit);
  }
  // The lowest `count` (0..64) bits of `value`, highest first, each as likely 0 as 1.
  void PutBits(uint64_t value, int count) {
    while (count-- > 0) Put((value >> count & 1) != 0, kArithHalf);
  }
  // Ends the block: one byte after those shifted out. The encoder is then new again.
  std::vector<uint8_t> Finish();
  // Bytes so far, to compare alternatives; Finish adds one.
  size_t size() const { return out_.size(); }

 private:
  void Add(uint32_t v) {
    low_ += v;
    if (low_ < v) Carry();
  }
  void Carry();
  void ShiftOut() {
    out_.push_back(static_cast<uint8_t>(low_ >> 24));
    low_ <<= 8;
  }
  uint32_t low_ = 0;
  uint32_t range_ = UINT32_MAX;
  std::vector<uint8_t> out_;
};

// Reads zeros past the block's end; Finish says whether the block held exactly what was decoded.
// Any bytes at all decode to something, in bounded time: bound what you decode as with any reader.
class ArithDecoder {
 public:
  explicit ArithDecoder(std::span<const uint8_t> block)
      : next_(block.data()), end_(block.data() + block.size()) {
    for (int i = 0; i < 4; ++i) code_ = code_ << 8 | NextByte();
  }
  bool Get(uint32_t p1) {
    const uint32_t bound = (range_ >> kArithProbabilityBits) * p1;
    const bool bit = code_ < bound;
    code_ -= bit ? 0 : bound;
    range_ = bit ? bound : range_ - bound;
    for (; range_ < kArithLow; range_ <<= 8) code_ = code_ << 8 | NextByte();
    return bit;
  }
  bool Get(AdaptiveBit& model) {
    const bool bit = Get(model.p());
    model.Update(bit);
    return bit;
  }
  uint64_t GetBits(int count) {
    uint64_t value = 0;
    while (count-- > 0) value = value << 1 | (Get(kArithHalf) ? 1 : 0);
    return value;
  }
  // True while the block has not yet been read past by more than an end costs. A loop whose length
  // the block itself says stops where this is false.
  bool ok() const { return !bad_ && missing_ <= 3; }
  // A value was outside of its bounds: Finish fails.
  void MarkBad() { bad_ = true; }
  // kBadInput (text without place) unless all bytes were used, none was missing, and the end is as
  // the encoder writes it.
  Status Finish() const;

 private:
  uint32_t NextByte() {
    if (next_ != end_) return *next_++;
    ++missing_;
    return 0;
  }
  const uint8_t* next_;
  const uint8_t* end_;
  uint64_t missing_ = 0;  // bytes read past the end; three for a whole block
  uint32_t code_ = 0;
  uint32_t range_ = UINT32_MAX;
  bool bad_ = false;
};

// A symbol of `kBits` bits, highest first, each bit with the bits before it as its context.
template <int kBits>
class TreeModel {
 public:
  void Encode(ArithEncoder& coder, uint32_t symbol) {
    uint32_t node = 1;
    for (int i = kBits; i-- > 0;) {
      const bool bit = (symbol >> i & 1) != 0;
      coder.Put(bit, nodes_[node]);
      node = node << 1 | (bit ? 1 : 0);
    }
  }
  uint32_t Decode(ArithDecoder& coder) {
    uint32_t node = 1;
    for (int i = 0; i < kBits; ++i) node = node << 1 | (coder.Get(nodes_[node]) ? 1 : 0);
    return node - (1U << kBits);
  }

 private:
  std::array<AdaptiveBit, size_t{1} << kBits> nodes_;
};

// Unsigned integers up to 2^64 - 2, small ones cheaper: the number of bits of v + 1, less one, in
// unary, then the bits below its first. Unary bits and the first two of the others are adaptive,
// the rest cost a bit each.
class UintModel {
 public:
  void Encode(ArithEncoder& coder, uint64_t v);
  // Where the value is above `max`, marks the decoder bad and returns 0.
  uint64_t Decode(ArithDecoder& coder, uint64_t max);

 private:
  static constexpr size_t kLengths = 64;
  std::array<AdaptiveBit, kLengths> longer_;
  std::array<std::array<AdaptiveBit, 4>, kLengths> top_;  // [bits below the first][1, 2 or 3]
};

// Signed integers: zero or not, sign, magnitude less one as a UintModel. |v| is below 2^63.
class IntModel {
 public:
  void Encode(ArithEncoder& coder, int64_t v);
  // Where the value is outside of lo..hi, marks the decoder bad and returns lo.
  int64_t Decode(ArithDecoder& coder, int64_t lo, int64_t hi);

 private:
  AdaptiveBit zero_, negative_;
  UintModel magnitude_;
};

}  // namespace potlut
