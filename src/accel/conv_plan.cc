// Cuts convolutions; see conv_plan.h.
#include "accel/conv_plan.h"

#include <algorithm>

#include "accel/command.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

// Division that rounds down and up, for columns left of the map too.
int32_t Floor(int32_t a, int32_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
int32_t Ceil(int32_t a, int32_t b) { return -Floor(-a, b); }

// Input columns x of one remainder by the stride, and the taps through which they count.
struct Phase {
  int32_t remainder = 0;
  std::vector<int32_t> taps;  // effective kernel columns, falling
};

class Planner {
 public:
  Planner(const ConvOp& conv, const Tensor& in, const Tensor& out, const ArraySpec& array)
      : conv_(conv), w_(conv.window), in_(in.dims), out_(out.dims), type_(in.type), array_(array) {
    kernel_w_ = (w_.kernel_w - 1) * w_.dilation_w + 1;
  }

  Expected<ConvPlan> Make() {
    POTLUT_ASSIGN_OR_RETURN(plan_.digits, Digits::Of(conv_.alphabet, array_, type_));
    plan_.kernel_h = (w_.kernel_h - 1) * w_.dilation_h + 1;
    plan_.dilation_h = w_.dilation_h;
    plan_.stride_h = w_.stride_h;
    plan_.pad_top = w_.pad_top;
    const bool whole = out_.h == 1 && out_.w == 1 && w_.pad_top == 0 && w_.pad_left == 0 &&
                       w_.pad_bottom == 0 && w_.pad_right == 0 && w_.kernel_h == in_.h &&
                       w_.kernel_w == in_.w && in_.h * in_.w > 1;
    const auto digits = static_cast<int64_t>(plan_.digits.digits().size());
    plan_.flat = whole && conv_.groups == 1 &&
                 int64_t{in_.h} * in_.w * CeilDiv(in_.c, kLaneInputs) * digits <= array_.passes;
    if (plan_.flat) {
      plan_.kernel_h = plan_.dilation_h = plan_.stride_h = kernel_w_ = 1;
    } else {
      POTLUT_RETURN_IF_ERROR(CheckLimits());
      FindPhases();
    }
    POTLUT_RETURN_IF_ERROR(CutOutputs());
    return std::move(plan_);
  }

 private:
  Status CheckLimits() const {
    if (plan_.kernel_h > kMaxKernel || kernel_w_ > kMaxKernel) {
      return Unsupported("a kernel of ", plan_.kernel_h, "x", kernel_w_,
                         " (with dilation), and the accelerator's go to ", kMaxKernel, "x",
                         kMaxKernel);
    }
    if (w_.stride_h > kMaxStride || w_.stride_w > kMaxStride) {
      return Unsupported("a stride of ", std::max(w_.stride_h, w_.stride_w),
                         ", and the accelerator's go to ", kMaxStride);
    }
    if (w_.pad_top > 15)
      return Unsupported("a padding of ", w_.pad_top, " rows, and the accelerator's goes to 15");
    return {};
  }

  void FindPhases() {
    for (int32_t remainder = 0; remainder < std::min(w_.stride_w, in_.w); ++remainder) {
      Phase phase{remainder, {}};
      for (int32_t tap = kernel_w_ - 1; tap >= 0; --tap) {
        if ((remainder + w_.pad_left - tap) % w_.stride_w == 0) phase.taps.push_back(tap);
      }
      if (!phase.taps.empty()) phases_.push_back(std::move(phase));
    }
  }

  // Input words that outputs [first, first + count) read.
  std::pair<int32_t, int32_t> WordsOf(int32_t first, int32_t count) const {
    const int32_t in_group = in_.c / conv_.groups, out_group = out_.c / conv_.groups;
    const int32_t begin = first / out_group * in_group;
    const int32_t end = ((first + count - 1) / out_group + 1) * in_group;
    return {begin / kLaneInputs, static_cast<int32_t>(CeilDiv(end, kLaneInputs))};
  }

  // Outputs go by words of 16; neighbours that read the same input words stay together as long as
  // codes, partial sums and channels fit.
  Status CutOutputs() {
    for (int32_t first = 0; first < out_.c;) {
      int32_t count = std::min(kLaneInputs, out_.c - first);
      const auto words = WordsOf(first, count);
      while (first + count < out_.c) {
        const int32_t more = std::min(count + kLaneInputs, out_.c - first);
        if (WordsOf(first, more) != words) break;
        count = more;
      }
      // A whole layer may take all of the weight memory, its parts take half, so that one part is
      // loaded while another runs.
      int64_t room = array_.weight_words;
      POTLUT_ASSIGN_OR_RETURN(ConvBlock whole, MakeBlock(first, count, words));
      if (whole.weight_words > room) room /= 2;
      const auto fits = [&](const ConvBlock& block) {
        return block.weight_words <= room && block.outputs <= array_.channel_words &&
               int64_t{block.ring} * block.outputs <= array_.sum_words;
      };
      const int32_t end = first + count;
      if (fits(whole)) {
        plan_.blocks.push_back(std::move(whole));
        first = end;
        continue;
      }
      int32_t step = static_cast<int32_t>(CeilDiv(count, kLaneInputs)) * kLaneInputs;
      for (;; step -= kLaneInputs) {
        if (step <= 0 && room < array_.weight_words) {
          room = array_.weight_words;
          step = static_cast<int32_t>(CeilDiv(count, kLaneInputs)) * kLaneInputs;
        }
        if (step <= 0) {
          return ResourceLimit(
              "not even 16 output channels fit the accelerator's memories: ", array_.weight_words,
              " weight words, ", array_.sum_words, " partial sums");
        }
        POTLUT_ASSIGN_OR_RETURN(const ConvBlock part,
                                MakeBlock(first, std::min(step, end - first), words, true));
        if (fits(part)) break;
      }
      for (; first < end; first += step) {
        POTLUT_ASSIGN_OR_RETURN(ConvBlock part,
                                MakeBlock(first, std::min(step, end - first), words));
        plan_.blocks.push_back(std::move(part));
      }
      first = end;
    }
    return {};
  }

  // `sizes_only`: without choosing strips.
  Expected<ConvBlock> MakeBlock(int32_t first, int32_t count, std::pair<int32_t, int32_t> words,
                                bool sizes_only = false) {
    ConvBlock block;
    block.first_output = first;
    block.outputs = count;
    const int32_t least = static_cast<int32_t>(CeilDiv(plan_.kernel_h, w_.stride_h));
    block.ring = int64_t{least + 1} * count <= array_.sum_words ? least + 1 : least;
    std::vector<PassPlan> passes;
    int64_t weights = 0;
    const auto add = [&](PassPlan pass) {
      pass.weights = static_cast<int32_t>(std::min<int64_t>(weights, INT32_MAX));
      weights += int64_t{count} * plan_.kernel_h * static_cast<int64_t>(pass.taps.size());
      passes.push_back(std::move(pass));
    };
    const auto digits = static_cast<int32_t>(plan_.digits.digits().size());
    if (plan_.flat) {
      for (int32_t y = 0; y < in_.h; ++y) {
        for (int32_t x = 0; x < in_.w; ++x) {
          for (int32_t word = words.first; word < words.second; ++word) {
            for (int32_t d = 0; d < digits; ++d) add({word, y, x, d, {0}});
          }
        }
      }
    } else {
      for (int32_t word = words.first; word < words.second; ++word) {
        for (const Phase& phase : phases_) {
          for (int32_t d = 0; d < digits; ++d) add({word, 0, 0, d, phase.taps});
        }
      }
    }
    if (passes.size() > static_cast<size_t>(array_.passes)) {
      return Unsupported("a sum over ", passes.size(),
                         " passes (words of 16 inputs, digits of the "
                         "weights, column phases), and the accelerator takes ",
                         array_.passes);
    }
    if (weights > INT32_MAX) return ResourceLimit("the layer's codes are too many");
    block.weight_words = static_cast<int32_t>(weights);
    if (sizes_only) return block;
    if (plan_.flat) {
      block.tiles.push_back({.passes = passes});
    } else {
      for (int32_t column = 0; column < out_.w;) {
        ConvTile tile = WidestTile(column, passes);
        if (tile.columns == 0) {
          return Unsupported("columns ", column, " on: a kernel of ", kernel_w_, " columns on ",
                             array_.lanes, " lanes");
        }
        column += tile.columns;
        block.tiles.push_back(std::move(tile));
      }
    }
    for (ConvTile& tile : block.tiles) ChooseStrips(block, tile);
    return block;
  }

  // The most output columns from `first` on that the lanes hold.
  ConvTile WidestTile(int32_t first, const std::vector<PassPlan>& passes) const {
    int32_t low = 0, high = std::min(out_.w - first, array_.lanes);
    ConvTile best;
    best.columns = 0;
    while (low < high) {  // fewer columns never need more lanes
      const int32_t middle = (low + high + 1) / 2;
      ConvTile tile = PlaceColumns(first, middle, passes);
      if (tile.strip_lanes <= array_.lanes) {
        best = std::move(tile);
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return best;
  }

  // Where the lanes of each phase begin. Lane c of a pass holds column x_first + c * stride, and
  // its smallest tap belongs to output column c + reach, counted from the tile's first, with
  //   reach = (x_first + pad - smallest tap) / stride - first.
  // The further right a phase begins, the larger its reach; phases may differ by one (late).
  ConvTile PlaceColumns(int32_t first, int32_t columns, const std::vector<PassPlan>& passes) const {
    const int32_t stride = w_.stride_w;
    int32_t least = INT32_MAX, most = 0;
    std::vector<int32_t> reach, last;
    for (const Phase& phase : phases_) {
      const int32_t small = phase.taps.back(), large = phase.taps.front();
      // First and last real column of the phase that the tile reads.
      const int32_t from = std::max(phase.remainder, first * stride - w_.pad_left + small);
      const int32_t to = std::min(in_.w - 1, (first + columns - 1) * stride - w_.pad_left + large);
      const int32_t begin = Ceil(from - phase.remainder, stride) * stride + phase.remainder;
      reach.push_back((begin + w_.pad_left - small) / stride - first);
      last.push_back(to);
      least = std::min(least, reach.back());
      most = std::max(most, reach.back());
    }
    ConvTile tile;
    tile.first_column = first;
    tile.columns = columns;
    tile.offset = std::min({most, least + 1, kMaxKernel - 1});
    tile.passes = passes;
    tile.strip_lanes = columns;
    const size_t digits = plan_.digits.digits().size();
    for (size_t p = 0; p < phases_.size(); ++p) {
      const Phase& phase = phases_[p];
      const int32_t late = reach[p] >= tile.offset ? 0 : 1;
      const int32_t x_first =
          (tile.offset - late + first) * stride - w_.pad_left + phase.taps.back();
      tile.strip_lanes = std::max(tile.strip_lanes, Floor(last[p] - x_first, stride) + 1);
      for (size_t i = 0; i < passes.size(); ++i) {
        if (i / digits % phases_.size() != p) continue;
        tile.passes[i].x_first = x_first;
        tile.passes[i].x_step = stride;
        tile.passes[i].late = late;
      }
    }
    return tile;
  }

  void ChooseStrips(const ConvBlock& block, ConvTile& tile) const {
    if (plan_.flat) return;
    // More strips only where the row stands whole on the lanes.
    const int32_t most = tile.columns == out_.w ? array_.lanes / tile.strip_lanes : 1;
    ConvTile best;
    int64_t cycles = INT64_MAX;
    for (int32_t strips = 1; strips <= std::min(most, out_.h); ++strips) {
      ConvTile t = tile;
      t.strips = strips;
      t.out_rows = static_cast<int32_t>(CeilDiv(out_.h, strips));
      const int32_t last = (t.out_rows - 1) * w_.stride_h - w_.pad_top;
      t.row_first = -w_.pad_top;
      t.row_last = last + plan_.kernel_h - 1;
      if (strips == 1) {  // rows of padding are left out, but every output row needs one
        t.row_first = std::min(0, t.row_first + plan_.kernel_h - 1);
        t.row_last = std::min(t.row_last, std::max(in_.h - 1, last));
      }
      const ConvCycles c = CyclesOf(plan_, block, t, array_);
      if (c.all >= cycles) continue;
      cycles = c.all;
      best = std::move(t);
    }
    tile = std::move(best);
  }

  const ConvOp& conv_;
  const Window& w_;
  const Dims in_, out_;
  const TensorType type_;
  const ArraySpec& array_;
  int32_t kernel_w_ = 1;  // dilation filled up with zeros
  std::vector<Phase> phases_;
  ConvPlan plan_;
};

}  // namespace

Expected<ConvPlan> PlanConv(const ConvOp& conv, const Tensor& in, const Tensor& out,
                            const ArraySpec& array) {
  POTLUT_RETURN_IF_ERROR(CheckArray(array));
  return Planner(conv, in, out, array).Make();
}

ConvCycles CyclesOf(const ConvPlan& plan, const ConvBlock& block, const ConvTile& tile,
                    const ArraySpec& array) {
  std::vector<int32_t> fills;
  for (const PassPlan& pass : tile.passes)
    fills.push_back(plan.digits.digits()[static_cast<size_t>(pass.digit)].fill_cycles);
  return CountCycles(CommandOf(plan, block, tile), tile.columns, PassesOf(plan, tile, 0, 0), fills,
                     array);
}

Conv CommandOf(const ConvPlan& plan, const ConvBlock& block, const ConvTile& tile) {
  Conv conv;
  conv.row_first = static_cast<int16_t>(tile.row_first);
  conv.row_last = static_cast<int16_t>(tile.row_last);
  conv.strip_lanes = static_cast<uint16_t>(tile.strip_lanes);
  conv.strips = static_cast<uint16_t>(tile.strips);
  conv.strip_rows = static_cast<uint16_t>(tile.out_rows * plan.stride_h);
  conv.out_rows = static_cast<uint16_t>(tile.out_rows);
  conv.outputs = static_cast<uint16_t>(block.outputs);
  conv.ring = static_cast<uint16_t>(block.ring);
  conv.pass_count = static_cast<uint16_t>(tile.passes.size());
  conv.kernel_h = static_cast<uint8_t>(plan.kernel_h);
  conv.stride_h = static_cast<uint8_t>(plan.stride_h);
  conv.pad_top = static_cast<uint8_t>(plan.pad_top);
  return conv;
}

std::vector<Pass> PassesOf(const ConvPlan& plan, const ConvTile& tile, int32_t row_words,
                           int32_t column_words) {
  std::vector<Pass> passes;
  for (const PassPlan& from : tile.passes) {
    Pass pass;
    pass.input =
        static_cast<uint32_t>(from.word + from.at_y * row_words + from.at_x * column_words);
    pass.weights = static_cast<uint32_t>(from.weights);
    pass.x_first = static_cast<int16_t>(from.x_first);
    pass.x_step = static_cast<uint8_t>(from.x_step);
    pass.taps = static_cast<uint8_t>(from.taps.size());
    pass.list = static_cast<uint8_t>(from.digit);
    pass.scale = static_cast<uint8_t>(plan.digits.digits()[static_cast<size_t>(from.digit)].scale);
    pass.late = static_cast<uint8_t>(from.late);
    passes.push_back(pass);
  }
  return passes;
}

}  // namespace potlut::accel
