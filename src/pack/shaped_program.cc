// Programs of given shapes with random weights.
#include <algorithm>

#include "base/text.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

class Builder {
 public:
  explicit Builder(uint64_t seed) : random(seed) {}

  int32_t AddTensor(std::string name, Dims dims, TensorType type) {
    Tensor t;
    t.name = std::move(name);
    t.dims = dims;
    t.type = type;
    t.exponent = random.Int(-8, 0);
    program.tensors.push_back(std::move(t));
    return static_cast<int32_t>(program.tensors.size()) - 1;
  }

  int32_t Emit(std::string name, Op op, std::vector<int32_t> inputs, Dims dims,
               TensorType type = {}) {
    const int32_t output = AddTensor(name, dims, type);
    program.nodes.push_back({std::move(name), std::move(op), std::move(inputs), output});
    return output;
  }

  int32_t Conv(std::string name, int32_t x, const ChainLayer& layer, int32_t stride,
               TensorType type = {}) {
    const Dims in = program.tensors[static_cast<size_t>(x)].dims;
    ConvOp conv;
    conv.window.kernel_h = conv.window.kernel_w = layer.kernel;
    conv.window.stride_h = conv.window.stride_w = stride;
    conv.window.pad_top = conv.window.pad_left = conv.window.pad_bottom = conv.window.pad_right =
        layer.kernel / 2;
    conv.alphabet = layer.alphabet;
    const int32_t per_tap = conv.alphabet.is_pair() ? (in.c + 1) / 2 : in.c;
    const auto count =
        static_cast<size_t>(int64_t{layer.channels} * layer.kernel * layer.kernel * per_tap);
    conv.codes = RandomCodes(random, count, conv.alphabet.codes(), layer.skew);
    for (int32_t o = 0; o < layer.channels; ++o) {
      conv.bias.push_back(random.Int(-20000, 20000));
      conv.shift.push_back(static_cast<int8_t>(random.Int(9, 12)));
    }
    conv.lo = type.lo();
    conv.hi = type.hi();
    const Dims dims{(in.h - 1) / stride + 1, (in.w - 1) / stride + 1, layer.channels};
    return Emit(std::move(name), std::move(conv), {x}, dims, type);
  }

  // What normalises the image: one table of 256 entries a channel.
  int32_t Normalise(int32_t x) {
    LookupOp op;
    op.per_channel = true;
    const TensorType type{8, true};
    const Dims dims = program.tensors[static_cast<size_t>(x)].dims;
    for (int32_t c = 0; c < dims.c; ++c) {
      for (int32_t v = 0; v < 256; ++v) {
        op.table.push_back(
            static_cast<int16_t>(std::clamp((v - 120 - c) / 2, type.lo(), type.hi())));
      }
    }
    return Emit("normalise", std::move(op), {x}, dims, type);
  }

  SmallRandom random;
  Program program;
};

}  // namespace

Program ChainProgram(uint64_t seed, const std::vector<ChainLayer>& layers) {
  Builder b(seed);
  int32_t x = b.AddTensor("image", {4, 4, 3}, {8, false});
  for (size_t i = 0; i < layers.size(); ++i) x = b.Conv(Cat("conv", i), x, layers[i], 1);
  b.program.outputs = {x};
  b.program.metadata["tool"] = "potlut test";
  return std::move(b.program);
}

Program ResNet20Shaped(uint64_t seed, const Alphabet& alphabet) {
  Builder b(seed);
  const Alphabet wide = RandomAlphabet(b.random, AlphabetKind::kUniform, 8);
  int32_t x = b.Normalise(b.AddTensor("image", {32, 32, 3}, {8, false}));
  x = b.Conv("conv1", x, {wide, 16, 3, 2}, 1);
  for (int stage = 1; stage <= 3; ++stage) {
    const int32_t channels = 8 << stage;
    for (int block = 0; block < 3; ++block) {
      const std::string name = Cat("layer", stage, ".", block, ".");
      const int32_t stride = stage > 1 && block == 0 ? 2 : 1;
      int32_t y = b.Conv(name + "conv1", x, {alphabet, channels, 3, 2}, stride);
      y = b.Conv(name + "conv2", y, {alphabet, channels, 3, 2}, 1, {8, true});
      if (stride == 2) x = b.Conv(name + "downsample", x, {alphabet, channels, 1, 2}, 2, {8, true});
      AddOp add;
      add.shift_a = 1;
      add.shift = 2;
      const Dims dims = b.program.tensors[static_cast<size_t>(y)].dims;
      x = b.Emit(name + "add", add, {y, x}, dims);
    }
  }
  MeanOp mean;
  mean.window.kernel_h = mean.window.kernel_w = 8;
  mean.shift = 6;
  x = b.Emit("avgpool", mean, {x}, {1, 1, 64});
  x = b.Conv("fc", x, {wide, 10, 1, 2}, 1, {32, true});
  b.program.outputs = {x};
  b.program.metadata = {
      {"tool", "potlut 0.1.0"},
      {"source.name", "resnet20-cifar10.onnx"},
      {"source.sha256", std::string(64, 'e')},
      {"classes", "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck"},
      {"preprocess", "mean = [123.675, 116.28, 103.53]\nstddev = [58.395, 57.12, 57.375]\n"}};
  return std::move(b.program);
}

}  // namespace potlut
