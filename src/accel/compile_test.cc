// Whatever the compiler makes, run by the functional model, equals the reference executor.
#include "accel/compile.h"

#include <gtest/gtest.h>

#include "accel/random_layer.h"
#include "accel/run_for_test.h"
#include "base/text.h"
#include "program/testing.h"

namespace potlut::accel {
namespace {

using potlut::testing::Builder;
using potlut::testing::RandomConv;
using testing::ExpectModelRuns;
using testing::RandomLayer;
using testing::RandomPairs;

constexpr TensorType kByte{8, false}, kSigned{8, true}, kWide{32, true};

ArraySpec Small(TableKind table) {
  ArraySpec array;
  array.table = table;
  array.lanes = 16;
  array.activation_words = 16384;
  array.weight_words = 16384;
  array.channel_words = 256;
  array.sum_words = 512;
  return array;
}

class Tables : public ::testing::TestWithParam<TableKind> {};

TEST_P(Tables, RandomLayersEqualTheReference) {
  std::random_device device;
  for (int i = 0; i < 60; ++i) {
    const unsigned seed = device();
    SCOPED_TRACE(Cat("seed ", seed));
    std::mt19937 rng(seed);
    const Program program = RandomLayer(rng, GetParam());
    ExpectModelRuns(program, Small(GetParam()), {.trace = rng() % 2 == 0}, rng);
    if (HasFailure()) return;
  }
}

// The sums of MobileNetV2's last layer: 80 words of inputs, in three digits on pair tables.
TEST_P(Tables, SumsOverManyPasses) {
  std::mt19937 rng(11);
  Builder b({1, 1, 1280});
  b.Add(RandomConv(rng, {1, 1}, 1280, 20, 1, *MakeAlphabet(AlphabetKind::kUniform, 8), kByte), {0},
        {1, 1, 20}, kByte);
  ExpectModelRuns(b.program(), Small(GetParam()), {}, rng);
}

// A layer larger than the weight memory and partial sums runs in parts.
TEST_P(Tables, PartsOfALayer) {
  std::mt19937 rng(7);
  Builder b({12, 12, 48});
  const Window w{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  const int32_t x = b.Add(RandomConv(rng, w, 48, 200, 1, pot, kByte), {0}, {12, 12, 200}, kByte);
  b.Add(RandomConv(rng, w, 200, 24, 1, pot, kByte), {x}, {12, 12, 24}, kByte);
  ArraySpec array = Small(GetParam());
  array.weight_words = 2048;  // 16 outputs of the second layer take 1,872
  array.activation_words = 4096;
  array.channel_words = 80;
  array.sum_words = 256;
  ExpectModelRuns(b.program(), array, {}, rng);
  ExpectModelRuns(b.program(), array, {.trace = true}, rng);
  array.weight_words = 1024;
  const auto none = Compile(b.program(), array);
  EXPECT_EQ(none.status().code(), potlut::ErrorCode::kResourceLimit);
}

TEST_P(Tables, DenseLayersAndPooling) {
  std::mt19937 rng(11);
  Builder b({16, 16, 20});
  const int32_t pooled = b.Add(MaxPoolOp{{3, 3, 2, 2, 1, 1, 1, 1, 1, 1}}, {0}, {8, 8, 20}, kByte);
  const int32_t mean = b.Add(MeanOp{{2, 2, 2, 2}, 2, 0, 255}, {pooled}, {4, 4, 20}, kByte);
  ConvOp dense =
      RandomConv(rng, {4, 4}, 20, 10, 1, *MakeAlphabet(AlphabetKind::kUniform, 8), kWide);
  b.Add(dense, {mean}, {1, 1, 10}, kWide);
  ExpectModelRuns(b.program(), Small(GetParam()), {.trace = true}, rng);
}

TEST_P(Tables, ResidualsAreFusedAndEqual) {
  std::mt19937 rng(13);
  const Window w{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  Builder b({10, 13, 16});
  const Dims dims{10, 13, 24};
  const int32_t x = b.Add(RandomConv(rng, w, 16, 24, 1, pot, kByte), {0}, dims, kByte);
  const int32_t y = b.Add(RandomConv(rng, w, 24, 24, 1, pot, kSigned), {x}, dims, kSigned);
  const int32_t sum = b.Add(AddOp{1, 2, 2, 0, 255}, {y, x}, dims, kByte);
  const int32_t z = b.Add(RandomConv(rng, w, 24, 24, 1, pot, kSigned), {sum}, dims, kSigned);
  b.Add(AddOp{3, 0, 1, -100, 99}, {sum, z}, dims, kSigned);
  const auto fused = Compile(b.program(), Small(GetParam()), {.trace = true});
  ASSERT_TRUE(fused.ok()) << fused.status().message();
  EXPECT_EQ(fused->traced.size(), 3U);
  const auto plain = Compile(b.program(), Small(GetParam()), {.fuse = false, .trace = true});
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->traced.size(), 5U);
  for (const bool fuse : {true, false}) {
    for (const bool trace : {true, false})
      ExpectModelRuns(b.program(), Small(GetParam()), {fuse, trace}, rng);
  }
}

INSTANTIATE_TEST_SUITE_P(Compile, Tables, ::testing::Values(TableKind::kSingle, TableKind::kPair),
                         [](const auto& test) { return std::string(TableKindName(test.param)); });

TEST(Compile, MovesOfAllKinds) {
  for (const int32_t c : {6, 16, 24, 40}) {
    SCOPED_TRACE(Cat("channels ", c));
    std::mt19937 rng(static_cast<unsigned>(c));
    Builder b({6, 8, c});
    LookupOp each{.per_channel = true, .table = {}};
    for (int32_t i = 0; i < 256 * c; ++i)
      each.table.push_back(static_cast<int16_t>(static_cast<int32_t>(rng() % 256) - 128));
    const int32_t x = b.Add(each, {0}, {6, 8, c}, kSigned);
    const int32_t shuffled = b.Add(ShuffleOp{2}, {x}, {6, 8, c}, kSigned);
    const int32_t joined = b.Add(ConcatOp{}, {shuffled, x, shuffled}, {6, 8, 3 * c}, kSigned);
    const int32_t padded =
        b.Add(PadOp{{1, 2, 3}, {0, 1, 5}}, {joined}, {7, 11, 3 * c + 8}, kSigned);
    const int32_t cut = b.Add(SliceOp{{1, 0, 2}, {2, 3, 1}}, {padded}, {3, 4, 2 * c + 1}, kSigned);
    const int32_t every = b.Add(SliceOp{{0, 0, 1}, {1, 1, 2}}, {cut}, {3, 4, c}, kSigned);
    const int32_t grown = b.Add(ResizeOp{2, 3}, {every}, {6, 12, c}, kSigned);
    const int32_t flat = b.Add(ReshapeOp{}, {grown}, {1, 8, 9 * c}, kSigned);
    const int32_t back = b.Add(ReshapeOp{}, {flat}, {4, 2, 9 * c}, kSigned);
    const int32_t gate = b.Add(MeanOp{{4, 2}, 3, -128, 127}, {back}, {1, 1, 9 * c}, kSigned);
    b.Add(AddOp{0, 1, -1, -128, 127}, {back, gate}, {4, 2, 9 * c}, kSigned);
    ExpectModelRuns(b.program(), Small(TableKind::kPair), {.trace = true}, rng);
    ExpectModelRuns(b.program(), Small(TableKind::kPair), {}, rng);
  }
}

TEST(Compile, RefusesByName) {
  const auto refusal = [](const Program& program, const ArraySpec& array) {
    EXPECT_TRUE(Validate(program).ok()) << Validate(program).message();
    const auto compiled = Compile(program, array);
    EXPECT_FALSE(compiled.ok());
    EXPECT_NE(compiled.status().message().find("'t"), std::string::npos);
    return compiled.status().code();
  };
  Builder gate({4, 4, 8});
  gate.Add(MulOp{8, 0, 255}, {0, 0}, {4, 4, 8}, kByte);
  EXPECT_EQ(refusal(gate.program(), Small(TableKind::kPair)), potlut::ErrorCode::kUnsupported);

  Builder index({4, 4, 8});
  index.Add(ArgMaxOp{}, {0}, {4, 4, 1}, kWide);
  EXPECT_EQ(refusal(index.program(), Small(TableKind::kPair)), potlut::ErrorCode::kUnsupported);

  std::mt19937 rng(1);
  Builder pairs({4, 4, 8});
  pairs.Add(RandomConv(rng, {1, 1}, 8, 8, 1, RandomPairs(rng, 40), kByte), {0}, {4, 4, 8}, kByte);
  EXPECT_EQ(refusal(pairs.program(), Small(TableKind::kSingle)), potlut::ErrorCode::kUnsupported);

  Builder large({70, 70, 8});
  large.Add(ResizeOp{2, 2}, {0}, {140, 140, 8}, kByte);
  EXPECT_EQ(refusal(large.program(), Small(TableKind::kPair)), potlut::ErrorCode::kResourceLimit);
}

TEST(Compile, IsDeterministic) {
  std::mt19937 rng(3);
  const Program program = RandomLayer(rng, TableKind::kPair);
  const auto a = Compile(program, Small(TableKind::kPair));
  const auto b = Compile(program, Small(TableKind::kPair));
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(WriteImage(*a) == WriteImage(*b));
}

}  // namespace
}  // namespace potlut::accel
