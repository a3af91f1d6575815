// Which level of an alphabet a real weight falls on, on tensors.
//
// Weights are in level units (divided by their channel's scale). Single levels: any shape. Pairs:
// the last dimension of a pair layout [...][2] holds the two members.
#pragma once

#include "program/alphabet.h"
#include "train/aten.h"

namespace potlut::train {

class Levels {
 public:
  Levels() = default;
  Levels(const Alphabet& alphabet, const at::Device& device);

  bool pairs() const { return pairs_; }
  int64_t codes() const { return values_.size(0); }
  // The nearest level's code, int64; ties fall on the higher level (of pairs: the lower code).
  at::Tensor Nearest(const at::Tensor& units) const;
  // Codes to level values, the shape of units.
  at::Tensor Values(const at::Tensor& codes) const;
  // Half the distance between the level's neighbours in each code's cell (of pairs: to the nearest
  // other pair), at least 1/2.
  const at::Tensor& half_width() const { return half_width_; }
  const at::Tensor& values() const { return values_; }  // [codes] or [codes][2]
  // Beyond these no level follows: straight-through gradients stop there.
  double lowest() const { return lowest_; }
  double highest() const { return highest_; }

 private:
  at::Tensor values_;      // float
  at::Tensor middles_;     // [codes - 1]: borders between neighbouring single levels
  at::Tensor half_width_;  // [codes]
  at::Tensor norms_;       // of pairs: squared length
  bool pairs_ = false;
  double lowest_ = 0, highest_ = 0;
};

}  // namespace potlut::train
