// How a layer's codes moved from one model to the next, arithmetic coded with contexts
// (docs/delta.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "pack/arith.h"

namespace potlut {

// A probability by counting: (ones + 1/2) / (all + 1). Most codes stay where they are, and a bit
// that is 1 once in a hundred wants a longer memory than an AdaptiveBit has.
class CountedBit {
 public:
  uint32_t p() const {
    const uint32_t p = (2U * ones_ + 1) * 32768U / (uint32_t{all_} + 1);
    return p < kLeast ? kLeast : p > 65536 - kLeast ? 65536 - kLeast : p;
  }
  void Update(bool bit) {
    ones_ = static_cast<uint16_t>(ones_ + (bit ? 1 : 0));
    if (++all_ < kMost) return;
    all_ /= 2;
    ones_ /= 2;
  }

 private:
  static constexpr uint32_t kLeast = 16;
  static constexpr uint16_t kMost = 4096;
  uint16_t ones_ = 0, all_ = 0;
};

// What is learned goes on from layer to layer. 3 KiB: copied to try what a layer would cost.
class CodeMoves {
 public:
  // Codes [out][taps][per_tap] of layers of equal size; `codes_to` counts the new alphabet's.
  struct Layer {
    size_t per_tap = 1, taps = 1;
    int codes_to = 1;
  };
  void Encode(ArithEncoder& coder, const Layer& layer, std::span<const uint8_t> from,
              std::span<const uint8_t> to);
  // Fills `to`. Stops where the coder is no longer ok.
  void Decode(ArithDecoder& coder, const Layer& layer, std::span<const uint8_t> from,
              std::span<uint8_t> to);

 private:
  static constexpr size_t kClasses = 32;
  template <typename Code>
  void Run(const Layer& layer, std::span<const uint8_t> from, std::span<uint8_t const> to,
           Code code);

  std::array<std::array<CountedBit, kClasses>, 4> moved_;  // [moved neighbours][place in alphabet]
  std::array<std::array<CountedBit, kClasses>, 3> up_;     // [last move][place in alphabet]
  UintModel further_;                                      // distance, less one
};

}  // namespace potlut
