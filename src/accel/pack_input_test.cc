// A packed first layer means what the layer meant: every tensor equal, on the reference executor
// and through the compiler.
#include "accel/pack_input.h"

#include <gtest/gtest.h>

#include "accel/cost_model.h"
#include "accel/random_layer.h"
#include "accel/run_for_test.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

using potlut::testing::Builder;
using potlut::testing::RandomConv;

constexpr TensorType kByte{8, false}, kSigned{8, true};

// A first layer of few channels, behind a look-up of some kind, with something after it.
Program RandomStem(std::mt19937& rng) {
  const auto draw = [&](int32_t lo, int32_t hi) {
    return lo + static_cast<int32_t>(rng() % static_cast<unsigned>(hi - lo + 1));
  };
  for (;;) {
    Window w;
    w.kernel_h = draw(1, 7), w.kernel_w = draw(1, 7);
    w.stride_h = draw(1, 3), w.stride_w = draw(1, 3);
    w.pad_top = draw(0, w.kernel_h - 1), w.pad_bottom = draw(0, w.kernel_h - 1);
    w.pad_left = draw(0, w.kernel_w - 1), w.pad_right = draw(0, w.kernel_w - 1);
    const Dims dims{draw(1, 24), draw(1, 32), draw(1, 4)};
    const int32_t outputs = rng() % 2 == 0 ? 16 * draw(1, 2) : draw(1, 20);
    const auto made = WindowOutput(w, dims, outputs);
    if (!made.ok()) continue;
    Builder b(dims);
    int32_t x = 0;
    TensorType type = kByte;
    if (rng() % 4 != 0) {
      type = rng() % 2 == 0 ? kSigned : kByte;
      LookupOp lookup;
      lookup.per_channel = rng() % 2 == 0;
      for (int32_t i = 0; i < (lookup.per_channel ? dims.c : 1) * 256; ++i)
        lookup.table.push_back(static_cast<int16_t>(type.lo() + static_cast<int32_t>(rng() % 256)));
      for (size_t i = 0; i < lookup.table.size(); i += 256) lookup.table[i + rng() % 256] = 0;
      x = b.Add(lookup, {0}, dims, type);
    }
    const Alphabet alphabet = rng() % 2 == 0 ? *MakeAlphabet(AlphabetKind::kUniform, 8)
                                             : *MakeAlphabet(AlphabetKind::kPot, 3);
    x = b.Add(RandomConv(rng, w, dims.c, outputs, 1, alphabet, kByte), {x}, *made, kByte);
    b.Add(MaxPoolOp{{1, 1, 1, 1}}, {x}, *made, kByte);
    if (Validate(b.program()).ok()) return b.program();
  }
}

// The image as the driver lays it out.
std::vector<uint8_t> PackMap(const Patches& patches, Dims map, const std::vector<uint8_t>& image) {
  const Dims dims = PatchDims(patches, map);
  const auto row = static_cast<size_t>(dims.w) * static_cast<size_t>(dims.c);
  std::vector<uint8_t> packed(static_cast<size_t>(dims.h) * row);
  for (int32_t i = 0; i < dims.h; ++i) {
    PackRow(patches, map, 1, image, i, static_cast<size_t>(dims.c),
            std::span(packed).subspan(static_cast<size_t>(i) * row, row));
  }
  return packed;
}

TEST(PackInput, IsTheSameProgram) {
  std::random_device random;
  int packed = 0, rows = 0, blocks = 0;
  for (int i = 0; i < 300; ++i) {
    const unsigned seed = random();
    SCOPED_TRACE(Cat("seed ", seed));
    std::mt19937 rng(seed);
    const Program program = RandomStem(rng);
    ArraySpec array;
    array.table = rng() % 2 == 0 ? TableKind::kSingle : TableKind::kPair;
    array.lanes = 32;
    const auto other = PackInput(program, array);
    if (!other) continue;
    ++packed;
    rows += other->patches.rows > 1;
    blocks += other->program.nodes.size() > program.nodes.size();
    EXPECT_TRUE(Validate(other->program).ok()) << Validate(other->program).message();
    const auto image = testing::RandomImage(program, rng);
    const Dims map = program.tensors[0].dims;
    const auto before = ReferenceRun(program, image);
    const auto after = ReferenceRun(other->program, PackMap(other->patches, map, image));
    ASSERT_TRUE(before.ok() && after.ok());
    for (size_t t = 1; t < program.tensors.size(); ++t) {
      if (other->in_patches[t]) {
        EXPECT_EQ(PackMap(other->patches, map, (*before)[t]).size(), (*after)[t].size());
      } else {
        EXPECT_TRUE((*before)[t] == (*after)[t]) << "tensor " << t;
      }
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(packed, 50);
  EXPECT_GT(rows, 3);
  EXPECT_GT(blocks, 5);
}

TEST(PackInput, CompiledLayersEqualTheReference) {
  std::random_device random;
  for (int i = 0; i < 30; ++i) {
    const unsigned seed = random();
    SCOPED_TRACE(Cat("seed ", seed));
    std::mt19937 rng(seed);
    const Program program = RandomStem(rng);
    ArraySpec array;
    array.table = rng() % 2 == 0 ? TableKind::kSingle : TableKind::kPair;
    array.lanes = 16;
    testing::ExpectModelRuns(program, array, {.trace = true}, rng);
    if (HasFailure()) return;
  }
}

TEST(PackInput, PatchesGoThereAndBack) {
  std::mt19937 rng(std::random_device{}());
  for (int i = 0; i < 200; ++i) {
    Patches p;
    p.rows = 1 + static_cast<int32_t>(rng() % 3);
    p.columns = 1 + static_cast<int32_t>(rng() % 5);
    p.step = 1 + static_cast<int32_t>(rng() % 5);
    p.left = static_cast<int32_t>(rng() % 4);
    p.across = 1 + static_cast<int32_t>(rng() % 9);
    const Dims map{1 + static_cast<int32_t>(rng() % 7), 1 + static_cast<int32_t>(rng() % 20), 3};
    if (!HoldsAll(p, map)) continue;
    std::vector<uint8_t> image(static_cast<size_t>(map.count())), back(image.size(), 0xee);
    for (uint8_t& v : image) v = static_cast<uint8_t>(rng());
    const Dims dims = PatchDims(p, map);
    const auto pitch = static_cast<size_t>(dims.c) + 2;
    std::vector<uint8_t> row(pitch * static_cast<size_t>(dims.w));
    for (int32_t r = 0; r < dims.h; ++r) {
      PackRow(p, map, 1, image, r, pitch, row);
      UnpackRow(p, map, 1, row, pitch, r, back);
    }
    EXPECT_TRUE(image == back);
  }
}

// The stems of ResNet-20 and ResNet-18 use the array several times as well as without.
TEST(PackInput, IsWorthIt) {
  std::mt19937 rng(1);
  const Alphabet eight = *MakeAlphabet(AlphabetKind::kUniform, 8);
  ArraySpec array;
  array.table = TableKind::kSingle;
  array.lanes = 32;
  const auto stem = [&](Dims dims, const Window& w, int32_t outputs) {
    Builder b(dims);
    const Dims out = *WindowOutput(w, dims, outputs);
    const int32_t x = b.Add(RandomConv(rng, w, 3, outputs, 1, eight, kByte), {0}, out, kByte);
    b.Add(MaxPoolOp{{1, 1, 1, 1}}, {x}, out, kByte);
    return PackInput(b.program(), array);
  };
  const auto small = stem({32, 32, 3}, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 16);
  ASSERT_TRUE(small);
  EXPECT_LT(small->cycles, small->saved);
  const auto large = stem({224, 224, 3}, {7, 7, 2, 2, 1, 1, 3, 3, 3, 3}, 64);
  ASSERT_TRUE(large);
  EXPECT_LT(2 * large->cycles, large->saved);
}

TEST(PackInput, LeavesOthersAlone) {
  std::mt19937 rng(2);
  const Window w{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  const Alphabet eight = *MakeAlphabet(AlphabetKind::kUniform, 8);
  const Dims dims{16, 16, 3}, out{16, 16, 16};
  {  // no raw byte becomes 0
    Builder b(dims);
    const int32_t x = b.Add(LookupOp{false, std::vector<int16_t>(256, 5)}, {0}, dims, kByte);
    b.Add(RandomConv(rng, w, 3, 16, 1, eight, kByte), {x}, out, kByte);
    EXPECT_FALSE(PackInput(b.program(), {}));
  }
  {  // somebody else reads the image
    Builder b(dims);
    b.Add(MaxPoolOp{{1, 1, 1, 1}}, {0}, dims, kByte);
    b.Add(RandomConv(rng, w, 3, 16, 1, eight, kByte), {0}, out, kByte);
    b.program().outputs = {1, 2};
    EXPECT_FALSE(PackInput(b.program(), {}));
  }
  {  // words are full already
    Builder b({16, 16, 16});
    b.Add(RandomConv(rng, w, 16, 16, 1, eight, kByte), {0}, out, kByte);
    EXPECT_FALSE(PackInput(b.program(), {}));
  }
}

}  // namespace
}  // namespace potlut::accel
