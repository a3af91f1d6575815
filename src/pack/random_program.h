// Random valid programs for tests and fuzzing: all operators, alphabets and types, the same on
// every machine.
#pragma once

#include <cstdint>

#include "program/program.h"

namespace potlut {

struct RandomProgramOptions {
  int nodes = 26;            // twice around all operators
  int max_side = 9;          // of the input
  int max_channels = 20;     // of tensors that an operator chooses
  bool strange_text = true;  // names that are empty, repeated or not ASCII; metadata of all sizes
};

// Small and fast generator (SplitMix64; Steele, Lea, Flood 2014), since the standard distributions
// differ between libraries.
class SmallRandom {
 public:
  explicit SmallRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  // In lo..hi, both included; the bias is of no concern for tests.
  int32_t Int(int32_t lo, int32_t hi) {
    const auto span = static_cast<uint64_t>(int64_t{hi} - lo + 1);
    return static_cast<int32_t>(lo + static_cast<int64_t>(Next() % span));
  }
  bool OneIn(int n) { return Int(1, n) == 1; }

 private:
  uint64_t state_;
};

Program RandomProgram(uint64_t seed, const RandomProgramOptions& options = {});

// Any alphabet of that kind and bits; fitted kinds get random levels.
Alphabet RandomAlphabet(SmallRandom& random, AlphabetKind kind, int bits);

// `count` codes below `codes`; `skew` 0 is uniform, each step halves about half of the alphabet's
// share.
std::vector<uint8_t> RandomCodes(SmallRandom& random, size_t count, int codes, int skew);

// A chain of convolutions on an image of `side` x `side`, one for each (alphabet, channels) given;
// for tests that need layers of certain sizes. Kernels are `kernel` x `kernel`, padded to keep the
// size.
struct ChainLayer {
  Alphabet alphabet;
  int32_t channels = 8;
  int kernel = 3;
  int skew = 1;
};
Program ChainProgram(uint64_t seed, const std::vector<ChainLayer>& layers);

// The shape of a CIFAR-10 ResNet-20 with random weights of `alphabet`, 8-bit first and last layers,
// a look-up before the first and on each residual sum.
Program ResNet20Shaped(uint64_t seed, const Alphabet& alphabet);

}  // namespace potlut
