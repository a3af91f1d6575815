// Depthwise convolutions: which form of weights a layer takes, laid out.
#include "engine/depthwise_kernel.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "engine/kernels/depthwise-blocks-inl.h"
#include "program/validate.h"

namespace potlut {
namespace {

// Whether int16 sums are exact, and of `form` kPairs the saturating sums of pairs of vpmaddubsw,
// and the shift one that a rounding multiplication by a power of two can do.
// `levels`: [channel][tap].
bool SumsFit16(const NodeView& view, const ConvOp& op, const std::vector<int8_t>& levels,
               DepthwiseForm form) {
  const TensorType in = view.input().type;
  // Signed activations are offset by 128. A pair of bytes stays in int16 if its
  // levels of one sign do not sum to more than this.
  const int32_t most = 32767 / (in.is_signed ? 128 + in.hi() : in.hi());
  const int32_t w = op.window.kernel_w;
  for (int32_t c = 0; c < view.output().dims.c; ++c) {
    const size_t channel = static_cast<size_t>(c);
    if (op.shift[channel] < 1 || AccumulatorBound(op, 1, in, c) > 32767) return false;
    if (form != DepthwiseForm::kPairs) continue;
    const int8_t* const level = &levels[channel * static_cast<size_t>(op.window.kernel_h * w)];
    for (int32_t ky = 0; ky + 1 < op.window.kernel_h; ky += 2) {
      for (int32_t kx = 0; kx < w; ++kx) {
        const int32_t a = level[ky * w + kx], b = level[(ky + 1) * w + kx];
        if (std::max(a, 0) + std::max(b, 0) > most) return false;
        if (std::max(-a, 0) + std::max(-b, 0) > most) return false;
      }
    }
  }
  return true;
}

DepthwiseForm FormOf(const NodeView& view, const ConvOp& op, const std::vector<int8_t>& levels,
                     const KernelTable& table) {
  const DepthwiseForm small = table.depthwise_small_form;
  // A block's channels.
  const int32_t least = small == DepthwiseForm::kPairs        ? 32
                        : small == DepthwiseForm::kBytesOfRow ? 16
                                                              : 0;
  if (small == table.depthwise_form || view.output().dims.c < least) return table.depthwise_form;
  return SumsFit16(view, op, levels, small) ? small : table.depthwise_form;
}

void PutInt(char* at, int32_t bytes, uint32_t value) {
  // Machines with blocks store the low bytes first.
  std::memcpy(at, &value, static_cast<size_t>(bytes));
}

// What DepthwiseBlock says. `levels`: [channel][tap].
AlignedArray<char> MakeBlocks(const DepthwiseShape& shape, const NodeView& view, const ConvOp& op,
                              const std::vector<int8_t>& levels) {
  const size_t total = static_cast<size_t>(shape.total_bytes());
  AlignedArray<char> blocks = MakeAligned<char>(total);
  std::fill_n(blocks.get(), total, char{0});
  // What is added to activations that are multiplied as bytes: signed ones become unsigned, in rows
  // of bytes unsigned ones signed.
  const bool in_signed = view.input().type.is_signed;
  uint32_t offset = shape.weight_bytes() == 1 && in_signed ? 128 : 0;
  if (shape.form == DepthwiseForm::kBytesOfRow) offset = in_signed ? 0 : uint32_t{0} - 128;
  const int32_t rows = shape.rows(), size = shape.weight_bytes(),
                taps = shape.kernel_h * shape.kernel_w;
  for (int32_t i = 0; i < shape.blocks(); ++i) {
    const DepthwiseBlock b = shape.block(i);
    char* const start = blocks.get() + b.offset;
    char* const shifts = start + b.width * shape.sum_bytes();
    char* const weights = shifts + b.width * shape.sum_bytes();
    for (int32_t c = 0; c < std::min(b.width, shape.channels - b.first); ++c) {
      const size_t channel = static_cast<size_t>(b.first + c);
      const int32_t place = shape.Place(c, b.width);
      const int8_t* const level = &levels[channel * static_cast<size_t>(taps)];
      uint32_t sum = 0;
      for (int32_t t = 0; t < taps; ++t) {
        const int32_t ky = t / shape.kernel_w, kx = t % shape.kernel_w;
        const int32_t vector = ky / rows * shape.kernel_w + kx;
        const uint32_t value = static_cast<uint32_t>(int32_t{level[t]});
        PutInt(weights + ((vector * b.width + place) * rows + ky % rows) * size, size, value);
        sum += value;
      }
      // Unsigned, as it may wrap.
      uint32_t first = static_cast<uint32_t>(op.bias[channel]) - offset * sum;
      const int shift = op.shift[channel];
      uint32_t how = static_cast<uint32_t>(shift);
      if (shape.sums16()) {
        how = shift <= 15 ? uint32_t{1} << (15 - shift) : 0;  // from 16 on the sums round to 0
      } else if (shift > 0) {
        first += uint32_t{1} << (shift - 1);
      }
      PutInt(start + place * shape.sum_bytes(), shape.sum_bytes(), first);
      PutInt(shifts + place * shape.sum_bytes(), shape.sum_bytes(), how);
    }
  }
  return blocks;
}

// Where a group has several outputs, the input's channels are first repeated
// that often.
class DepthwiseKernel : public Kernel {
 public:
  DepthwiseKernel(const Program& program, const FusedConv& fused, const KernelTable& table)
      : fn_(table.depthwise_blocks) {
    const NodeView view(program, *fused.conv);
    const ConvOp& op = std::get<ConvOp>(fused.conv->op);
    const Dims in = view.input().dims;
    const int32_t channels = view.output().dims.c;
    pixels_ = int64_t{in.h} * in.w;
    in_channels_ = in.c;
    repeat_ = channels / in.c;
    const std::vector<int8_t> levels = ExpandWeights(op, 1);  // [channel][tap]
    const DepthwiseShape shape{FormOf(view, op, levels, table), channels, op.window.kernel_h,
                               op.window.kernel_w};
    blocks_ = MakeBlocks(shape, view, op, levels);
    params_ = {.window = MapWindowOf(op.window, in, view.output().dims),
               .channels = channels,
               .in_signed = view.input().type.is_signed,
               .form = shape.form,
               .blocks = blocks_.get(),
               .lo = op.lo,
               .hi = op.hi};
    static constexpr const char* kForms[] = {"quads", "pairs", "words", "bytes", "words"};
    name_ = std::string("depthwise_") + kForms[static_cast<int>(shape.form)] + "_" + table.name;
  }
  void Run(const void* const* inputs, void* const* outputs, void* scratch,
           Share share) const override {
    const uint8_t* x = static_cast<const uint8_t*>(inputs[0]);
    if (repeat_ > 1) {
      uint8_t* y = static_cast<uint8_t*>(scratch);
      for (int64_t i = 0; i < pixels_ * in_channels_; ++i, y += repeat_)
        std::fill_n(y, repeat_, x[i]);
      x = static_cast<const uint8_t*>(scratch);
    }
    fn_(params_, x, static_cast<uint8_t*>(outputs[0]), share);
  }
  size_t scratch_bytes() const override {
    return repeat_ > 1 ? static_cast<size_t>(pixels_ * in_channels_ * repeat_) : 0;
  }
  std::string_view name() const override { return name_; }

 private:
  decltype(KernelTable::depthwise_blocks) fn_;
  std::string name_;
  AlignedArray<char> blocks_;
  int64_t pixels_, in_channels_, repeat_;
  DepthwiseBlocksParams params_;
};

}  // namespace

bool DepthwiseFits(const Program& program, const FusedConv& fused, const KernelTable& table) {
  const ConvOp& op = std::get<ConvOp>(fused.conv->op);
  const NodeView view(program, *fused.conv);
  if (table.depthwise_blocks == nullptr || fused.add != nullptr || fused.lookup != nullptr ||
      op.groups == 1 || op.groups != view.input().dims.c || view.output().type.wide()) {
    return false;
  }
  const Window& w = op.window;
  const bool right = std::all_of(op.shift.begin(), op.shift.end(), [](int n) { return n >= 0; });
  return right && view.output().dims.c >= table.depthwise_least && w.kernel_h == w.kernel_w &&
         (w.kernel_h == 3 || w.kernel_h == 5) && w.stride_w <= 2 && w.dilation_w == 1;
}

double DepthwiseCycles(const Program& program, const FusedConv& fused, const KernelTable& table) {
  // Measured: multiply-accumulates a cycle.
  const double pace = table.depthwise_pace > 0                        ? table.depthwise_pace
                      : table.depthwise_form == DepthwiseForm::kQuads ? 27
                                                                      : 9;
  return static_cast<double>(CostOf(program, *fused.conv).macs) / pace;
}

KernelPtr MakeDepthwise(const Program& program, const FusedConv& fused, const KernelTable& table) {
  return std::make_unique<DepthwiseKernel>(program, fused, table);
}

}  // namespace potlut
