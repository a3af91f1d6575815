// Networks of inverted residuals: MobileNetV2 and EfficientNet-lite0.
#include <algorithm>

#include "base/text.h"
#include "zoo/architectures.h"

namespace potlut::zoo {
namespace {

// `repeats` blocks: expansion to `expand` times the channels, depthwise convolution, projection.
struct Stage {
  int32_t expand, channels, repeats, stride, kernel;
};

}  // namespace

void MobileNetV2(NetBuilder& net) {
  constexpr Stage kStages[] = {{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3}, {6, 32, 3, 2, 3},
                               {6, 64, 4, 2, 3}, {6, 96, 3, 1, 3}, {6, 160, 3, 2, 3},
                               {6, 320, 1, 1, 3}};
  const double width = net.spec().width;
  const auto conv_bn_relu = [&](const std::string& at, int32_t x, const ConvShape& conv) {
    return net.Relu6(at + ".2", net.BatchNorm(at + ".1", net.Conv(at + ".0", x, conv)));
  };
  int32_t x =
      conv_bn_relu("features.0", net.input(), {.out = ScaledChannels(32, width), .stride = 2});
  int feature = 1;
  for (const Stage& stage : kStages) {
    const int32_t out = ScaledChannels(stage.channels, width);
    for (int32_t block = 0; block < stage.repeats; ++block, ++feature) {
      const std::string at = Cat("features.", feature, ".");
      const int32_t in = net.channels(x);
      const int32_t inner = in * stage.expand;
      const int32_t stride = block == 0 ? stage.stride : 1;
      int part = 0;
      int32_t y = x;
      if (stage.expand != 1) {
        y = conv_bn_relu(Cat(at, "conv.", part++), y, {.out = inner, .kernel = 1});
      }
      y = conv_bn_relu(Cat(at, "conv.", part++), y,
                       {.out = inner, .stride = stride, .groups = inner});
      y = net.Conv(Cat(at, "conv.", part++), y, {.out = out, .kernel = 1});
      y = net.BatchNorm(Cat(at, "conv.", part), y);
      x = stride == 1 && in == out ? net.Add(at + "add", x, y) : y;
    }
  }
  x = conv_bn_relu(Cat("features.", feature), x,
                   {.out = ScaledChannels(1280, std::max(1.0, width)), .kernel = 1});
  net.Classify("avgpool", "classifier.1", x);
}

void EfficientNetLite0(NetBuilder& net) {
  constexpr Stage kStages[] = {{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3},  {6, 40, 2, 2, 5},
                               {6, 80, 3, 2, 3}, {6, 112, 3, 1, 5}, {6, 192, 4, 2, 5},
                               {6, 320, 1, 1, 3}};
  const double width = net.spec().width;
  const auto conv_bn = [&](const std::string& conv, const std::string& bn, int32_t x,
                           ConvShape shape) {
    shape.padding = Padding::kSame;
    return net.BatchNorm(bn, net.Conv(conv, x, shape));
  };
  int32_t x = net.Relu6("act1", conv_bn("conv_stem", "bn1", net.input(), {.out = 32, .stride = 2}));
  for (size_t s = 0; s < std::size(kStages); ++s) {
    const Stage& stage = kStages[s];
    const int32_t out = ScaledChannels(stage.channels, width);
    for (int32_t block = 0; block < stage.repeats; ++block) {
      const std::string at = Cat("blocks.", s, ".", block, ".");
      const int32_t in = net.channels(x);
      const int32_t inner = in * stage.expand;
      const int32_t stride = block == 0 ? stage.stride : 1;
      int bn = 1;
      int32_t y = x;
      if (stage.expand != 1) {
        y = conv_bn(at + "conv_pw", Cat(at, "bn", bn), y, {.out = inner, .kernel = 1});
        y = net.Relu6(Cat(at, "act", bn++), y);
      }
      y = conv_bn(at + "conv_dw", Cat(at, "bn", bn), y,
                  {.out = inner, .kernel = stage.kernel, .stride = stride, .groups = inner});
      y = net.Relu6(Cat(at, "act", bn++), y);
      y = conv_bn(at + (stage.expand != 1 ? "conv_pwl" : "conv_pw"), Cat(at, "bn", bn), y,
                  {.out = out, .kernel = 1});
      x = stride == 1 && in == out ? net.Add(at + "add", x, y) : y;
    }
  }
  x = net.Relu6("act2", conv_bn("conv_head", "bn2", x, {.out = 1280, .kernel = 1}));
  net.Classify("global_pool", "classifier", x);
}

}  // namespace potlut::zoo
