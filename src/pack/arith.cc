// The rare parts of the arithmetic coder, and integers built of adaptive bits.
#include "pack/arith.h"

#include <algorithm>
#include <bit>

#include "base/text.h"

namespace potlut {
namespace {

constexpr std::array<uint16_t, kAdaptiveBitSteps> MakeRates() {
  std::array<uint16_t, kAdaptiveBitSteps> rates{};
  for (uint32_t n = 0; n < kAdaptiveBitSteps; ++n)
    rates[n] = static_cast<uint16_t>(131072 / (2 * n + 3));
  return rates;
}

}  // namespace

const std::array<uint16_t, kAdaptiveBitSteps> kAdaptiveBitRate = MakeRates();

void ArithEncoder::Carry() {
  size_t i = out_.size();
  while (out_[--i] == 0xFF) out_[i] = 0;  // the value is below 1, so there is a byte to raise
  ++out_[i];
}

std::vector<uint8_t> ArithEncoder::Finish() {
  // The least multiple of 2^24 that is not below low_ lies in the range.
  Add(kArithLow - 1);
  ShiftOut();
  std::vector<uint8_t> block = std::move(out_);
  *this = ArithEncoder();
  return block;
}

Status ArithDecoder::Finish() const {
  if (bad_) return BadInput("a coded number is out of its range");
  if (next_ != end_) return BadInput(end_ - next_, " bytes follow the last coded decision");
  if (missing_ != 3) return BadInput("the coded decisions end too early or too late");
  if (code_ >= kArithLow) return BadInput("the coded decisions do not end as an encoder ends them");
  return {};
}

void UintModel::Encode(ArithEncoder& coder, uint64_t v) {
  const uint64_t w = v + 1;
  const auto below = static_cast<size_t>(std::bit_width(w) - 1);
  for (size_t i = 0; i < below; ++i) coder.Put(true, longer_[i]);
  if (below < kLengths - 1) coder.Put(false, longer_[below]);
  size_t node = 1;
  for (size_t i = below; i-- > 0;) {
    const bool bit = (w >> i & 1) != 0;
    if (node < 4) {
      coder.Put(bit, top_[below][node]);
    } else {
      coder.Put(bit, kArithHalf);
    }
    node = std::min<size_t>(4, node << 1 | (bit ? 1 : 0));
  }
}

uint64_t UintModel::Decode(ArithDecoder& coder, uint64_t max) {
  size_t below = 0;
  while (below < kLengths - 1 && coder.Get(longer_[below])) ++below;
  size_t node = 1;
  uint64_t w = 1;
  for (size_t i = below; i-- > 0;) {
    const bool bit = node < 4 ? coder.Get(top_[below][node]) : coder.Get(kArithHalf);
    node = std::min<size_t>(4, node << 1 | (bit ? 1 : 0));
    w = w << 1 | (bit ? 1 : 0);
  }
  if (w - 1 <= max) return w - 1;
  coder.MarkBad();
  return 0;
}

void IntModel::Encode(ArithEncoder& coder, int64_t v) {
  coder.Put(v == 0, zero_);
  if (v == 0) return;
  coder.Put(v < 0, negative_);
  magnitude_.Encode(
      coder, (v < 0 ? uint64_t{0} - static_cast<uint64_t>(v) : static_cast<uint64_t>(v)) - 1);
}

int64_t IntModel::Decode(ArithDecoder& coder, int64_t lo, int64_t hi) {
  int64_t v = 0;
  if (!coder.Get(zero_)) {
    const bool negative = coder.Get(negative_);
    v = static_cast<int64_t>(magnitude_.Decode(coder, INT64_MAX - 1)) + 1;
    if (negative) v = -v;
  }
  if (v >= lo && v <= hi) return v;
  coder.MarkBad();
  return lo;
}

}  // namespace potlut
