// ShuffleNetV2.
#include "base/text.h"
#include "zoo/architectures.h"

namespace potlut::zoo {
namespace {

// Numbered as in a sequence: convolution, normalisation and, where it has one, ReLU.
class Branch {
 public:
  Branch(NetBuilder& net, std::string at, int32_t x) : net_(net), at_(std::move(at)), x_(x) {}
  Branch& Conv(const ConvShape& conv, bool relu) {
    x_ = net_.Conv(Cat(at_, number_++), x_, conv);
    x_ = net_.BatchNorm(Cat(at_, number_++), x_);
    if (relu) x_ = net_.Relu(Cat(at_, number_++), x_);
    return *this;
  }
  int32_t node() const { return x_; }

 private:
  NetBuilder& net_;
  std::string at_;
  int32_t x_;
  int number_ = 0;
};

// Half of the channels pass (stride 1) or go through a short branch (stride 2), the others through
// a long one; then both halves are mixed.
int32_t Unit(NetBuilder& net, const std::string& at, int32_t x, int32_t out, int32_t stride) {
  const int32_t half = out / 2;
  int32_t near = 0, far = x;
  if (stride == 1) {
    near = net.Channels(at + "split.0", x, 0, half);
    far = net.Channels(at + "split.1", x, half, half);
  } else {
    const int32_t in = net.channels(x);
    near = Branch(net, at + "branch1.", x)
               .Conv({.out = in, .stride = stride, .groups = in}, false)
               .Conv({.out = half, .kernel = 1}, true)
               .node();
  }
  far = Branch(net, at + "branch2.", far)
            .Conv({.out = half, .kernel = 1}, true)
            .Conv({.out = half, .stride = stride, .groups = half}, false)
            .Conv({.out = half, .kernel = 1}, true)
            .node();
  return net.Shuffle(at + "shuffle", net.Concat(at + "concat", near, far), 2);
}

}  // namespace

void ShuffleNetV2(NetBuilder& net, const int (&stages)[3], int last) {
  constexpr int kRepeats[] = {4, 8, 4};
  const double width = net.spec().width;
  int32_t x = Branch(net, "conv1.", net.input())
                  .Conv({.out = ScaledChannels(24, width), .stride = 2}, true)
                  .node();
  x = net.MaxPool("maxpool", x, 3, 2);
  for (int stage = 0; stage < 3; ++stage) {
    for (int unit = 0; unit < kRepeats[stage]; ++unit) {
      const std::string at = Cat("stage", stage + 2, ".", unit, ".");
      x = Unit(net, at, x, ScaledChannels(stages[stage], width), unit == 0 ? 2 : 1);
    }
  }
  x = Branch(net, "conv5.", x).Conv({.out = ScaledChannels(last, width), .kernel = 1}, true).node();
  net.Classify("avgpool", "fc", x);
}

}  // namespace potlut::zoo
