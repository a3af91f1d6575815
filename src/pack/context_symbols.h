// How the context coder splits codes into decisions: classes by distance from zero, a tree over the
// classes, members.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "pack/arith.h"
#include "program/alphabet.h"

namespace potlut {

inline constexpr int kContextMaxClasses = 16;

// What the coder needs to know of an alphabet. Arrays are indexed by the code unless said
// otherwise; entries past the alphabet are zero.
struct ContextSymbols {
  int classes = 0;
  std::array<uint8_t, 256> class_of{};
  std::array<uint8_t, 256> place{};           // among the members of its class, which ascend
  std::array<uint8_t, 256> token{};           // 1 zero, 2 to 7 small to large, odd where negative
  std::array<uint16_t, 256> magnitude{};      // mean |level|, in 1/16
  std::array<int8_t, 256> first{}, second{};  // levels; of single alphabets the second is 0
  std::array<uint8_t, 256> members{};         // codes, class after class
  std::array<uint16_t, kContextMaxClasses + 1> start{};  // [class] into members
};
// `alphabet` has 1 to 256 codes.
ContextSymbols MakeContextSymbols(const Alphabet& alphabet);

// How often each class occurs, coarsely: 15 for the most frequent, one less for each factor of
// sqrt(2), 1 at least; 0 for a class that does not occur.
using ContextHistogram = std::array<uint8_t, kContextMaxClasses>;
ContextHistogram MakeContextHistogram(std::span<const uint64_t> class_counts);
void PutHistogram(ArithEncoder& coder, const ContextHistogram& histogram, int classes);
ContextHistogram GetHistogram(ArithDecoder& coder, int classes);

// A binary tree over the classes that occur, in their order.
struct ContextTree {
  // A node, or where it is negative, the class ~root: one class only.
  int root = 0;
  int nodes = 0;
  std::array<uint8_t, kContextMaxClasses> split{};  // bit 1: the class is at least this
  std::array<std::array<int8_t, 2>, kContextMaxClasses> child{};  // [node][bit], as root
  std::array<uint16_t, kContextMaxClasses> p{};  // P(bit is 1), in 1/65536, from the histogram
  uint32_t mean = 1;                             // magnitude expected from the histogram
};
// At least one class occurs.
ContextTree MakeContextTree(const ContextHistogram& histogram, const ContextSymbols& symbols);

}  // namespace potlut
