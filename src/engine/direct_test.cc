// Direct convolutions with what is fused into them, against the reference executor node by node.
#include "engine/direct_kernel.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/isa.h"
#include "engine/testing.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

struct Case {
  Dims in;
  int32_t out_c;
  Window window;
};

// A convolution of random types and everything that may follow it.
struct FusedNodes {
  FusedNodes(Rng& rng, const Case& c) : b(c.in) {
    const Dims out = *WindowOutput(c.window, c.in, c.out_c);
    const int32_t x = AddLookup(rng, b, 0, PickType(rng));
    const bool add = rng() % 2 == 0, rescale = rng() % 2 == 0;
    TensorType type = PickType(rng);
    if (!add && !rescale && rng() % 3 == 0) type = {32, true};
    const int32_t residual = add ? Conv(rng, c, x, out, PickType(rng)) : -1;
    int32_t t = Conv(rng, c, x, out, type);
    const size_t conv = b.program().nodes.size() - 1;
    if (add) {
      AddOp op;
      type = PickType(rng);
      const int32_t most = rng() % 4 == 0 ? 15 : 4;
      op.shift_a = Pick(rng, 0, most);
      op.shift_b = Pick(rng, 0, most);
      op.shift = Pick(rng, rng() % 4 == 0 ? -2 : 0, most + 3);
      PickClamp(rng, type, op.lo, op.hi);
      const bool first = rng() % 2 == 0;
      t = b.Add(op, first ? std::vector{t, residual} : std::vector{residual, t}, out, type);
    }
    if (rescale) {
      LookupOp op;
      const int32_t right = Pick(rng, 0, 5), round = right > 0 ? 1 << (right - 1) : 0;
      const TensorType low = PickType(rng);
      for (int32_t v = type.lo(); v <= type.hi(); ++v) {
        op.table.push_back(
            static_cast<int16_t>(std::clamp((v + round) >> right, low.lo(), low.hi())));
      }
      b.Add(op, {t}, out, low);
    }
    const std::vector<Node>& nodes = b.program().nodes;
    fused.conv = &nodes[conv];
    if (add) fused.add = &nodes[conv + 1];
    if (rescale) fused.lookup = &nodes.back();
    fused.keep_first = !rescale || rng() % 2 == 0;
  }
  int32_t Conv(Rng& rng, const Case& c, int32_t x, Dims out, TensorType type) {
    const TensorType in = b.program().tensors[static_cast<size_t>(x)].type;
    ConvOp conv = RandomConv(rng, c.window, c.in.c, c.out_c, 1, PickAlphabet(rng, true), type);
    PickRequant(rng, conv, c.in.c, in, type);
    if (rng() % 2 == 0) {  // most layers have no shift to the left
      for (size_t o = 0; o < conv.shift.size(); ++o) {
        if (conv.shift[o] >= 0) continue;
        conv.shift[o] = 0;
        conv.bias[o] = 0;
      }
    }
    return b.Add(conv, {x}, out, type);
  }

  Builder b;
  FusedConv fused;
};

void TestCase(unsigned seed, const Case& c) {
  Rng rng(seed);
  FusedNodes nodes(rng, c);
  const Program& program = nodes.b.program();
  const FusedConv& fused = nodes.fused;
  SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(c.in.h) + "x" +
               std::to_string(c.in.w) + "x" + std::to_string(c.in.c) + " to " +
               std::to_string(c.out_c) + ", kernel " + std::to_string(c.window.kernel_h) + "x" +
               std::to_string(c.window.kernel_w) + (fused.add != nullptr ? ", add" : "") +
               (fused.lookup != nullptr ? ", rescale" : ""));
  const Status valid = Validate(program);
  ASSERT_TRUE(valid.ok()) << valid.message();

  std::map<int32_t, TensorData> data;
  const auto tensor = [&](int32_t t) { return program.tensors[static_cast<size_t>(t)]; };
  data[fused.input()] = PickData(rng, tensor(fused.input()));
  if (fused.add != nullptr) data[fused.residual()] = PickData(rng, tensor(fused.residual()));
  for (const Node* node : {fused.conv, fused.add, fused.lookup}) {
    if (node == nullptr) continue;
    std::vector<const TensorData*> inputs;
    for (const int32_t i : node->inputs) inputs.push_back(&data[i]);
    const auto result = ReferenceRunNode(program, *node, inputs);
    ASSERT_TRUE(result.ok()) << result.error().message;
    data[node->output] = *result;
  }

  for (const Isa isa : AvailableIsas()) {
    const KernelTable& table = *KernelsOf(isa);
    if (!DirectFits(program, fused, table)) continue;
    const KernelPtr kernel = MakeDirect(program, fused, table);
    EXPECT_GT(DirectCycles(program, fused, table), 0);
    for (const Guarded::Side side : {Guarded::kStart, Guarded::kEnd}) {
      std::vector<std::unique_ptr<Guarded>> in, out;
      std::vector<const void*> in_data;
      std::vector<void*> out_data;
      for (const int32_t t : {fused.input(), fused.residual()}) {
        if (t < 0) continue;
        in.push_back(std::make_unique<Guarded>(data[t].size(), side));
        std::memcpy(in.back()->data(), data[t].data(), data[t].size());
        in_data.push_back(in.back()->data());
      }
      for (const int32_t t : {fused.first(), fused.second()}) {
        out.push_back(t < 0 ? nullptr : std::make_unique<Guarded>(data[t].size(), side));
        out_data.push_back(t < 0 ? nullptr : out.back()->data());
      }
      Guarded scratch(kernel->scratch_bytes(), side, 64);
      const int32_t shares = side == Guarded::kStart ? 1 : Pick(rng, 2, 8);
      for (int32_t i = shares - 1; i >= 0; --i) {
        kernel->Run(in_data.data(), out_data.data(), scratch.data(), Share{i, shares});
      }
      ASSERT_TRUE(scratch.Untouched()) << kernel->name() << " wrote outside its scratch";
      for (size_t o = 0; o < out.size(); ++o) {
        if (out[o] == nullptr) continue;
        ASSERT_TRUE(out[o]->Untouched()) << kernel->name() << " wrote outside output " << o;
        const TensorData& expected = data[o == 0 ? fused.first() : fused.second()];
        for (size_t i = 0; i < expected.size(); ++i) {
          ASSERT_EQ(int{out[o]->data()[i]}, int{expected[i]})
              << kernel->name() << " in " << shares << " shares, output " << o << ", byte " << i
              << " of " << expected.size();
        }
      }
    }
  }
}

TEST(DirectTest, RandomLayers) {
  for (unsigned seed = 1; seed <= 1200 && !::testing::Test::HasFailure(); ++seed) {
    Rng rng(seed * 7919);
    Case c;
    Window& w = c.window;
    w.kernel_h = Pick(rng, 1, 5);
    w.kernel_w = rng() % 2 == 0 ? w.kernel_h : Pick(rng, 1, 7);
    w.stride_h = Pick(rng, 1, 3);
    w.stride_w = Pick(rng, 1, 3);
    if (rng() % 4 == 0) {
      w.dilation_h = Pick(rng, 1, 3);
      w.dilation_w = Pick(rng, 1, 3);
    }
    if (rng() % 3 != 0) {
      w.pad_top = Pick(rng, 0, w.kernel_h);
      w.pad_left = Pick(rng, 0, w.kernel_w);
      w.pad_bottom = Pick(rng, 0, w.kernel_h);
      w.pad_right = Pick(rng, 0, w.kernel_w);
    }
    const int32_t most = rng() % 8 == 0 ? 40 : 10;
    c.in.h = std::max(Pick(rng, 1, most),
                      w.dilation_h * (w.kernel_h - 1) + 1 - w.pad_top - w.pad_bottom);
    c.in.w = std::max(Pick(rng, 1, most),
                      w.dilation_w * (w.kernel_w - 1) + 1 - w.pad_left - w.pad_right);
    c.in.c = Pick(rng, 1, rng() % 4 == 0 ? 70 : 12);
    c.out_c = rng() % 2 == 0 ? 16 * Pick(rng, 1, 5) : Pick(rng, 1, 70);
    TestCase(seed, c);
  }
}

TEST(DirectTest, SinglePixelsAroundTiles) {
  unsigned seed = 10000;
  for (const int32_t out_c : {5, 16, 24, 32, 33, 48, 64}) {
    for (const int32_t in_c : {1, 3, 4, 17, 64}) {
      for (const int32_t w : {1, 2, 13, 14, 15, 23, 24, 25, 29, 61}) {
        if (::testing::Test::HasFailure()) return;
        TestCase(seed++, {{1, w, in_c}, out_c, {}});
      }
    }
  }
}

TEST(DirectTest, DenseLayers) {
  for (unsigned seed = 20000; seed < 20060 && !::testing::Test::HasFailure(); ++seed) {
    Rng rng(seed * 7919);
    Case c{{Pick(rng, 1, 5), Pick(rng, 1, 20), Pick(rng, 1, 60)}, Pick(rng, 1, 100), {}};
    c.window.kernel_h = c.in.h;
    c.window.kernel_w = c.in.w;
    TestCase(seed, c);
  }
}

// Layers whose weights are codes, whose map takes several blocks, and the usual first layers.
TEST(DirectTest, LargeLayers) {
  const Window three{3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, strided{3, 3, 2, 2, 1, 1, 1, 1, 1, 1};
  unsigned seed = 30000;
  for (int i = 0; i < 3 && !::testing::Test::HasFailure(); ++i) {
    TestCase(seed++, {{7, 7, 256}, 128, three});
    TestCase(seed++, {{3, 3, 1024}, 288, {}});
    TestCase(seed++, {{1, 1, 3000}, 96, {}});
    TestCase(seed++, {{29, 31, 64}, 48, three});
    TestCase(seed++, {{57, 30, 24}, 32, strided});
    TestCase(seed++, {{40, 44, 3}, 32, {7, 7, 2, 2, 1, 1, 3, 3, 3, 3}});
    TestCase(seed++, {{33, 35, 3}, 16, three});
    TestCase(seed++, {{29, 29, 64}, 32, {1, 1, 2, 2, 1, 1, 0, 0, 0, 0}});
  }
}

// Weights of so many bytes are held as codes, of which none is 0 where a run is rounded up.
TEST(DirectTest, RunsOfCodesThatAreRoundedUp) {
  const Window three{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  const Dims in{2, 14, 91};
  for (const bool is_signed : {false, true}) {
    Rng rng(40000 + is_signed);
    const TensorType type{8, is_signed};
    Builder b(in);
    const int32_t x = AddLookup(rng, b, 0, type);
    const Alphabet alphabet = *MakeAlphabet(AlphabetKind::kUniform, 4);
    ConvOp conv = RandomConv(rng, three, in.c, 320, 1, alphabet, type);
    PickRequant(rng, conv, in.c, type, type);
    b.Add(conv, {x}, *WindowOutput(three, in, 320), type);
    ExpectWaysEqualReference(rng, b.program(), {.conv = &b.program().nodes.back()});
  }
}

}  // namespace
}  // namespace potlut
