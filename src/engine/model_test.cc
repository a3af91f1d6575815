// Whole programs: models and sessions against the reference executor.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "engine/aligned.h"
#include "engine/testing.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

// Grows a net of random nodes, every tensor of which may be read again by any later node.
class RandomNet {
 public:
  explicit RandomNet(unsigned seed)
      : rng_(seed), b_({Pick(rng_, 3, 12), Pick(rng_, 3, 12), Pick(rng_, 1, 24)}) {
    for (int i = Pick(rng_, 3, 14); i > 0; --i) Grow();
    // A few outputs anywhere, the input and one tensor twice included.
    Program& p = b_.program();
    for (int i = Pick(rng_, 0, 2); i > 0; --i) {
      p.outputs.push_back(Pick(rng_, 0, static_cast<int64_t>(p.tensors.size()) - 1));
    }
  }
  Rng& rng() { return rng_; }
  Program& program() { return b_.program(); }

 private:
  const Tensor& At(int32_t t) { return b_.program().tensors[static_cast<size_t>(t)]; }

  int32_t PickNarrow() {
    const auto last = static_cast<int32_t>(b_.program().tensors.size()) - 1;
    int32_t t = rng_() % 2 == 0 ? last : Pick(rng_, 0, last);
    while (At(t).type.wide()) --t;  // the input is narrow
    return t;
  }

  void Grow() {
    const int32_t x = PickNarrow();
    const Tensor t = At(x);
    const TensorType out = PickType(rng_);
    switch (rng_() % 9) {
      case 0:
      case 1:
      case 2: {
        Window w;
        w.kernel_h = Pick(rng_, 1, 3);
        w.kernel_w = Pick(rng_, 1, 3);
        w.stride_h = w.stride_w = Pick(rng_, 1, 2);
        w.pad_top = w.pad_left = Pick(rng_, 0, 1);
        w.pad_bottom = w.pad_right = Pick(rng_, 1, 2);
        const bool depthwise = rng_() % 3 == 0;
        const int32_t out_c = depthwise ? t.dims.c : Pick(rng_, 1, 40);
        const auto dims = WindowOutput(w, t.dims, out_c);
        if (!dims.ok()) return;
        const int32_t groups = depthwise ? t.dims.c : 1;
        const TensorType type = rng_() % 8 == 0 ? TensorType{32, true} : out;
        ConvOp conv = RandomConv(rng_, w, t.dims.c, out_c, groups,
                                 PickAlphabet(rng_, t.dims.c / groups > 1), type);
        PickRequant(rng_, conv, t.dims.c / groups, t.type, type);
        b_.Add(conv, {x}, *dims, type);
        return;
      }
      case 3: {
        const int32_t y = AddLookup(rng_, b_, x, out);
        b_.Add(AddOp{1, 2, 2, out.lo(), out.hi()}, {x, y}, t.dims, out);
        return;
      }
      case 4: {
        MeanOp mean{{}, 2, out.lo(), out.hi()};
        mean.window.kernel_h = t.dims.h;
        mean.window.kernel_w = t.dims.w;
        const int32_t y = b_.Add(mean, {x}, {1, 1, t.dims.c}, out);
        b_.Add(MulOp{3, out.lo(), out.hi()}, {x, y}, t.dims, out);
        return;
      }
      case 5: {
        MaxPoolOp pool;
        pool.window.kernel_h = std::min(2, t.dims.h);
        pool.window.kernel_w = std::min(2, t.dims.w);
        b_.Add(pool, {x}, *WindowOutput(pool.window, t.dims, t.dims.c), t.type);
        return;
      }
      case 6:
        b_.Add(ReshapeOp{}, {x}, {t.dims.w, t.dims.h, t.dims.c}, t.type);
        return;
      case 7:
        if (t.dims.c <= 40) {
          b_.Add(ConcatOp{}, {x, x}, {t.dims.h, t.dims.w, 2 * t.dims.c}, t.type);
        }
        return;
      default:
        b_.Add(ArgMaxOp{}, {x}, {t.dims.h, t.dims.w, 1}, {32, true});
        return;
    }
  }

  Rng rng_;
  Builder b_;
};

void ExpectOutputs(const Program& program, const Session& session,
                   const std::vector<TensorData>& expected) {
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const auto got = session.Output(i);
    const TensorData& want = expected[static_cast<size_t>(program.outputs[i])];
    EXPECT_EQ(TensorData(got.begin(), got.end()), want) << "output " << i;
  }
}

TEST(ModelTest, RandomProgramsOnEveryInstructionSet) {
  for (unsigned seed = 1; seed <= 150 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomNet net(seed);
    const Program& program = net.program();
    if (program.nodes.empty()) continue;
    std::vector<TensorData> images, again;
    for (int i = 0; i < 2; ++i) images.push_back(PickData(net.rng(), program.tensors[0]));
    for (const Isa isa : AvailableIsas()) {
      const auto model = Model::Create(program, isa);
      ASSERT_TRUE(model.ok()) << model.error().message;
      // In memory of just the size, for what strays outside.
      Guarded arena((*model)->arena_bytes(), Guarded::kEnd, kAlignment);
      const auto session = Session::Create(
          *model, {reinterpret_cast<std::byte*>(arena.data()), (*model)->arena_bytes()});
      ASSERT_TRUE(session.ok()) << session.error().message;
      for (const TensorData& image : images) {
        ASSERT_TRUE((*session)->Run(image).ok());
        const auto expected = ReferenceRun(program, image);
        ASSERT_TRUE(expected.ok());
        ExpectOutputs(program, **session, *expected);
        EXPECT_TRUE(arena.Untouched());
      }
    }
  }
}

TEST(ModelTest, ManySessionsOfOneModelInThreads) {
  RandomNet net(42);
  Program& program = net.program();
  ASSERT_FALSE(program.nodes.empty());
  const auto model = Model::Create(program);
  ASSERT_TRUE(model.ok()) << model.error().message;
  constexpr int kThreads = 6, kRuns = 40;
  std::vector<TensorData> images;
  std::vector<std::vector<TensorData>> expected;
  for (int i = 0; i < kThreads; ++i) {
    images.push_back(PickData(net.rng(), program.tensors[0]));
    expected.push_back(*ReferenceRun(program, images.back()));
  }
  std::vector<int> wrong(kThreads, 0);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const auto session = Session::Create(*model);
      for (size_t run = 0; run < kRuns; ++run) {
        const size_t image = (i + run) % kThreads;
        if (!session.ok() || !(*session)->Run(images[image]).ok()) {
          ++wrong[i];
          continue;
        }
        for (size_t o = 0; o < program.outputs.size(); ++o) {
          const auto got = (*session)->Output(o);
          const TensorData& want = expected[image][static_cast<size_t>(program.outputs[o])];
          if (!std::equal(got.begin(), got.end(), want.begin(), want.end())) ++wrong[i];
        }
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(kThreads, 0));
}

// A program of one look-up and one output of each storage type.
Program ThreeOutputs() {
  Rng rng(7);
  Builder b({2, 3, 4});
  const int32_t s = AddLookup(rng, b, 0, {5, true});
  const int32_t w = b.Add(MulOp{-3, INT32_MIN, INT32_MAX}, {s, 0}, {2, 3, 4}, {32, true});
  b.program().outputs = {0, s, w};
  return b.program();
}

TEST(SessionTest, OutputValuesReadEveryType) {
  const auto model = Model::Create(ThreeOutputs());
  ASSERT_TRUE(model.ok());
  const auto session = Session::Create(*model);
  ASSERT_TRUE(session.ok());
  TensorData image(24);
  for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<uint8_t>(255 - i);
  ASSERT_TRUE((*session)->Run(image).ok());
  const auto first = (*session)->OutputValues(0), second = (*session)->OutputValues(1),
             third = (*session)->OutputValues(2);
  ASSERT_EQ(first.size(), 24u);
  ASSERT_EQ(second.size(), 24u);
  ASSERT_EQ(third.size(), 24u);
  for (size_t i = 0; i < 24; ++i) {
    EXPECT_EQ(first[i], image[i]);
    EXPECT_LE(std::abs(second[i]), 16);
    EXPECT_EQ(third[i], second[i] * first[i] * 8);
  }
  EXPECT_TRUE((*session)->OutputValues(3).empty());
  EXPECT_TRUE((*session)->Output(3).empty());
}

TEST(SessionTest, RefusesAnImageOfAnotherSize) {
  const auto session = Session::Create(*Model::Create(ThreeOutputs()));
  ASSERT_TRUE(session.ok());
  const TensorData image(23);
  const Status status = (*session)->Run(image);
  EXPECT_EQ(status.code(), ErrorCode::kUsage);
  EXPECT_NE(status.message().find("23"), std::string::npos);
}

TEST(SessionTest, RefusesAnArenaThatIsTooSmallOrNotAligned) {
  const auto model = Model::Create(ThreeOutputs());
  ASSERT_TRUE(model.ok());
  const size_t bytes = (*model)->arena_bytes();
  const auto memory = MakeAligned<std::byte>(bytes + kAlignment);
  EXPECT_EQ(Session::Create(*model, {memory.get(), bytes - 1}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(Session::Create(*model, {memory.get() + 1, bytes}).error().code, ErrorCode::kUsage);
  EXPECT_TRUE(Session::Create(*model, {memory.get(), bytes}).ok());
  EXPECT_EQ(Session::Create(nullptr).error().code, ErrorCode::kUsage);
}

TEST(SessionTest, TellsTheTimeOfEachNode) {
  const auto model = Model::Create(ThreeOutputs());
  ASSERT_TRUE(model.ok());
  const auto session = Session::Create(*model);
  std::vector<int64_t> nanoseconds{1, 2, 3, 4, 5};
  ASSERT_TRUE((*session)->RunTimed(TensorData(24), nanoseconds).ok());
  ASSERT_EQ(nanoseconds.size(), (*model)->program().nodes.size());
  for (const int64_t ns : nanoseconds) EXPECT_GE(ns, 0);
}

TEST(ModelTest, RefusesWhatDoesNotValidate) {
  Program program = ThreeOutputs();
  program.nodes[1].inputs[0] = 77;
  const auto model = Model::Create(program);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, ErrorCode::kBadInput);
}

TEST(ModelTest, ArenaIsSmallerThanAllTensors) {
  Rng rng(3);
  Builder b({16, 16, 16});
  int32_t x = 0;
  for (int i = 0; i < 10; ++i) x = AddLookup(rng, b, x, {8, false});
  const auto model = Model::Create(b.program());
  ASSERT_TRUE(model.ok());
  EXPECT_EQ((*model)->arena_bytes(), 2u * 16 * 16 * 16);
}

}  // namespace
}  // namespace potlut
