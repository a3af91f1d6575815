// Random layers on the Verilated core, equal to the reference executor in every bit; commands that
// are wrong end in the error register.
#include "core_case.h"
#include "program/reference.h"
#include "program/testing.h"
#include "program/validate.h"

namespace potlut::accel {
namespace {

using namespace testing;

// A convolution with kernel 1 to 7, stride 1 to 3, any borders, groups and types; ends the search
// when the program is valid.
Program RandomProgram(std::mt19937& rng) {
  for (;;) {
    Window window;
    window.kernel_h = Between(rng, 1, rng() % 3 == 0 ? 7 : 3);
    window.kernel_w = Between(rng, 1, rng() % 3 == 0 ? 7 : 3);
    window.stride_h = Between(rng, 1, 3), window.stride_w = Between(rng, 1, 3);
    window.pad_top = Between(rng, 0, window.kernel_h - 1);
    window.pad_bottom = Between(rng, 0, window.kernel_h - 1);
    window.pad_left = Between(rng, 0, window.kernel_w - 1);
    window.pad_right = Between(rng, 0, window.kernel_w - 1);
    const int groups = rng() % 4 == 0 ? Between(rng, 2, 4) : 1;
    const Dims dims{Between(rng, 1, 9), Between(rng, 1, 20), groups * Between(rng, 1, 40 / groups)};
    const int out = groups * Between(rng, 1, 36 / groups);
    const Expected<Dims> out_dims = WindowOutput(window, dims, out);
    if (!out_dims.ok()) continue;
    const std::pair<AlphabetKind, int> kinds[] = {
        {AlphabetKind::kPot, 4},     {AlphabetKind::kPot, 3},     {AlphabetKind::kApot, 4},
        {AlphabetKind::kUniform, 8}, {AlphabetKind::kUniform, 4}, {AlphabetKind::kApot, 5}};
    const auto [kind, bits] = kinds[rng() % 6];
    TensorType type{8, rng() % 2 == 0};
    const bool wide = rng() % 6 == 0;
    ConvOp conv = potlut::testing::RandomConv(rng, window, dims.c, out, groups,
                                              *MakeAlphabet(kind, bits), type);
    for (int8_t& shift : conv.shift) shift = static_cast<int8_t>(Between(rng, -2, 14));
    if (wide) type = {32, true}, conv.lo = INT32_MIN, conv.hi = INT32_MAX;
    potlut::testing::Builder builder(dims);
    builder.program().tensors[0].type = {8, rng() % 2 == 0};
    builder.Add(std::move(conv), {0}, *out_dims, type);
    if (Validate(builder.program()).ok()) return std::move(builder.program());
  }
}

void RunLayer(uint32_t seed) {
  SCOPED_TRACE(Cat("seed ", seed));
  std::mt19937 rng(seed);
  const Program program = RandomProgram(rng);
  const Tensor& in = program.tensors[0];
  const Tensor& out = program.tensors[1];
  const auto& conv = std::get<ConvOp>(program.nodes[0].op);
  const TensorData input = RandomBytes(rng, static_cast<size_t>(in.dims.count()));
  const TensorData* inputs[] = {&input};
  Expected<TensorData> expected = ReferenceRunNode(program, program.nodes[0], inputs);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  // Some layers add another tensor to what they give.
  Program sum;
  TensorData other;
  if (!out.type.wide() && rng() % 2 == 0) {
    sum.tensors = {
        out, {"other", out.dims, {8, rng() % 2 == 0}, 0, {}}, {"sum", out.dims, {}, 0, {}}};
    sum.tensors[2].type = {8, rng() % 2 == 0};
    AddOp add{Between(rng, 0, 5), Between(rng, 0, 5), Between(rng, 0, 7), 0, 0};
    add.lo = sum.tensors[2].type.lo() + Between(rng, 0, 9);
    add.hi = sum.tensors[2].type.hi() - Between(rng, 0, 9);
    sum.nodes = {{"sum", add, {0, 1}, 2}};
    other = RandomBytes(rng, static_cast<size_t>(out.dims.count()));
    const TensorData* both[] = {&*expected, &other};
    expected = ReferenceRunNode(sum, sum.nodes[0], both);
    ASSERT_TRUE(expected.ok()) << expected.status().message();
  }

  Harness harness(seed, rng() % 3 == 0 ? 0 : rng() % 12);
  const uint32_t in_base = rng() % 64, out_base = 2048 + rng() % 64, other_base = 5000;
  Layer layer = BuildLayer(conv, in, out, kMachine, in_base, out_base, rng);
  Layout layout(harness.dram);
  layout.Load(Memory::kWeights, layer.weights, kMachine.pair ? 6 : 8, 0);
  layout.Load(Memory::kPasses, layer.passes, 16, 0);
  layout.Load(Memory::kChannels, layer.channels, 5, 0);
  layout.Load(Memory::kLevels, layer.levels, kMachine.pair ? 2 : 1, 0);
  if (!other.empty())
    layout.Load(Memory::kActivations, ToWords(other, out.dims, rng), 16, other_base);
  layout.Load(Memory::kActivations, ToWords(input, in.dims, rng), 16, in_base, 1);
  for (size_t i = 0; i < layer.tiles.size(); ++i) {
    Output& output = layer.tiles[i].output;
    if (i == 0) output.header.wait = 1;
    if (!other.empty()) {
      const auto& add = std::get<AddOp>(sum.nodes[0].op);
      output.header.flags |= Output::kResidual;
      if (sum.tensors[1].type.is_signed) output.header.flags |= Output::kResidualSigned;
      output.residual_base = other_base + output.base - out_base;
      output.residual_row_words = output.row_words;
      output.residual_column_words = output.column_words;
      output.shift_conv = static_cast<uint8_t>(add.shift_a);
      output.shift_other = static_cast<uint8_t>(add.shift_b);
      output.shift = static_cast<uint8_t>(add.shift);
      output.sum_lo = static_cast<int16_t>(add.lo);
      output.sum_hi = static_cast<int16_t>(add.hi);
    }
    if (i + 1 == layer.tiles.size()) layer.tiles[i].conv.header.signal = 2;
    layout.commands.push_back(layer.tiles[i].output.Pack());
    layout.commands.push_back(layer.tiles[i].conv.Pack());
  }
  const int64_t words = int64_t{out.dims.h} * out.dims.w * layer.out_words;
  const uint32_t stored = FinishWithStore(layout, out_base, words, 2);
  ASSERT_TRUE(RunAll(harness, layout)) << "hangs";
  ASSERT_EQ(harness.error(), ErrorCode::kNone) << "command " << harness.error_command();
  const int64_t bytes = static_cast<int64_t>(out.type.bytes());
  for (int64_t p = 0; p < int64_t{out.dims.h} * out.dims.w; ++p) {
    for (int64_t b = 0; b < out.dims.c * bytes; ++b) {
      const auto got = harness.dram[static_cast<size_t>(stored + p * layer.out_words * 16 + b)];
      ASSERT_EQ(got, (*expected)[static_cast<size_t>(p * out.dims.c * bytes + b)])
          << "row " << p / out.dims.w << " column " << p % out.dims.w << " byte " << b << " of "
          << conv.window.kernel_h << "x" << conv.window.kernel_w << " stride "
          << conv.window.stride_h << "x" << conv.window.stride_w << " in " << in.dims.h << "x"
          << in.dims.w << "x" << in.dims.c << " out " << out.dims.h << "x" << out.dims.w << "x"
          << out.dims.c << " tiles " << layer.tiles.size() << " strips "
          << layer.tiles[0].conv.strips;
    }
  }
}

TEST(Core, RandomLayersEqualTheReference) {
  const uint32_t seed = Seed();
  for (uint32_t i = 0; i < CORE_LAYERS; ++i) {
    RunLayer(seed * 1000 + i);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace potlut::accel
