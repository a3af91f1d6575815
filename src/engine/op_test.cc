// Every other operator's kernels against the reference executor.
#include <gtest/gtest.h>

#include "engine/testing.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

constexpr TensorType kWide{32, true};

Dims PickDims(Rng& rng, int32_t c_most = 150) {
  return {Pick(rng, 1, 9), Pick(rng, 1, 9), Pick(rng, 1, c_most)};
}

// The input's first pixel as a 1x1 map of `type`.
int32_t AddSpread(Rng& rng, Builder& b, TensorType type) {
  const int32_t c = b.program().tensors[0].dims.c;
  return AddLookup(rng, b, b.Add(SliceOp{}, {0}, {1, 1, c}, {8, false}), type);
}

// Calls make(rng, builder) for many seeds and checks the node it appended last.
template <typename Make>
void TestMany(int cases, Make make) {
  for (int seed = 1; seed <= cases && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(static_cast<unsigned>(seed));
    Builder b(PickDims(rng));
    make(rng, b);
    ExpectKernelsEqualReference(rng, b.program());
  }
}

int64_t MaxAbs(TensorType type) { return std::max<int64_t>(type.hi(), -int64_t{type.lo()}); }

int32_t PickShift(Rng& rng, int64_t bound) {
  int32_t n = rng() % 4 == 0 ? Pick(rng, -15, 31) : Pick(rng, 0, 12);
  while (n < 1 && ShiftRoom(n) < bound) ++n;
  return n;
}

TEST(OpTest, Add) {
  TestMany(300, [](Rng& rng, Builder& b) {
    const TensorType ta = PickType(rng), tb = PickType(rng),
                     out = rng() % 6 == 0 ? kWide : PickType(rng);
    const int32_t x = AddLookup(rng, b, 0, ta);
    const int32_t y = rng() % 2 == 0 ? AddSpread(rng, b, tb) : AddLookup(rng, b, 0, tb);
    AddOp op;
    op.shift_a = Pick(rng, 0, 15);
    op.shift_b = Pick(rng, 0, 15);
    op.shift = PickShift(rng, (MaxAbs(ta) << op.shift_a) + (MaxAbs(tb) << op.shift_b));
    PickClamp(rng, out, op.lo, op.hi);
    b.Add(op, {x, y}, b.program().tensors[0].dims, out);
  });
}

TEST(OpTest, Mul) {
  TestMany(300, [](Rng& rng, Builder& b) {
    const TensorType ta = PickType(rng), tb = PickType(rng),
                     out = rng() % 6 == 0 ? kWide : PickType(rng);
    const int32_t x = AddLookup(rng, b, 0, ta);
    const int32_t y = rng() % 2 == 0 ? AddSpread(rng, b, tb) : AddLookup(rng, b, 0, tb);
    MulOp op;
    op.shift = PickShift(rng, MaxAbs(ta) * MaxAbs(tb));
    PickClamp(rng, out, op.lo, op.hi);
    b.Add(op, {x, y}, b.program().tensors[0].dims, out);
  });
}

Window PickPool(Rng& rng, Dims in) {
  Window w;
  w.kernel_h = Pick(rng, 1, std::min(5, in.h));
  w.kernel_w = Pick(rng, 1, std::min(5, in.w));
  w.stride_h = Pick(rng, 1, 3);
  w.stride_w = Pick(rng, 1, 3);
  w.pad_top = Pick(rng, 0, w.kernel_h - 1);
  w.pad_left = Pick(rng, 0, w.kernel_w - 1);
  w.pad_bottom = Pick(rng, 0, w.kernel_h - 1);
  w.pad_right = Pick(rng, 0, w.kernel_w - 1);
  return w;
}

TEST(OpTest, MaxPool) {
  TestMany(200, [](Rng& rng, Builder& b) {
    const TensorType type = PickType(rng);
    const Dims in = b.program().tensors[0].dims;
    const MaxPoolOp op{PickPool(rng, in)};
    b.Add(op, {AddLookup(rng, b, 0, type)}, *WindowOutput(op.window, in, in.c), type);
  });
}

TEST(OpTest, Mean) {
  TestMany(200, [](Rng& rng, Builder& b) {
    const TensorType type = PickType(rng), out = rng() % 6 == 0 ? kWide : PickType(rng);
    const Dims in = b.program().tensors[0].dims;
    MeanOp op;
    op.window = PickPool(rng, in);
    if (rng() % 3 == 0) {  // over the whole map
      op.window = {};
      op.window.kernel_h = in.h;
      op.window.kernel_w = in.w;
    }
    op.shift = PickShift(rng, MaxAbs(type) * op.window.kernel_h * op.window.kernel_w);
    PickClamp(rng, out, op.lo, op.hi);
    b.Add(op, {AddLookup(rng, b, 0, type)}, *WindowOutput(op.window, in, in.c), out);
  });
}

TEST(OpTest, Lookup) {
  TestMany(200, [](Rng& rng, Builder& b) {
    const int32_t x = AddLookup(rng, b, 0, PickType(rng));
    AddLookup(rng, b, x, PickType(rng), rng() % 2 == 0);
  });
}

// A tensor of any type, the 32-bit one too, with the input's dims.
int32_t AddAny(Rng& rng, Builder& b, TensorType type) {
  if (!type.wide()) return AddLookup(rng, b, 0, type);
  MulOp op{-15, type.lo(), type.hi()};
  return b.Add(op, {0, 0}, b.program().tensors[0].dims, type);
}
TensorType PickAnyType(Rng& rng) { return rng() % 4 == 0 ? kWide : PickType(rng); }

TEST(OpTest, Reshape) {
  TestMany(50, [](Rng& rng, Builder& b) {
    const TensorType type = PickAnyType(rng);
    const int64_t count = b.program().tensors[0].dims.count();
    b.Add(ReshapeOp{}, {AddAny(rng, b, type)}, {1, 1, static_cast<int32_t>(count)}, type);
  });
}

TEST(OpTest, Concat) {
  TestMany(100, [](Rng& rng, Builder& b) {
    const TensorType type = PickAnyType(rng);
    Dims dims = b.program().tensors[0].dims;
    std::vector<int32_t> inputs;
    int32_t c = 0;
    for (int i = Pick(rng, 1, 5); i > 0; --i) {
      const int32_t x = AddAny(rng, b, type);
      Dims part = dims;
      part.c = Pick(rng, 1, dims.c);
      inputs.push_back(b.Add(SliceOp{}, {x}, part, type));
      c += part.c;
    }
    b.Add(ConcatOp{}, inputs, {dims.h, dims.w, c}, type);
  });
}

TEST(OpTest, Slice) {
  TestMany(200, [](Rng& rng, Builder& b) {
    const TensorType type = PickAnyType(rng);
    const Dims dims = b.program().tensors[0].dims;
    const int32_t in[3] = {dims.h, dims.w, dims.c};
    int32_t out[3];
    SliceOp op;
    for (int i = 0; i < 3; ++i) {
      op.start[i] = Pick(rng, 0, in[i] - 1);
      op.step[i] = rng() % 2 == 0 ? 1 : Pick(rng, 1, 4);
      out[i] = Pick(rng, 1, (in[i] - 1 - op.start[i]) / op.step[i] + 1);
    }
    b.Add(op, {AddAny(rng, b, type)}, {out[0], out[1], out[2]}, type);
  });
}

TEST(OpTest, Shuffle) {
  TestMany(100, [](Rng& rng, Builder& b) {
    const TensorType type = PickAnyType(rng);
    const Dims dims = b.program().tensors[0].dims;
    int32_t groups = Pick(rng, 1, dims.c);
    while (dims.c % groups != 0) --groups;
    b.Add(ShuffleOp{groups}, {AddAny(rng, b, type)}, dims, type);
  });
}

TEST(OpTest, Pad) {
  TestMany(100, [](Rng& rng, Builder& b) {
    const TensorType type = PickAnyType(rng);
    Dims dims = b.program().tensors[0].dims;
    PadOp op;
    for (int i = 0; i < 3; ++i) {
      op.before[i] = Pick(rng, 0, 3);
      op.after[i] = Pick(rng, 0, 3);
    }
    dims.h += op.before[0] + op.after[0];
    dims.w += op.before[1] + op.after[1];
    dims.c += op.before[2] + op.after[2];
    b.Add(op, {AddAny(rng, b, type)}, dims, type);
  });
}

TEST(OpTest, Resize) {
  TestMany(100, [](Rng& rng, Builder& b) {
    const TensorType type = PickAnyType(rng);
    Dims dims = b.program().tensors[0].dims;
    const ResizeOp op{Pick(rng, 1, 4), Pick(rng, 1, 4)};
    dims.h *= op.scale_h;
    dims.w *= op.scale_w;
    b.Add(op, {AddAny(rng, b, type)}, dims, type);
  });
}

TEST(OpTest, ArgMaxTakesTheFirst) {
  TestMany(200, [](Rng& rng, Builder& b) {
    const TensorType type = PickAnyType(rng);
    const Dims dims = b.program().tensors[0].dims;
    b.Add(ArgMaxOp{}, {AddAny(rng, b, type)}, {dims.h, dims.w, 1}, kWide);
  });
}

}  // namespace
}  // namespace potlut
