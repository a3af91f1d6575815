// Max and average pools over NHWC: for each output position, rows of channels are joined tap by
// tap.
#include <algorithm>

#include "graph/executor_plain.h"
#include "graph/team.h"

namespace potlut::graph {
namespace {

// The taps [begin, end) of one direction of a window that meet the input, at output position `o`.
struct Taps {
  int32_t begin, end;
  int32_t origin;  // the input cell of tap 0; may be negative
};

Taps TapsAt(int32_t o, int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int32_t pad) {
  const int32_t origin = o * stride - pad;
  const int32_t begin = origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
  const int32_t end = origin >= in ? 0 : std::min(kernel, (in - 1 - origin) / dilation + 1);
  return {begin, end, origin};
}

// Calls visit(output row, rows of taps in each direction, the sample's input) for each output
// position.
template <typename Visit>
void ForEachPosition(const Window& w, const PlainCall& call, const Visit& visit) {
  const Shape in = call.in_shapes[0], out = call.out_shape;
  const int64_t positions = int64_t{out.h} * out.w;
  const int64_t work = int64_t{w.kernel_h} * w.kernel_w * in.c;  // of one position
  TeamFor(call.batch * positions, 16384 / work + 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const auto oh = static_cast<int32_t>(p % positions / out.w);
      const auto ow = static_cast<int32_t>(p % out.w);
      const Taps th = TapsAt(oh, in.h, w.kernel_h, w.stride_h, w.dilation_h, w.pad_top);
      const Taps tw = TapsAt(ow, in.w, w.kernel_w, w.stride_w, w.dilation_w, w.pad_left);
      visit(call.out + p * in.c, th, tw, call.in[0] + p / positions * in.count());
    }
  });
}

// Calls row(channels of one input cell) for each tap.
template <typename Row>
void ForEachTap(const Window& w, const Shape& in, const Taps& th, const Taps& tw, const float* x,
                const Row& row) {
  for (int32_t kh = th.begin; kh < th.end; ++kh) {
    const int64_t line = int64_t{th.origin + kh * w.dilation_h} * in.w;
    for (int32_t kw = tw.begin; kw < tw.end; ++kw) {
      row(x + (line + tw.origin + kw * w.dilation_w) * in.c);
    }
  }
}

}  // namespace

void RunMaxPool(const MaxPool& op, const PlainCall& call) {
  const Shape in = call.in_shapes[0];
  ForEachPosition(op.window, call, [&](float* y, const Taps& th, const Taps& tw, const float* x) {
    bool first = true;
    ForEachTap(op.window, in, th, tw, x, [&](const float* row) {
      if (first) {
        std::copy(row, row + in.c, y);
      } else {
        for (int32_t c = 0; c < in.c; ++c) y[c] = std::max(y[c], row[c]);
      }
      first = false;
    });
  });
}

void RunAvgPool(const AvgPool& op, const PlainCall& call) {
  const Shape in = call.in_shapes[0];
  const Window& w = op.window;
  ForEachPosition(w, call, [&](float* y, const Taps& th, const Taps& tw, const float* x) {
    // Sums of thousands of cells (a global mean) lose digits in single precision.
    constexpr int32_t kBlock = 256;
    double sum[kBlock];
    const int64_t real = int64_t{th.end - th.begin} * (tw.end - tw.begin);
    const int64_t all = int64_t{w.kernel_h} * w.kernel_w;
    const double count = static_cast<double>(op.count_include_pad ? all : real);
    for (int32_t c0 = 0; c0 < in.c; c0 += kBlock) {
      const int32_t n = std::min(kBlock, in.c - c0);
      std::fill(sum, sum + n, 0.0);
      ForEachTap(w, in, th, tw, x + c0, [&](const float* row) {
        for (int32_t c = 0; c < n; ++c) sum[c] += static_cast<double>(row[c]);
      });
      for (int32_t c = 0; c < n; ++c) y[c0 + c] = static_cast<float>(sum[c] / count);
    }
  });
}

}  // namespace potlut::graph
