// What can be said of a program without running it: names, window sizes, the weights behind codes.
#include "program/program.h"

#include <array>

#include "base/text.h"

namespace potlut {

std::string_view OpName(const Op& op) {
  static constexpr std::array<std::string_view, std::variant_size_v<Op>> kNames{
      "conv",   "add",   "mul",     "max_pool", "mean",   "lookup", "reshape",
      "concat", "slice", "shuffle", "pad",      "resize", "argmax"};
  return kNames[op.index()];
}

namespace {

// Positions of a window along one side, or nothing where not one fits.
std::optional<int32_t> Positions(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                                 int64_t before, int64_t after) {
  const int64_t room = in + before + after - dilation * (kernel - 1) - 1;
  if (room < 0) return std::nullopt;
  return static_cast<int32_t>(room / stride + 1);
}

}  // namespace

Expected<Dims> WindowOutput(const Window& w, Dims in, int32_t out_channels) {
  // Bounds that keep all arithmetic below far inside 64 bits.
  constexpr int32_t kMost = 1 << 16;
  for (const int32_t v :
       {w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w}) {
    if (v < 1 || v > kMost) return BadInput("window: ", v, " is not in 1..", kMost);
  }
  for (const int32_t v : {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}) {
    if (v < 0 || v > kMost) return BadInput("window: pad ", v, " is not in 0..", kMost);
  }
  const auto h = Positions(in.h, w.kernel_h, w.stride_h, w.dilation_h, w.pad_top, w.pad_bottom);
  const auto x = Positions(in.w, w.kernel_w, w.stride_w, w.dilation_w, w.pad_left, w.pad_right);
  if (!h || !x) {
    return BadInput("window ", w.kernel_h, "x", w.kernel_w, " does not fit into ", in.h, "x", in.w);
  }
  return Dims{*h, *x, out_channels};
}

std::vector<int8_t> ExpandWeights(const ConvOp& conv, int32_t in_per_group) {
  const auto& levels = conv.alphabet.levels;
  std::vector<int8_t> weights;
  if (!conv.alphabet.is_pair()) {
    weights.resize(conv.codes.size());
    const int8_t* const level = levels.data();
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = level[conv.codes[i]];
    return weights;
  }
  const int32_t pairs = (in_per_group + 1) / 2;
  weights.reserve(conv.codes.size() * 2);
  for (size_t i = 0; i < conv.codes.size();) {
    for (int32_t p = 0; p < pairs; ++p, ++i) {
      const size_t entry = size_t{conv.codes[i]} * 2;
      weights.push_back(levels[entry]);
      if (2 * p + 1 < in_per_group) weights.push_back(levels[entry + 1]);
    }
  }
  return weights;
}

}  // namespace potlut
