// Layers with fresh weights.
#include "zoo/net_builder.h"

#include <algorithm>
#include <cmath>

namespace potlut::zoo {
namespace {

constexpr uint64_t kSpreadStream = 0x9E3779B97F4A7C15;  // apart from the stream of the weights

void SetPads(graph::Window& window, const graph::Shape& in, const ConvShape& conv) {
  if (conv.padding == Padding::kCentred) {
    window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = conv.kernel / 2;
    return;
  }
  const auto total = [&](int32_t side) {
    const int32_t positions = (side + conv.stride - 1) / conv.stride;
    return std::max((positions - 1) * conv.stride + conv.kernel - side, 0);
  };
  window.pad_top = total(in.h) / 2;
  window.pad_bottom = total(in.h) - window.pad_top;
  window.pad_left = total(in.w) / 2;
  window.pad_right = total(in.w) - window.pad_left;
}

}  // namespace

int32_t ScaledChannels(int32_t channels, double width) {
  if (width == 1) return channels;
  const double wanted = channels * width;
  const auto rounded = std::max(8, static_cast<int32_t>(wanted + 4) / 8 * 8);
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

NetBuilder::NetBuilder(const ModelSpec& spec, Weights weights)
    : spec_(spec),
      weights_(weights),
      random_(spec.seed),
      spread_random_(spec.seed ^ kSpreadStream) {
  graph_.nodes.push_back({"input", graph::Input{}, {}, {3, spec.size, spec.size}});
}

int32_t NetBuilder::Put(const std::string& name, graph::Op op, std::vector<int32_t> inputs,
                        const graph::Shape& wanted) {
  if (!failure_.ok()) return 0;
  auto node = graph::Append(graph_, {name, std::move(op), std::move(inputs), wanted});
  if (!node.ok()) failure_ = node.error();
  return node.ok() ? *node : 0;
}

std::vector<float> NetBuilder::Draw(int64_t count, double variance) {
  std::vector<float> values(static_cast<size_t>(count));
  if (weights_ == Weights::kZero) return values;
  const double deviation = std::sqrt(variance);
  for (float& v : values) v = static_cast<float>(deviation * random_.Normal());
  return values;
}

int32_t NetBuilder::Conv(const std::string& name, int32_t x, const ConvShape& conv, bool bias) {
  const graph::Shape& in = shape(x);
  graph::Conv op;
  op.window.kernel_h = op.window.kernel_w = conv.kernel;
  op.window.stride_h = op.window.stride_w = conv.stride;
  SetPads(op.window, in, conv);
  op.groups = conv.groups;
  op.out_channels = conv.out;
  const int64_t taps = int64_t{conv.kernel} * conv.kernel;
  const double fan_out = static_cast<double>(taps * conv.out) / conv.groups;
  op.weights = Draw(taps * conv.out * (in.c / conv.groups), 2 / fan_out);
  if (bias) op.bias.assign(static_cast<size_t>(conv.out), 0.0F);
  return Put(name, std::move(op), {x});
}

int32_t NetBuilder::BatchNorm(const std::string& name, int32_t x) {
  const auto count = static_cast<size_t>(channels(x));
  graph::Affine op{std::vector<float>(count, 1.0F), std::vector<float>(count, 0.0F)};
  if (spec_.spread > 0) {
    for (size_t c = 0; c < count; ++c) {
      op.scale[c] = static_cast<float>(1 + spec_.spread * spread_random_.Uniform());
      op.shift[c] = static_cast<float>(spec_.spread * spread_random_.Uniform());
    }
  }
  return Put(name, std::move(op), {x});
}

int32_t NetBuilder::Relu(const std::string& name, int32_t x) {
  return Put(name, graph::Activation{graph::Function::kRelu, 0, 0, {}}, {x});
}

int32_t NetBuilder::Relu6(const std::string& name, int32_t x) {
  return Put(name, graph::Activation{graph::Function::kClip, 0, 6, {}}, {x});
}

int32_t NetBuilder::Add(const std::string& name, int32_t x, int32_t y) {
  return Put(name, graph::Add{}, {x, y});
}

int32_t NetBuilder::Concat(const std::string& name, int32_t x, int32_t y) {
  return Put(name, graph::Concat{}, {x, y});
}

int32_t NetBuilder::Shuffle(const std::string& name, int32_t x, int32_t groups) {
  return Put(name, graph::Shuffle{groups}, {x});
}

int32_t NetBuilder::MaxPool(const std::string& name, int32_t x, int32_t kernel, int32_t stride) {
  graph::MaxPool op;
  op.window.kernel_h = op.window.kernel_w = kernel;
  op.window.stride_h = op.window.stride_w = stride;
  SetPads(op.window, shape(x), {.kernel = kernel});
  return Put(name, op, {x});
}

int32_t NetBuilder::Channels(const std::string& name, int32_t x, int32_t first, int32_t count) {
  graph::Slice op;
  op.start[0] = first;
  return Put(name, op, {x}, {count, shape(x).h, shape(x).w});
}

int32_t NetBuilder::Subsample(const std::string& name, int32_t x, int32_t step) {
  const graph::Shape in = shape(x);
  graph::Slice op;
  op.step[1] = op.step[2] = step;
  return Put(name, op, {x}, {in.c, (in.h + step - 1) / step, (in.w + step - 1) / step});
}

int32_t NetBuilder::PadChannels(const std::string& name, int32_t x, int32_t wanted) {
  const int32_t missing = wanted - channels(x);
  graph::Pad op;
  op.before[0] = missing / 2;
  op.after[0] = missing - missing / 2;
  return Put(name, op, {x});
}

void NetBuilder::Classify(const std::string& pool, const std::string& dense, int32_t x) {
  graph::AvgPool mean;
  mean.window.kernel_h = shape(x).h;
  mean.window.kernel_w = shape(x).w;
  const int32_t vector = Put(pool, mean, {x});
  graph::Conv op;
  op.out_channels = spec_.classes;
  op.weights = Draw(int64_t{spec_.classes} * channels(vector), 1.0 / channels(vector));
  op.bias.assign(static_cast<size_t>(spec_.classes), 0.0F);
  graph_.outputs = {Put(dense, std::move(op), {vector})};
}

Expected<graph::Graph> NetBuilder::Finish() && {
  if (!failure_.ok()) return failure_.error();
  POTLUT_RETURN_IF_ERROR(graph::Validate(graph_));
  return std::move(graph_);
}

}  // namespace potlut::zoo
