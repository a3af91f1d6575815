// Counts sets of tables, the cycles to fill them and the cycles to use them.
#include "accel/conv_cycles.h"

#include <algorithm>

#include "base/text.h"

namespace potlut::accel {
namespace {

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Taps of one axis that turn input position `at` (padding counts) into an output position.
int32_t Landing(int32_t at, int32_t kernel, int32_t stride, int32_t dilation, int32_t outputs) {
  int32_t count = 0;
  for (int32_t tap = 0; tap < kernel; ++tap) {
    const int32_t to = at - tap * dilation;
    count += to >= 0 && to % stride == 0 && to / stride < outputs;
  }
  return count;
}

ConvCycles Count(const ConvOp& conv, const Tensor& in, const Tensor& out, const ArraySpec& array,
                 const Digits& digits, int32_t strips) {
  const Window& w = conv.window;
  ConvCycles c;
  c.strips = strips;
  c.columns = array.lanes / strips;
  c.digits = digits.count;
  const int32_t strip_rows = static_cast<int32_t>(CeilDiv(out.dims.h, strips));
  int32_t channels = in.dims.c / conv.groups;
  int32_t outputs = out.dims.c / conv.groups;
  // Groups of one channel stand side by side in a set and are used one after the other: a table
  // each, and a code of theirs addresses no other.
  const bool depthwise = channels == 1;
  int32_t groups = conv.groups;
  if (depthwise) {
    channels = groups;
    outputs = out.dims.c;
    groups = 1;
  }
  const int32_t set = depthwise ? array.tables() : array.inputs;
  c.chunks = static_cast<int32_t>(CeilDiv(channels, set));
  // Columns of a phase that reach an output, padding left out: the lanes of a segment.
  const int32_t phase_columns = static_cast<int32_t>(CeilDiv(in.dims.w, w.stride_w));
  c.segments = static_cast<int32_t>(CeilDiv(phase_columns, c.columns));

  const int64_t drain = CeilDiv(int64_t{out.dims.c} * c.segments * array.lanes, array.drain);
  const int32_t in_rows = (strip_rows - 1) * w.stride_h + (w.kernel_h - 1) * w.dilation_h + 1;
  for (int32_t row = 0; row < in_rows; ++row) {
    // One strip knows its padding rows and leaves them out; with more they differ from strip to
    // strip.
    if (strips == 1 && (row < w.pad_top || row >= w.pad_top + in.dims.h)) continue;
    const int32_t taps_y = Landing(row, w.kernel_h, w.stride_h, w.dilation_h, strip_rows);
    if (taps_y == 0) continue;
    for (int32_t phase = 0; phase < w.stride_w; ++phase) {
      int32_t taps_x = 0;
      for (int32_t tap = 0; tap < w.kernel_w; ++tap)
        taps_x += (phase + w.pad_left - tap * w.dilation_w) % w.stride_w == 0;
      if (taps_x == 0 || phase >= in.dims.w) continue;
      for (int32_t chunk = 0; chunk < c.chunks; ++chunk) {
        const int32_t inputs = std::min(set, channels - chunk * set);
        const bool paired = array.table == TableKind::kPair && !depthwise;
        const int64_t tables = paired ? CeilDiv(inputs, 2) : int64_t{inputs};
        const int64_t fill = CeilDiv(tables, array.generators) * digits.entries;
        const int64_t served = depthwise ? int64_t{outputs} / channels * inputs : outputs;
        const int64_t use = served * taps_y * taps_x;
        const int64_t sets = int64_t{c.segments} * groups * digits.count;
        c.fills += sets;
        c.table_entries += sets * tables * digits.entries * array.lanes;
        c.fill_cycles += sets * fill;
        c.use_cycles += sets * use;
        c.cycles += sets * (std::max(fill, use) + array.step_overhead);
      }
    }
  }
  c.drain_cycles = drain * strip_rows;
  c.cycles = std::max(c.cycles, c.drain_cycles) + array.layer_overhead;
  // Output rows that one input row reaches, and one that is drained meanwhile.
  const int64_t live = CeilDiv((w.kernel_h - 1) * w.dilation_h + 1, w.stride_h) + 1;
  c.sum_words = std::min<int64_t>(live, strip_rows) * c.segments * out.dims.c;
  return c;
}

}  // namespace

Expected<Digits> DigitsOf(const Alphabet& alphabet, TableKind table) {
  if (table == TableKind::kSingle) {
    if (alphabet.is_pair()) {
      return Unsupported("alphabet pair needs tables of pairs; this array's hold single products");
    }
    if (alphabet.codes() <= 16) return Digits{1, alphabet.codes()};
    return Digits{2, 16};
  }
  if (alphabet.is_pair()) {
    if (alphabet.codes() <= 64) return Digits{1, alphabet.codes()};
    return Unsupported("an alphabet of ", alphabet.codes(), " pairs: the tables hold 64");
  }
  if (alphabet.codes() <= 8) return Digits{1, alphabet.codes() * alphabet.codes()};
  return Digits{alphabet.bits > 6 ? 3 : 2, 64};
}

Expected<ConvCycles> CyclesOf(const ConvOp& conv, const Tensor& in, const Tensor& out,
                              const ArraySpec& array) {
  POTLUT_RETURN_IF_ERROR(CheckArray(array));
  POTLUT_ASSIGN_OR_RETURN(const Digits digits, DigitsOf(conv.alphabet, array.table));
  ConvCycles best;
  for (int32_t strips = 1; strips <= array.lanes && strips <= out.dims.h; ++strips) {
    if (array.lanes % strips != 0) continue;
    const ConvCycles c = Count(conv, in, out, array, digits, strips);
    if (c.sum_words > array.sum_words) continue;
    if (best.cycles == 0 || c.cycles < best.cycles) best = c;
  }
  if (best.cycles == 0) {
    return Unsupported("the partial sums of ", out.dims.c, " output channels and ", out.dims.w,
                       " columns do not fit the ", array.sum_words, " words of a lane");
  }
  return best;
}

}  // namespace potlut::accel
