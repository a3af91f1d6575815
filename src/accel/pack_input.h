// A first layer of few channels, rewritten so that it uses the array: its image comes in patches of
// neighbouring pixels, whose values are the channels of another convolution with the same sums.
//
// Three channels take 3 of a lane's 16 inputs. A patch of the columns that `block` neighbouring
// output columns read (and of `rows` rows, at most the stride) takes most of a word, or of two or
// three; the new convolution has a kernel of one column and `block` times the output channels,
// whose bytes lie as the old one's do. Pixels in two patches are loaded twice.
#pragma once

#include <optional>
#include <vector>

#include "accel/array.h"
#include "accel/patches.h"
#include "program/program.h"

namespace potlut::accel {

struct PackedInput {
  // Tensors keep their numbers; `input` and the output of a look-up behind it are maps of patches.
  Program program;
  Patches patches;
  std::vector<bool> in_patches;   // tensors
  std::vector<int32_t> node_of;   // the original's node; -1: a reshape that takes no time
  int64_t cycles = 0, saved = 0;  // of the first layer and its look-up, by the model of costs
};

// The packing with the fewest cycles, if one takes fewer than none at all: of a validated program
// whose input goes, alone or through a look-up, into one convolution that is neither grouped nor
// dilated nor over pairs. The byte outside of the map is one that the look-up makes 0; without such
// a byte there is no packing.
std::optional<PackedInput> PackInput(const Program& program, const ArraySpec& array);

}  // namespace potlut::accel
