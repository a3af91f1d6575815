// Random numbers that are the same everywhere: for order and augmentation of training samples.
#pragma once

#include <cstdint>

namespace potlut::data {

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), begun
// anew for each (seed, epoch, stream), so that what a sample gets depends on nothing else.
class SampleRandom {
 public:
  SampleRandom(uint64_t seed, uint64_t epoch, uint64_t stream)
      : state_(Mix(Mix(Mix(seed + kGamma) + epoch + kGamma) + stream + kGamma)) {}

  uint64_t Next() {
    state_ += kGamma;
    return Mix(state_);
  }
  // Uniform in [0, n), without bias; n >= 1.
  uint64_t Below(uint64_t n) {
    const uint64_t bound = UINT64_MAX - UINT64_MAX % n;
    uint64_t v = Next();
    while (v >= bound) v = Next();
    return v % n;
  }
  // Uniform in [0, 1), a multiple of 2^-53.
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  static constexpr uint64_t kGamma = 0x9E3779B97F4A7C15;
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

}  // namespace potlut::data
