// Convolutions: weights and requantisation laid out for an instruction set.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "engine/aligned.h"
#include "engine/kernel_factory.h"
#include "engine/share.h"

namespace potlut {
namespace {

// Bytes of gathered windows at a time: the block stays in the first-level cache while the weights
// pass by.
constexpr int64_t kBlockBytes = 32 << 10;

// Writes a convolution's map where it can stay, and then, for the rows of a share, what becomes of
// it. For kernels whose stores know requantisation only.
class PlainTail {
 public:
  PlainTail(const Program& program, const FusedConv& fused, ConvEpilogue epilogue)
      : epilogue_(epilogue),
        conv_signed_(Type(program, fused.conv->output).is_signed),
        first_signed_(fused.add != nullptr ? Type(program, fused.add->output).is_signed
                                           : conv_signed_) {}
  int outputs() const { return OutputsOf(epilogue_); }
  void* Map(void* const* outputs) const { return outputs[epilogue_.first ? 0 : 1]; }
  void Finish(const void* const* inputs, void* const* outputs, int64_t begin, int64_t end) const {
    uint8_t* const map = static_cast<uint8_t*>(Map(outputs)) + begin;
    if (epilogue_.add.present) {
      AddResidual(epilogue_.add, conv_signed_, static_cast<const uint8_t*>(inputs[1]) + begin,
                  end - begin, map);
    }
    if (epilogue_.rescale.present) {
      Rescale(epilogue_.rescale, first_signed_, map, end - begin,
              static_cast<uint8_t*>(outputs[1]) + begin);
    }
  }

 private:
  static TensorType Type(const Program& program, int32_t t) {
    return program.tensors[static_cast<size_t>(t)].type;
  }
  ConvEpilogue epilogue_;
  bool conv_signed_, first_signed_;
};

// One input channel a group. Where a group has several outputs, the input's channels are first
// repeated that often.
class DepthwiseKernel : public Kernel {
 public:
  DepthwiseKernel(const NodeView& view, const FusedConv& fused, const KernelTable& table)
      : fn_(table.depthwise),
        name_(std::string("depthwise_") + table.name),
        tail_(view.program, fused, view.output().dims.c),
        plain_(view.program, fused, tail_.View()) {
    const ConvOp& op = std::get<ConvOp>(fused.conv->op);
    const Dims in = view.input().dims;
    const int64_t channels = view.output().dims.c;
    pixels_ = int64_t{in.h} * in.w;
    in_channels_ = in.c;
    repeat_ = channels / in.c;
    const std::vector<int8_t> levels = ExpandWeights(op, 1);  // [channel][tap]
    const int64_t taps = int64_t{op.window.kernel_h} * op.window.kernel_w;
    weights_ = MakeAligned<int32_t>(levels.size());
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t t = 0; t < taps; ++t) {
        weights_[t * channels + c] = static_cast<uint16_t>(int16_t{levels[c * taps + t]});
      }
      tail_.Set(c, static_cast<int32_t>(c), 0);
    }
    params_ = {MapWindowOf(op.window, in, view.output().dims), view.output().dims.c,
               view.input().type.is_signed, weights_.get(), tail_.View().requant};
  }
  void Run(const void* const* inputs, void* const* outputs, void* scratch,
           Share share) const override {
    const Range rows = PartOf(params_.window.out_h, share);
    if (rows.empty()) return;
    const uint8_t* x = static_cast<const uint8_t*>(inputs[0]);
    if (repeat_ > 1) {
      uint8_t* y = static_cast<uint8_t*>(scratch);
      for (int64_t i = 0; i < pixels_ * in_channels_; ++i, y += repeat_)
        std::fill_n(y, repeat_, x[i]);
      x = static_cast<const uint8_t*>(scratch);
    }
    DepthwiseParams p = params_;
    p.window = RowsOf(params_.window, rows);
    const int64_t row = int64_t{p.window.out_w} * p.channels * (p.requant.wide ? 4 : 1);
    fn_(p, x, static_cast<uint8_t*>(plain_.Map(outputs)) + rows.begin * row);
    plain_.Finish(inputs, outputs, rows.begin * row, rows.end * row);
  }
  int outputs() const override { return plain_.outputs(); }
  size_t scratch_bytes() const override {
    return repeat_ > 1 ? static_cast<size_t>(pixels_ * in_channels_ * repeat_) : 0;
  }
  std::string_view name() const override { return name_; }

 private:
  decltype(KernelTable::depthwise) fn_;
  std::string name_;
  ConvTail tail_;
  PlainTail plain_;
  AlignedArray<int32_t> weights_;
  int64_t pixels_, in_channels_, repeat_;
  DepthwiseParams params_;
};

// How many neighbouring groups to run as one, with zeros where a channel does not read another's
// group: as many as fit into a vector of output channels, which costs nothing but memory and makes
// runs of bytes longer.
int32_t MergedGroups(int32_t groups, int32_t out_per_group, int32_t vector) {
  int32_t merged = std::clamp(vector / out_per_group, 1, groups);
  while (groups % merged != 0) --merged;
  return merged;
}

// Places `count` levels of one output channel, for inputs k and following, into a panel `width`
// wide: input i at (i / kGroup * width) * kGroup + i % kGroup.
template <int kGroup, typename T>
void PlaceRun(const int8_t* levels, int64_t count, int64_t k, int64_t width, T* panel) {
  const int64_t end = k + count;
  for (; k < end && k % kGroup != 0; ++k)
    panel[k / kGroup * kGroup * width + k % kGroup] = static_cast<T>(*levels++);
  for (; end - k >= kGroup; k += kGroup, levels += kGroup) {
    for (int i = 0; i < kGroup; ++i) panel[k * width + i] = static_cast<T>(levels[i]);
  }
  for (int i = 0; k < end; ++k, ++i) panel[(k - i) * width + i] = static_cast<T>(*levels++);
}
template <typename T>
void PlaceRun(const int8_t* levels, int64_t count, int64_t k, int k_group, int64_t width,
              T* panel) {
  if (k_group == 4) return PlaceRun<4>(levels, count, k, width, panel);
  PlaceRun<2>(levels, count, k, width, panel);
}

class GemmKernel : public Kernel {
 public:
  GemmKernel(const NodeView& view, const FusedConv& fused, const ConvOp& op,
             const KernelTable& table)
      : fn_(table.gemm),
        name_("gemm_" + std::to_string(table.rows) + "x" + std::to_string(table.panel) + "_" +
              table.name),
        merged_(MergedGroups(op.groups, view.output().dims.c / op.groups, table.vector)),
        panel_(table.panel),
        weight_bytes_(table.weight_bytes),
        tail_(view.program, fused,
              RoundUp(view.output().dims.c / op.groups * merged_, table.vector) *
                  (op.groups / merged_)),
        plain_(view.program, fused, tail_.View()) {
    const Dims in = view.input().dims, out = view.output().dims;
    const Window& w = op.window;
    GemmParams& p = params_;
    p.window = MapWindowOf(w, in, out);
    p.in_c = in.c;
    p.out_c = out.c;
    p.groups = op.groups / merged_;
    p.in_per_group = in.c / p.groups;
    p.out_per_group = out.c / p.groups;
    p.out_padded = static_cast<int32_t>(RoundUp(p.out_per_group, table.vector));
    p.k = int64_t{w.kernel_h} * w.kernel_w * p.in_per_group;
    p.k_padded = RoundUp(p.k, table.k_group);
    const TensorType type = view.input().type;
    p.in_signed = table.byte_lanes ? ByteOffset(table, type) != 0 : type.is_signed;

    // The input is the matrix itself where windows are single pixels, or the whole map in one.
    const bool unpadded =
        w.pad_top == 0 && w.pad_left == 0 && w.pad_bottom == 0 && w.pad_right == 0;
    const bool pixelwise = w.kernel_h == 1 && w.kernel_w == 1 && w.stride_h == 1 && w.stride_w == 1;
    const bool whole =
        w.kernel_h == in.h && w.kernel_w == in.w && w.dilation_h == 1 && w.dilation_w == 1;
    p.direct = unpadded && (pixelwise || whole) && p.groups == 1 && p.k == p.k_padded &&
               table.byte_lanes && !p.in_signed;

    const int64_t pixels = int64_t{out.h} * out.w;
    const int64_t lane_bytes = table.byte_lanes ? 1 : 2;
    const int64_t fit = kBlockBytes / (p.k_padded * lane_bytes) / table.rows * table.rows;
    p.block = static_cast<int32_t>(
        std::min(pixels, std::clamp<int64_t>(fit, 2 * table.rows, 16 * table.rows)));
    if (!p.direct) scratch_ = static_cast<size_t>(p.block * p.k_padded * lane_bytes + kGatherSlack);

    Pack(op, table, table.byte_lanes ? ByteOffset(table, type) : 0);
    p.weights = weights_.get();
    p.requant = tail_.View().requant;
  }
  void Run(const void* const* inputs, void* const* outputs, void* scratch,
           Share share) const override {
    GemmParams p = params_;
    const int64_t bytes = p.requant.wide ? 4 : 1;
    if (p.window.out_h == 1 && p.groups == 1) {  // a dense layer: shares have panels of channels
      const Range panels = PartOf((p.out_per_group + panel_ - 1) / panel_, share);
      if (panels.empty()) return;
      const int64_t first = panels.begin * panel_;
      const int64_t end = std::min<int64_t>(panels.end * panel_, p.out_c);
      p.out_per_group = static_cast<int32_t>(end - first);
      p.weights = static_cast<const uint8_t*>(p.weights) + first * p.k_padded * weight_bytes_;
      p.requant.start += first;
      p.requant.right += first;
      p.requant.left += first;
      fn_(p, static_cast<const uint8_t*>(inputs[0]),
          static_cast<uint8_t*>(plain_.Map(outputs)) + first * bytes, scratch);
      for (int64_t x = 0; x < p.window.out_w; ++x)
        plain_.Finish(inputs, outputs, x * p.out_c + first, x * p.out_c + end);
      return;
    }
    const Range rows = PartOf(p.window.out_h, share);
    if (rows.empty()) return;
    p.window = RowsOf(params_.window, rows);
    const int64_t row = int64_t{p.window.out_w} * p.out_c * bytes;
    const int64_t in_row = p.direct ? int64_t{p.window.out_w} * p.k : 0;
    fn_(p, static_cast<const uint8_t*>(inputs[0]) + rows.begin * in_row,
        static_cast<uint8_t*>(plain_.Map(outputs)) + rows.begin * row, scratch);
    plain_.Finish(inputs, outputs, rows.begin * row, rows.end * row);
  }
  int outputs() const override { return plain_.outputs(); }
  size_t scratch_bytes() const override { return scratch_; }
  std::string_view name() const override { return name_; }

 private:
  // `offset`: what is added to the activations.
  void Pack(const ConvOp& op, const KernelTable& table, int32_t offset) {
    const GemmParams& p = params_;
    const int64_t in = p.in_per_group / merged_, out = p.out_per_group / merged_;  // of op's groups
    const int64_t taps = int64_t{op.window.kernel_h} * op.window.kernel_w;
    // [tap][in] of one channel at a time, or for pairs of all channels.
    const bool pairs = op.alphabet.is_pair();
    std::vector<int8_t> levels = pairs ? ExpandWeights(op, static_cast<int32_t>(in))
                                       : std::vector<int8_t>(static_cast<size_t>(taps * in));
    const size_t bytes =
        static_cast<size_t>(p.groups) * p.out_padded * p.k_padded * table.weight_bytes;
    weights_ = MakeAligned<uint8_t>(bytes);
    const bool gaps = p.k != p.k_padded || p.out_per_group != p.out_padded || merged_ > 1;
    if (gaps) std::fill_n(weights_.get(), bytes, 0);
    for (int64_t o = 0; o < p.out_c; ++o) {
      const int64_t g = o / p.out_per_group, n = o % p.out_per_group;
      const int64_t panel = n / table.panel * table.panel;
      const int64_t width = std::min<int64_t>(table.panel, p.out_padded - panel);
      const int64_t base = (g * p.out_padded + panel) * p.k_padded + (n - panel) * table.k_group;
      const int8_t* level = levels.data() + (pairs ? o * taps * in : 0);
      if (!pairs) {
        const uint8_t* const codes = op.codes.data() + o * taps * in;
        const int8_t* const level_of = op.alphabet.levels.data();
        int8_t* const row = levels.data();
        for (int64_t i = 0; i < taps * in; ++i) row[i] = level_of[codes[i]];
      }
      int64_t sum = 0;
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t k = tap * p.in_per_group + n / out * in;
        sum += std::accumulate(level, level + in, 0);
        if (table.weight_bytes == 1) {
          PlaceRun(level, in, k, table.k_group, width, weights_.get() + base);
        } else {
          PlaceRun(level, in, k, table.k_group, width,
                   reinterpret_cast<int16_t*>(weights_.get()) + base);
        }
        level += in;
      }
      tail_.Set(g * p.out_padded + n, static_cast<int32_t>(o),
                static_cast<int32_t>(static_cast<uint32_t>(sum * offset)));
    }
  }

  decltype(KernelTable::gemm) fn_;
  std::string name_;
  int32_t merged_;
  int32_t panel_, weight_bytes_;
  ConvTail tail_;
  PlainTail plain_;
  AlignedArray<uint8_t> weights_;
  GemmParams params_{};
  size_t scratch_ = 0;
};

}  // namespace

KernelPtr MakeGemm(const Program& program, const FusedConv& fused, const KernelTable& table) {
  const NodeView view(program, *fused.conv);
  const ConvOp& op = std::get<ConvOp>(fused.conv->op);
  if (op.groups > 1 && op.groups == view.input().dims.c) {
    return std::make_unique<DepthwiseKernel>(view, fused, table);
  }
  return std::make_unique<GemmKernel>(view, fused, op, table);
}

double GemmCycles(const Program& program, const FusedConv& fused, const KernelTable& table) {
  const NodeView view(program, *fused.conv);
  const ConvOp& op = std::get<ConvOp>(fused.conv->op);
  const double macs = static_cast<double>(CostOf(program, *fused.conv).macs);
  const double outputs = static_cast<double>(view.output().dims.count());
  // All measured: multiply-accumulates a cycle where k is long, what a row of a window costs to
  // gather and each of its values, what a value costs to store, and the tail.
  const double pace = table.gemm_pace > 0 ? table.gemm_pace
                      : table.byte_lanes  ? 64
                      : table.rows > 4    ? 24
                                          : 5;
  const double tail =
      outputs * ((fused.add != nullptr ? 12 : 0) + (fused.lookup != nullptr ? 3 : 0));
  if (op.groups > 1 && op.groups == view.input().dims.c) return macs / (pace / 10) + tail;
  const double rows = outputs / view.output().dims.c * op.window.kernel_h;
  const double gathered = rows * op.window.kernel_w * view.input().dims.c;
  // Where windows are few, their weights' way from outside a core's own caches is what takes time.
  const double stream = macs / (outputs / view.output().dims.c) / 16;
  return std::max(macs / pace, stream) + rows * 15 + gathered / 4 + outputs / 4 + tail;
}

}  // namespace potlut
