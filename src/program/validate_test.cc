// Each rule of validation broken once, on an otherwise sound program.
#include "program/validate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "program/testing.h"

namespace potlut {
namespace {

using testing::Builder;
using testing::RandomConv;

// A program with every operator.
Program Sound() {
  std::mt19937 rng(7);
  Builder b({8, 8, 4});
  const TensorType u8{8, false}, s8{8, true};
  const auto pot = *MakeAlphabet(AlphabetKind::kPot, 4);
  const int32_t conv =
      b.Add(RandomConv(rng, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 4, 4, 1, pot, u8), {0}, {8, 8, 4}, u8);
  const int32_t add = b.Add(AddOp{1, 0, 1, 0, 255}, {conv, 0}, {8, 8, 4}, u8);
  const int32_t pool = b.Add(MaxPoolOp{{2, 2, 2, 2}}, {add}, {4, 4, 4}, u8);
  const int32_t mean = b.Add(MeanOp{{4, 4}, 4, 0, 255}, {pool}, {1, 1, 4}, u8);
  const int32_t mul = b.Add(MulOp{8, 0, 255}, {pool, mean}, {4, 4, 4}, u8);
  LookupOp lookup;
  for (int v = 0; v < 256; ++v) lookup.table.push_back(static_cast<int16_t>(v - 128));
  const int32_t look = b.Add(lookup, {mul}, {4, 4, 4}, s8);
  const int32_t join = b.Add(ConcatOp{}, {look, look}, {4, 4, 8}, s8);
  const int32_t shuffle = b.Add(ShuffleOp{2}, {join}, {4, 4, 8}, s8);
  const int32_t slice = b.Add(SliceOp{{0, 0, 0}, {2, 2, 1}}, {shuffle}, {2, 2, 5}, s8);
  const int32_t pad = b.Add(PadOp{{0, 0, 1}, {0, 0, 0}}, {slice}, {2, 2, 6}, s8);
  const int32_t grow = b.Add(ResizeOp{2, 2}, {pad}, {4, 4, 6}, s8);
  const int32_t flat = b.Add(ReshapeOp{}, {grow}, {1, 1, 96}, s8);
  ConvOp dense =
      RandomConv(rng, {}, 96, 3, 1, {AlphabetKind::kPair, 5, {-9, 1, 0, 0, 2, 3}}, {32, true});
  const int32_t logits = b.Add(dense, {flat}, {1, 1, 3}, {32, true});
  b.Add(ArgMaxOp{}, {logits}, {1, 1, 1}, {32, true});
  return b.program();
}

template <typename T>
T& OpOf(Program& p) {
  for (Node& node : p.nodes) {
    if (T* op = std::get_if<T>(&node.op)) return *op;
  }
  throw std::logic_error("no such operator");
}

TEST(Validate, AcceptsASoundProgram) {
  const Status status = Validate(Sound());
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(Validate, RefusesEachBrokenRule) {
  struct Case {
    const char* what;
    std::function<void(Program&)> breaks;
  };
  const Case cases[] = {
      {"no tensors", [](Program& p) { p.tensors.clear(); }},
      {"an orphan tensor", [](Program& p) { p.tensors.push_back(p.tensors[0]); }},
      {"input out of range", [](Program& p) { p.input = 99; }},
      {"input of 4 bits", [](Program& p) { p.tensors[0].type.bits = 4; }},
      {"no outputs", [](Program& p) { p.outputs.clear(); }},
      {"output out of range", [](Program& p) { p.outputs = {-1}; }},
      {"a node that reads what comes later", [](Program& p) { p.nodes[0].inputs[0] = 5; }},
      {"a node that reads nowhere", [](Program& p) { p.nodes[0].inputs[0] = -1; }},
      {"two writers", [](Program& p) { p.nodes[1].output = p.nodes[0].output; }},
      {"too few inputs", [](Program& p) { p.nodes[1].inputs.pop_back(); }},
      {"side of zero", [](Program& p) { p.tensors[3].dims.h = 0; }},
      {"huge side", [](Program& p) { p.tensors[3].dims.h = 1 << 30; }},
      {"9 bits", [](Program& p) { p.tensors[1].type.bits = 9; }},
      {"32 unsigned bits", [](Program& p) { p.tensors.back().type.is_signed = false; }},
      {"factors",
       [](Program& p) {
         p.tensors[1].factor = {1, 2};
       }},
      {"a factor of zero", [](Program& p) { p.tensors[1].factor = {0}; }},
      {"an infinite factor", [](Program& p) { p.tensors[1].factor = {INFINITY}; }},
      {"exponent", [](Program& p) { p.tensors[1].exponent = 4000; }},
      {"groups", [](Program& p) { OpOf<ConvOp>(p).groups = 3; }},
      {"no groups", [](Program& p) { OpOf<ConvOp>(p).groups = 0; }},
      {"too few codes", [](Program& p) { OpOf<ConvOp>(p).codes.pop_back(); }},
      {"a code past the alphabet", [](Program& p) { OpOf<ConvOp>(p).codes[5] = 15; }},
      {"alphabet", [](Program& p) { OpOf<ConvOp>(p).alphabet.levels.clear(); }},
      {"biases", [](Program& p) { OpOf<ConvOp>(p).bias.pop_back(); }},
      {"shifts", [](Program& p) { OpOf<ConvOp>(p).shift.push_back(1); }},
      {"shift 32", [](Program& p) { OpOf<ConvOp>(p).shift[0] = 32; }},
      {"shift -16", [](Program& p) { OpOf<ConvOp>(p).shift[0] = -16; }},
      {"accumulator overflow", [](Program& p) { OpOf<ConvOp>(p).bias[0] = INT32_MAX; }},
      {"left shift overflow",
       [](Program& p) {
         OpOf<ConvOp>(p).bias[0] = 1 << 20;
         OpOf<ConvOp>(p).shift[0] = -12;
       }},
      {"clamp", [](Program& p) { OpOf<ConvOp>(p).hi = 256; }},
      {"clamp order",
       [](Program& p) {
         OpOf<ConvOp>(p).lo = 9;
         OpOf<ConvOp>(p).hi = 8;
       }},
      {"window", [](Program& p) { OpOf<ConvOp>(p).window.stride_h = 0; }},
      {"conv dims", [](Program& p) { OpOf<ConvOp>(p).window.pad_top = 0; }},
      {"add shift", [](Program& p) { OpOf<AddOp>(p).shift_a = 16; }},
      {"mul dims", [](Program& p) { p.nodes[4].inputs[1] = 0; }},
      {"pool padding", [](Program& p) { OpOf<MaxPoolOp>(p).window.pad_top = 2; }},
      {"pool type", [](Program& p) { p.tensors[3].type.is_signed = true; }},
      {"pool dilation", [](Program& p) { OpOf<MaxPoolOp>(p).window.dilation_h = 2; }},
      {"mean clamp", [](Program& p) { OpOf<MeanOp>(p).lo = -1; }},
      {"table size", [](Program& p) { OpOf<LookupOp>(p).table.pop_back(); }},
      {"table value", [](Program& p) { OpOf<LookupOp>(p).table[3] = 128; }},
      {"table a channel", [](Program& p) { OpOf<LookupOp>(p).per_channel = true; }},
      {"shuffle groups", [](Program& p) { OpOf<ShuffleOp>(p).groups = 3; }},
      {"slice start", [](Program& p) { OpOf<SliceOp>(p).start[2] = 4; }},
      {"slice step", [](Program& p) { OpOf<SliceOp>(p).step[0] = 0; }},
      {"negative pad", [](Program& p) { OpOf<PadOp>(p).before[0] = -1; }},
      {"huge pad", [](Program& p) { OpOf<PadOp>(p).after[0] = INT32_MAX; }},
      {"resize", [](Program& p) { OpOf<ResizeOp>(p).scale_w = 0; }},
      {"huge resize", [](Program& p) { OpOf<ResizeOp>(p).scale_w = INT32_MAX; }},
      {"reshape", [](Program& p) { p.tensors[12].dims.c = 95; }},
      {"argmax type",
       [](Program& p) {
         p.tensors.back().type = {8, false};
       }},
  };
  for (const Case& c : cases) {
    Program p = Sound();
    c.breaks(p);
    const Status status = Validate(p);
    EXPECT_FALSE(status.ok()) << c.what;
    EXPECT_FALSE(status.message().empty()) << c.what;
  }
}

TEST(Validate, KeepsToItsLimits) {
  EXPECT_EQ(Validate(Sound(), {.max_tensor_elements = 100}).code(), ErrorCode::kResourceLimit);
  EXPECT_EQ(Validate(Sound(), {.max_weights = 200}).code(), ErrorCode::kResourceLimit);
  EXPECT_EQ(Validate(Sound(), {.max_dimension = 7}).code(), ErrorCode::kResourceLimit);
  EXPECT_EQ(Validate(Sound(), {.max_nodes = 3}).code(), ErrorCode::kResourceLimit);
}

// Channels whose codes decide whether they fit: the alphabet's largest level everywhere would not.
TEST(Validate, CountsTheLevelsThatAreUsed) {
  Builder b({1, 1, 70000});
  std::mt19937 rng(8);
  const auto uniform = *MakeAlphabet(AlphabetKind::kUniform, 8);
  ConvOp dense = RandomConv(rng, {}, 70000, 1, 1, uniform, {32, true});
  dense.shift = {0};
  const auto zero = static_cast<uint8_t>(uniform.codes() / 2);
  dense.codes.assign(70000, zero);  // at most 70,000 * 127 * 255 = 2.27e9
  b.Add(dense, {0}, {1, 1, 1}, {32, true});
  Program p = b.program();
  EXPECT_TRUE(Validate(p).ok());
  OpOf<ConvOp>(p).codes.assign(70000, static_cast<uint8_t>(uniform.codes() - 1));
  EXPECT_NE(Validate(p).message().find("channel 0 can reach"), std::string::npos);
  OpOf<ConvOp>(p).codes.assign(70000, 255);
  EXPECT_NE(Validate(p).message().find("uses code 255"), std::string::npos);
}

TEST(AccumulatorBound, IsTight) {
  ConvOp conv;
  conv.alphabet = *MakeAlphabet(AlphabetKind::kPot, 3);  // -4 -2 -1 0 1 2 4
  conv.codes = {6, 0, 3};
  conv.bias = {10};
  conv.shift = {0};
  EXPECT_EQ(AccumulatorBound(conv, 3, {8, false}, 0), 10 + 4 * 255);
  EXPECT_EQ(AccumulatorBound(conv, 3, {8, true}, 0), 10 + 4 * 127 + 4 * 128);
  conv.bias = {-10};
  EXPECT_EQ(AccumulatorBound(conv, 3, {8, false}, 0), 10 + 4 * 255);
}

}  // namespace
}  // namespace potlut
