// Random numbers that are the same bits with every compiler, processor and C library.
#pragma once

#include <cstdint>
#include <random>

namespace potlut::zoo {

// The standard's distributions differ between libraries, and std::log in its last bit between
// processors: so the engine is std::mt19937_64, whose numbers the standard fixes, and all that
// follows is additions, multiplications, divisions and square roots, which IEEE 754 fixes.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // Evenly from [-1, 1).
  double Uniform();
  // Mean 0, variance 1 (Marsaglia's polar method).
  double Normal();

 private:
  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace potlut::zoo
