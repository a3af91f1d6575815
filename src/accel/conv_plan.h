// How a convolution is cut into commands: blocks of output channels, tiles of columns, strips of
// rows, and the passes over the input (docs/accelerator.md). The compiler writes it down, the model
// of costs counts it.
#pragma once

#include <vector>

#include "accel/array.h"
#include "accel/conv_cycles.h"
#include "accel/digits.h"
#include "program/program.h"

namespace potlut::accel {

// One filling of the tables: a word of 16 channels, a column phase of the stride, a digit.
struct PassPlan {
  int32_t word = 0;            // of the input's pixels: channels 16 * word ...
  int32_t at_y = 0, at_x = 0;  // the pixel, where the whole map is one position (flat)
  int32_t digit = 0;
  std::vector<int32_t> taps;  // kernel columns, falling, dilation filled up with zeros
  int32_t weights = 0;        // first word of its codes in the block
  int32_t x_first = 0, x_step = 1, late = 0;
};

// Output columns that one command computes.
struct ConvTile {
  int32_t first_column = 0, columns = 1;
  int32_t strips = 1, strip_lanes = 1;
  int32_t out_rows = 1;                 // of a strip
  int32_t row_first = 0, row_last = 0;  // local input rows
  int32_t offset = 0;                   // lanes that sums stand below their columns
  std::vector<PassPlan> passes;
};

// Output channels whose codes are resident together.
struct ConvBlock {
  int32_t first_output = 0, outputs = 1;  // the first is a multiple of 16
  int32_t ring = 1;                       // output rows of partial sums
  int32_t weight_words = 0;
  std::vector<ConvTile> tiles;
};

struct ConvPlan {
  bool flat = false;     // a dense layer: one position, whose words are the whole map
  int32_t kernel_h = 1;  // rows, dilation filled up with zeros
  int32_t stride_h = 1, pad_top = 0;
  int32_t dilation_h = 1;  // kernel row ky is row ky / dilation_h of the layer where that is whole
  Digits digits;
  std::vector<ConvBlock> blocks;
};

// What a tile takes, by the model of costs.
ConvCycles CyclesOf(const ConvPlan& plan, const ConvBlock& block, const ConvTile& tile,
                    const ArraySpec& array);

// Strips are chosen for the fewest cycles. Errors: kUnsupported for what the array cannot do
// (kernels and strides past its limits, alphabets, too many passes), kResourceLimit where a memory
// is too small.
Expected<ConvPlan> PlanConv(const ConvOp& conv, const Tensor& in, const Tensor& out,
                            const ArraySpec& array);

// The command of a tile and its passes, without addresses: those in passes count from the input's
// first word and the block's first codes; lists of levels are numbered as digits.
Conv CommandOf(const ConvPlan& plan, const ConvBlock& block, const ConvTile& tile);
std::vector<Pass> PassesOf(const ConvPlan& plan, const ConvTile& tile, int32_t row_words,
                           int32_t column_words);

}  // namespace potlut::accel
