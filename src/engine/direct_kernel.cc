// Direct convolutions: how a layer is walked through, and its weights in the order of the tiles.
#include "engine/direct_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "engine/aligned.h"
#include "engine/direct_steps.h"

namespace potlut {
namespace {

// Weights up to here stay in the second-level cache with what else a block needs, and pass by once
// a block; above, the blocks are as large as that cache allows.
constexpr int64_t kSmallWeights = 320 << 10;
constexpr int64_t kSmallBlock = 24 << 10, kLargeBlock = 384 << 10;
// Weights from here on are held as 4-bit codes where the alphabet allows.
constexpr int64_t kCodedWeights = 256 << 10;
// Tiles go on from row to row where a row would be cut into ones of fewer pixels than this.
constexpr int32_t kFewPixels = 6;
// What a share may take as scratch.
constexpr int64_t kMostScratch = 64 << 20;

// A convolution as the tiles see it: windows of single pixels where it can be said like this.
struct Layer {
  MapWindow window;
  int32_t in_c;
  bool flat;      // single pixels of stride 1
  bool unpadded;  // no window reaches outside the map
};

Layer LayerOf(const Program& program, const FusedConv& fused) {
  const ConvOp& op = std::get<ConvOp>(fused.conv->op);
  const Dims in = program.tensors[static_cast<size_t>(fused.input())].dims;
  const Dims out = program.tensors[static_cast<size_t>(fused.conv->output)].dims;
  Layer layer{MapWindowOf(op.window, in, out), in.c, false, false};
  MapWindow& m = layer.window;
  const int64_t right = int64_t{m.out_w - 1} * m.stride_w + int64_t{m.kernel_w - 1} * m.dilation_w;
  const int64_t bottom = int64_t{m.out_h - 1} * m.stride_h + int64_t{m.kernel_h - 1} * m.dilation_h;
  layer.unpadded = m.pad_top == 0 && m.pad_left == 0 && right < in.w && bottom < in.h;
  const bool dense = m.dilation_h == 1 && m.dilation_w == 1;
  if (layer.unpadded && dense && m.kernel_h == in.h && m.kernel_w == in.w) {
    layer.in_c = static_cast<int32_t>(in.count());
    m = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
  }
  layer.flat = layer.unpadded && m.kernel_h == 1 && m.kernel_w == 1 && m.stride_h == 1 &&
               m.stride_w == 1 && m.out_h == m.in_h && m.out_w == m.in_w;
  if (layer.flat) {
    m.in_w *= m.in_h;
    m.out_w *= m.out_h;
    m.in_h = m.out_h = 1;
  }
  return layer;
}

// The rows of the output that one block of `bytes` holds the input of.
int32_t BlockOf(const DirectParams& p, int64_t bytes) {
  const MapWindow& m = p.window;
  if (p.walk == DirectWalk::kFlat) {
    return static_cast<int32_t>(std::clamp<int64_t>(bytes / p.in_c, 14, m.out_w));
  }
  const int64_t row =
      p.walk == DirectWalk::kWindows ? int64_t{m.out_w} * p.run : int64_t{m.in_w} * p.in_c;
  const int64_t planes = std::min(m.stride_h, m.kernel_h);
  const int64_t extra = int64_t{m.kernel_h - 1} * m.dilation_h / m.stride_h;
  const int64_t rows = bytes / (row * planes) - extra;
  // A few rows more than the windows overlap in, lest most of the copying be done again.
  return static_cast<int32_t>(
      std::clamp<int64_t>(rows, std::min<int64_t>(2 * extra + 1, m.out_h), m.out_h));
}

DirectParams ParamsOf(const Program& program, const FusedConv& fused, const KernelTable& table) {
  const Layer layer = LayerOf(program, fused);
  const ConvOp& op = std::get<ConvOp>(fused.conv->op);
  DirectParams p{};
  p.window = layer.window;
  const MapWindow& m = p.window;
  p.in_c = layer.in_c;
  p.out_c = static_cast<int32_t>(op.bias.size());
  p.out_padded = static_cast<int32_t>(RoundUp(p.out_c, table.direct_vector));
  p.flip = ByteOffset(table, program.tensors[static_cast<size_t>(fused.input())].type) != 0;
  const int64_t run = int64_t{m.kernel_w} * p.in_c;
  p.run = static_cast<int32_t>(RoundUp(run, 4));
  p.walk = DirectWalk::kRows;
  const int32_t tiles = (m.out_w + table.direct_rows - 1) / table.direct_rows;
  if (layer.flat) {
    p.walk = DirectWalk::kFlat;
  } else if (m.dilation_w != 1 || (tiles <= 2 && m.out_w / tiles < kFewPixels && m.out_h > 1)) {
    p.walk = DirectWalk::kWindows;
  }
  p.in_place = layer.unpadded && !p.flip && run % 4 == 0 && m.dilation_w == 1 &&
               p.walk != DirectWalk::kWindows;

  const int64_t weights = int64_t{p.out_padded} * m.kernel_h * p.run;
  p.weights.coded = table.direct_codes && !op.alphabet.is_pair() && op.alphabet.codes() <= 16 &&
                    p.out_c % table.direct_panel == 0 && weights >= kCodedWeights;
  p.block = BlockOf(p, weights <= kSmallWeights ? kSmallBlock : kLargeBlock);
  const int64_t map = int64_t{m.in_h} * m.in_w * p.in_c;
  p.share_outputs = p.out_padded >= 2 * table.direct_panel && weights > map;
  return p;
}

class DirectKernel : public Kernel {
 public:
  DirectKernel(const Program& program, const FusedConv& fused, const KernelTable& table)
      : fn_(table.direct),
        params_(ParamsOf(program, fused, table)),
        tail_(program, fused, params_.out_padded),
        name_(std::string("direct_") + std::to_string(table.direct_rows) + "x" +
              std::to_string(table.direct_panel) + (params_.weights.coded ? "_coded_" : "_") +
              table.name) {
    const ConvOp& op = std::get<ConvOp>(fused.conv->op);
    const Tensor& in = program.tensors[static_cast<size_t>(fused.input())];
    Pack(op, in.dims.c, table, ByteOffset(table, in.type));
    params_.weights.data = weights_.get();
    if (table.direct_sums16) Regroup(in.type, table);
    params_.epilogue = tail_.View();
    const bool lefts =
        std::any_of(op.shift.begin(), op.shift.end(), [](int8_t n) { return n < 0; });
    if (!lefts) params_.epilogue.requant.left = nullptr;
    scratch_ = table.direct_scratch(params_);
  }

  void Run(const void* const* inputs, void* const* outputs, void* scratch,
           Share share) const override {
    fn_(params_, BuffersOf(params_.epilogue, inputs, outputs, scratch), share);
  }
  int outputs() const override { return OutputsOf(params_.epilogue); }
  size_t scratch_bytes() const override { return scratch_; }
  std::string_view name() const override { return name_; }

 private:
  // Places weights and requantisation; `in_c` as in the program, `offset`: what is added to the
  // activations.
  void Pack(const ConvOp& op, int32_t in_c, const KernelTable& table, int32_t offset) {
    const int32_t panel = table.direct_panel, group = table.direct_group;
    const DirectParams& p = params_;
    const int64_t run = int64_t{p.window.kernel_w} * p.in_c, rows = p.window.kernel_h;
    const int64_t taps = run * rows;
    const bool coded = p.weights.coded;
    const bool pairs = op.alphabet.is_pair();
    const int64_t step = coded ? 2 : 4;  // bytes of a channel
    weights_ = MakeAligned<uint8_t>(static_cast<size_t>(p.out_padded * rows * p.run / 4 * step));
    std::array<int8_t, 256> level_of{};
    if (!pairs) std::copy(op.alphabet.levels.begin(), op.alphabet.levels.end(), level_of.begin());
    std::copy_n(level_of.begin(), 16, params_.weights.levels);
    const std::vector<int8_t> expanded = pairs ? ExpandWeights(op, in_c) : std::vector<int8_t>();

    // A panel's channels one under the other, then group after group. What pads them is level 0.
    const auto zero = std::find(level_of.begin(), level_of.end(), 0) - level_of.begin();
    std::vector<int8_t> block(static_cast<size_t>(panel * rows * p.run));
    uint8_t* to = weights_.get();
    for (int64_t n0 = 0; n0 < p.out_padded; n0 += panel) {
      const int64_t width = std::min<int64_t>(panel, p.out_padded - n0);
      std::fill(block.begin(), block.end(), static_cast<int8_t>(coded ? zero : 0));
      for (int64_t n = 0; n < width && n0 + n < p.out_c; ++n) {
        const int64_t o = n0 + n;
        int64_t sum = 0;
        for (int64_t ky = 0; ky < rows; ++ky) {
          int8_t* const row = block.data() + (n * rows + ky) * p.run;
          const int64_t from = o * taps + ky * run;
          if (pairs) {
            std::copy_n(expanded.data() + from, run, row);
          } else if (coded) {
            std::memcpy(row, op.codes.data() + from, static_cast<size_t>(run));
          } else {
            const uint8_t* const codes = op.codes.data() + from;
            for (int64_t i = 0; i < run; ++i) row[i] = level_of[codes[i]];
          }
          if (offset == 0) continue;
          for (int64_t i = 0; i < run; ++i) {
            sum += coded ? level_of[static_cast<uint8_t>(row[i])] : row[i];
          }
        }
        // Modulo 2^32: see ConvRequant.
        tail_.Set(o, static_cast<int32_t>(o),
                  static_cast<int32_t>(static_cast<uint32_t>(sum * offset)));
      }
      const int64_t pitch = rows * p.run;
      if (coded) {
        const int64_t half = width / 2;
        for (int64_t k = 0; k < pitch; k += group) {
          const int8_t* low = block.data() + k;
          for (int64_t n = 0; n < half; ++n, low += pitch) {
            const int8_t* const high = low + half * pitch;
            for (int i = 0; i < group; ++i) *to++ = static_cast<uint8_t>(low[i] | high[i] << 4);
          }
        }
      } else {
        group == 4 ? Interleave<4>(block.data(), pitch, width, to)
                   : Interleave<2>(block.data(), pitch, width, to);
        to += width * pitch;
      }
    }
  }

  // [channel][pitch] to [pitch / kGroup][channel][kGroup].
  template <int kGroup>
  static void Interleave(const int8_t* from, int64_t pitch, int64_t width, uint8_t* to) {
    for (int64_t k = 0; k < pitch; k += kGroup) {
      for (int64_t n = 0; n < width; ++n, to += kGroup) {
        std::memcpy(to, from + n * pitch + k, kGroup);
      }
    }
  }

  void Regroup(TensorType in, const KernelTable& table) {
    int64_t runs[kDirectRuns];
    table.direct_runs(params_, runs);
    steps_ = MakeSteps(params_, weights_.get(), table.direct_panel, runs,
                       in.hi() + (in.is_signed ? 128 : 0));
    weights_.reset();
    params_.weights.data = steps_.weights.get();
    params_.panels = steps_.panels.data();
    params_.offsets = steps_.offsets.data();
    params_.group = steps_.group;
  }

  decltype(KernelTable::direct) fn_;
  DirectParams params_;
  ConvTail tail_;
  AlignedArray<uint8_t> weights_;
  DirectSteps steps_;
  std::string name_;
  size_t scratch_ = 0;
};

}  // namespace

bool DirectFits(const Program& program, const FusedConv& fused, const KernelTable& table) {
  const ConvOp& op = std::get<ConvOp>(fused.conv->op);
  if (table.direct == nullptr || op.groups != 1) return false;
  const Layer layer = LayerOf(program, fused);
  const MapWindow& m = layer.window;
  if (m.kernel_h > kDirectRuns || int64_t{m.kernel_w} * layer.in_c > (1 << 24)) return false;
  const DirectParams p = ParamsOf(program, fused, table);
  return p.in_place || table.direct_scratch(p) <= static_cast<size_t>(kMostScratch);
}

double DirectCycles(const Program& program, const FusedConv& fused, const KernelTable& table) {
  const DirectParams p = ParamsOf(program, fused, table);
  const MapWindow& m = p.window;
  const double pixels = double{1} * m.out_h * m.out_w;
  const double vectors = double{1} * p.out_padded / table.direct_vector;
  const double steps = double{1} * m.kernel_h * (p.run / 4);
  const double length = p.walk == DirectWalk::kRows ? m.out_w : pixels;
  const double height = length / std::ceil(length / table.direct_rows);
  // A tile is bound by its multiply-accumulates, by their latency where there are few, or by what
  // it loads: its pixels and its weights.
  const double wide = table.direct_panel / table.direct_vector;
  const double cost =
      table.direct_sums16
          ? CyclesOfSteps(std::get<ConvOp>(fused.conv->op),
                          program.tensors[static_cast<size_t>(fused.input())].type) /
                (table.direct_rows * wide)
          : table.direct_cost;
  const double tile = std::max({height * wide * cost, height + wide, 4.0});
  const double compute = pixels * vectors / (height * wide) * (steps * tile + 20);
  const double tail = pixels * vectors * (fused.add != nullptr ? 6 : 3);
  const double copied =
      p.in_place ? 0
                 : double{1} * m.in_h * m.in_w * p.in_c *
                       (p.walk == DirectWalk::kWindows ? double{1} * m.kernel_w / m.stride_w : 1);
  const double weights = double{1} * p.out_padded * steps * (p.weights.coded ? 2 : 4);
  const double stream = weights / 20;
  return std::max(compute, stream) + tail + copied / 16 + 200;
}

KernelPtr MakeDirect(const Program& program, const FusedConv& fused, const KernelTable& table) {
  return std::make_unique<DirectKernel>(program, fused, table);
}

}  // namespace potlut
