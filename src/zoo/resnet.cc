// ResNets, for small images and large.
#include "base/text.h"
#include "zoo/architectures.h"

namespace potlut::zoo {
namespace {

int32_t ConvBn(NetBuilder& net, const std::string& at, int number, int32_t x,
               const ConvShape& conv) {
  return net.BatchNorm(Cat(at, "bn", number), net.Conv(Cat(at, "conv", number), x, conv));
}

int32_t ConvBnRelu(NetBuilder& net, const std::string& at, int number, int32_t x,
                   const ConvShape& conv) {
  return net.Relu(Cat(at, "relu", number), ConvBn(net, at, number, x, conv));
}

// A 1x1 convolution and batch normalisation.
int32_t Projection(NetBuilder& net, const std::string& at, int32_t x, int32_t out, int32_t stride) {
  const ConvShape conv{.out = out, .kernel = 1, .stride = stride};
  return net.BatchNorm(at + "downsample.1", net.Conv(at + "downsample.0", x, conv));
}

// Two 3x3 convolutions, to be added to `shortcut` (the node after the block's own shortcut).
int32_t BasicBody(NetBuilder& net, const std::string& at, int32_t x, int32_t out, int32_t stride) {
  const int32_t y = ConvBnRelu(net, at, 1, x, {.out = out, .stride = stride});
  return ConvBn(net, at, 2, y, {.out = out});
}

int32_t BottleneckBody(NetBuilder& net, const std::string& at, int32_t x, int32_t width,
                       int32_t out, int32_t stride) {
  int32_t y = ConvBnRelu(net, at, 1, x, {.out = width, .kernel = 1});
  y = ConvBnRelu(net, at, 2, y, {.out = width, .stride = stride});
  return ConvBn(net, at, 3, y, {.out = out, .kernel = 1});
}

int32_t Join(NetBuilder& net, const std::string& at, int32_t body, int32_t shortcut) {
  return net.Relu(at + "relu", net.Add(at + "add", body, shortcut));
}

}  // namespace

void CifarResNet(NetBuilder& net, int blocks, bool projected) {
  const double width = net.spec().width;
  int32_t x = ConvBnRelu(net, "", 1, net.input(), {.out = ScaledChannels(16, width)});
  for (int stage = 0; stage < 3; ++stage) {
    const int32_t out = ScaledChannels(16 << stage, width);
    for (int block = 0; block < blocks; ++block) {
      const std::string at = Cat("layer", stage + 1, ".", block, ".");
      const bool first = stage > 0 && block == 0;
      const int32_t body = BasicBody(net, at, x, out, first ? 2 : 1);
      if (first && projected) {
        x = Projection(net, at, x, out, 2);
      } else if (first) {
        x = net.Subsample(at + "shortcut.slice", x, 2);
        if (net.channels(x) != out) x = net.PadChannels(at + "shortcut.pad", x, out);
      }
      x = Join(net, at, body, x);
    }
  }
  net.Classify("avgpool", "fc", x);
}

void TinyResNet8(NetBuilder& net) {
  const double width = net.spec().width;
  constexpr Padding kSame = Padding::kSame;
  int32_t x =
      ConvBnRelu(net, "", 1, net.input(), {.out = ScaledChannels(16, width), .padding = kSame});
  for (int stage = 0; stage < 3; ++stage) {
    const std::string at = Cat("layer", stage + 1, ".0.");
    const int32_t out = ScaledChannels(16 << stage, width);
    const int32_t stride = stage > 0 ? 2 : 1;
    const ConvShape first{.out = out, .stride = stride, .padding = kSame};
    int32_t body = ConvBnRelu(net, at, 1, x, first);
    body = ConvBn(net, at, 2, body, {.out = out, .padding = kSame});
    if (stage > 0) {
      const ConvShape shortcut{.out = out, .kernel = 1, .stride = stride, .padding = kSame};
      x = net.Conv(at + "downsample", x, shortcut, true);
    }
    x = Join(net, at, body, x);
  }
  net.Classify("avgpool", "fc", x);
}

void ImageNetResNet(NetBuilder& net, const int (&blocks)[4], bool bottleneck) {
  const double width = net.spec().width;
  const ConvShape stem{.out = ScaledChannels(64, width), .kernel = 7, .stride = 2};
  int32_t x = net.MaxPool("maxpool", ConvBnRelu(net, "", 1, net.input(), stem), 3, 2);
  for (int stage = 0; stage < 4; ++stage) {
    const int32_t inner = ScaledChannels(64 << stage, width);
    const int32_t out = bottleneck ? 4 * inner : inner;
    for (int block = 0; block < blocks[stage]; ++block) {
      const std::string at = Cat("layer", stage + 1, ".", block, ".");
      const int32_t stride = stage > 0 && block == 0 ? 2 : 1;
      const int32_t body = bottleneck ? BottleneckBody(net, at, x, inner, out, stride)
                                      : BasicBody(net, at, x, out, stride);
      if (stride != 1 || net.channels(x) != out) x = Projection(net, at, x, out, stride);
      x = Join(net, at, body, x);
    }
  }
  net.Classify("avgpool", "fc", x);
}

}  // namespace potlut::zoo
