// Whole programs: models and sessions against the reference executor.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "engine/aligned.h"
#include "engine/random_net.h"
#include "engine/thread_pool.h"

namespace potlut {
namespace {

using namespace testing;  // NOLINT: test helpers

void ExpectOutputs(const Program& program, const Session& session,
                   const std::vector<TensorData>& expected) {
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const auto got = session.Output(i);
    const TensorData& want = expected[static_cast<size_t>(program.outputs[i])];
    EXPECT_EQ(TensorData(got.begin(), got.end()), want) << "output " << i;
  }
}

TEST(ModelTest, RandomProgramsOnEveryInstructionSet) {
  std::vector<std::shared_ptr<ThreadPool>> pools{nullptr};
  for (const int threads : {1, 2, 3, 4}) pools.push_back(*ThreadPool::Create(threads));
  for (unsigned seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomNet net(seed);
    const Program& program = net.program();
    if (program.nodes.empty()) continue;
    const TensorData image = PickData(net.rng(), program.tensors[0]);
    const auto expected = ReferenceRun(program, image);
    ASSERT_TRUE(expected.ok());
    for (const Isa isa : AvailableIsas()) {
      const auto model = Model::Create(
          program, {.isa = isa, .measure = seed % 8 == 0, .share_cycles = 1 + seed % 3 * 100});
      ASSERT_TRUE(model.ok()) << model.error().message;
      for (const auto& pool : pools) {
        // In memory of just the size, for what strays outside.
        const size_t bytes = (*model)->arena_bytes(pool == nullptr ? 1 : pool->threads());
        Guarded arena(bytes, Guarded::kEnd, kAlignment);
        const auto session =
            Session::Create(*model, {reinterpret_cast<std::byte*>(arena.data()), bytes}, pool);
        ASSERT_TRUE(session.ok()) << session.error().message;
        for (int run = 0; run < 2; ++run) {
          ASSERT_TRUE((*session)->Run(image).ok());
          ExpectOutputs(program, **session, *expected);
          EXPECT_TRUE(arena.Untouched());
        }
      }
    }
  }
}

// Sessions in threads, each with images of its own, and perhaps with helpers that they share.
void RunManySessions(unsigned seed, const std::shared_ptr<ThreadPool>& pool) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomNet net(seed);
  Program& program = net.program();
  ASSERT_FALSE(program.nodes.empty());
  const auto model = Model::Create(program, {.share_cycles = 1});
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
      const auto session = Session::Create(*model, {}, pool);
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

TEST(ModelTest, ManySessionsOfOneModelInThreads) { RunManySessions(42, nullptr); }

TEST(ModelTest, ManySessionsOnOnePool) {
  const auto pool = *ThreadPool::Create(4);
  for (unsigned seed = 43; seed < 48 && !HasFailure(); ++seed) RunManySessions(seed, pool);
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
  const auto pooled = Session::Create(*model, {}, *ThreadPool::Create(2));
  ASSERT_TRUE((*pooled)->RunTimed(TensorData(24), nanoseconds).ok());
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
