// The C++ interface: values, errors in either style, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <potlut/potlut.hpp>
#include <thread>

namespace {

using potlut::Model;
using potlut::Session;

const std::string kModel = POTLUT_FIXTURE_DIR "/model.plut";

std::vector<uint8_t> Picture(int red) {
  std::vector<uint8_t> image;
  for (int i = 0; i < 30; ++i) {
    image.push_back(static_cast<uint8_t>(red));
    image.push_back(50);
    image.push_back(static_cast<uint8_t>(220 + i));
  }
  return image;
}

TEST(CppApi, ClassifiesAPicture) {
  const Model model = Model::Load(kModel).value();
  Session session = Session::Create(model).value();
  for (const auto& [red, name] : {std::pair(250, "red"), std::pair(20, "blue")}) {
    session.Run(Picture(red)).value();
    const std::vector<float> scores = session.Floats().value();
    ASSERT_EQ(scores.size(), 4u);
    const auto best = session.Integers(1).value();
    ASSERT_EQ(best.size(), 1u);
    EXPECT_EQ(model.class_name(static_cast<size_t>(best[0])), name);
  }
  EXPECT_EQ(model.class_count(), 4u);
  EXPECT_EQ(model.class_name(9), "9");
  EXPECT_EQ(model.metadata("source.name"), "main colour");
  EXPECT_FALSE(model.metadata("nothing").has_value());
  EXPECT_EQ(model.input().width, 5);
  EXPECT_EQ(model.output_count(), 3u);
  EXPECT_EQ(model.output(1).value().bits, 32);
  EXPECT_NE(model.isa(), potlut::Isa::kAuto);
}

TEST(CppApi, ErrorsAreValues) {
  const auto model = Model::Load("no such file");
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().status(), POTLUT_BAD_INPUT);
  EXPECT_NE(std::string(model.error().what()).find("no such file"), std::string::npos);
  const auto good = Model::Load(kModel);
  ASSERT_TRUE(good);
  auto session = Session::Create(good.value());
  ASSERT_TRUE(session);
  EXPECT_EQ(session.value().Floats().error().status(), POTLUT_USAGE);  // before the first run
  EXPECT_EQ(session.value().Run(std::array<char, 3>{}).error().status(), POTLUT_USAGE);
  ASSERT_TRUE(session.value().Run(Picture(1)).ok());
  EXPECT_EQ(session.value().Floats(3).error().status(), POTLUT_USAGE);
  EXPECT_EQ(good.value().output(3).error().status(), POTLUT_USAGE);
}

TEST(CppApi, ErrorsAreExceptionsForWhoAsks) {
  try {
    (void)Model::Load("no such file").value();
    FAIL() << "did not throw";
  } catch (const potlut::Error& e) {
    EXPECT_EQ(e.status(), POTLUT_BAD_INPUT);
  }
  Session session = Session::Create(Model::Load(kModel).value()).value();  // outlives its model
  EXPECT_THROW(session.Run("", 0).value(), potlut::Error);
  EXPECT_NO_THROW(session.Run(Picture(7)).value());
}

TEST(CppApi, LoadsFromMemoryAndRunsInACallersArena) {
  std::ifstream file(kModel, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const Model model = Model::FromMemory(bytes.data(), bytes.size(), potlut::Isa::kPortable).value();
  EXPECT_EQ(model.isa(), potlut::Isa::kPortable);
  std::vector<char> memory(model.arena_size() + model.arena_alignment());
  void* place = memory.data();
  size_t room = memory.size();
  ASSERT_NE(std::align(model.arena_alignment(), model.arena_size(), place, room), nullptr);
  Session session = Session::Create(model, place, room).value();
  session.Run(Picture(99)).value();
  EXPECT_EQ(session.Integers(2).value().size(), 3u);
  EXPECT_FALSE(Model::FromMemory(bytes.data(), bytes.size() - 1).ok());
}

TEST(CppApi, ReadsAStream) {
  std::ifstream file(kModel, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  potlut::Stream stream = potlut::Stream::Create().value();
  for (size_t at = 0; at < bytes.size(); at += 100)
    stream.Feed(bytes.data() + at, std::min<size_t>(100, bytes.size() - at)).value();
  EXPECT_TRUE(stream.complete());
  EXPECT_EQ(stream.expected(), bytes.size());
  const Model model = stream.Finish(potlut::Isa::kPortable).value();
  Session session = Session::Create(model).value();
  session.Run(Picture(250)).value();
  EXPECT_EQ(model.class_name(static_cast<size_t>(session.Integers(1).value()[0])), "red");
  EXPECT_EQ(stream.Finish().error().status(), POTLUT_USAGE);
  EXPECT_EQ(potlut::Stream::Create(99).error().status(), POTLUT_USAGE);
}

TEST(CppApi, SessionsOfOneModelRunInThreads) {
  const Model model = Model::Load(kModel).value();
  std::array<int, 6> wrong{};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      Session session = Session::Create(model).value();
      for (int run = 0; run < 300; ++run) {
        const int red = (static_cast<int>(t) * 37 + run) % 256;
        session.Run(Picture(red)).value();
        // Red's mean, as potlut rounds it.
        const int sum = (red - 128) * 30 + 16;
        if (session.Integers(2).value()[0] != (sum >= 0 ? sum / 32 : -((-sum + 31) / 32)))
          ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, (std::array<int, 6>{}));
}

TEST(CppApi, SessionsShareAPoolOfHelpers) {
  const Model model = Model::Load(kModel).value();
  const potlut::Pool pool = potlut::Pool::Create(3).value();
  EXPECT_EQ(pool.threads(), 3);
  EXPECT_GE(potlut::Pool::Create().value().threads(), 1);
  EXPECT_EQ(potlut::Pool::Create(-1).error().status(), POTLUT_USAGE);
  EXPECT_EQ(potlut::Pool::Create(1000).error().status(), POTLUT_USAGE);
  EXPECT_GE(pool.arena_size(model), model.arena_size());
  Session alone = Session::Create(model).value();
  Session one = Session::Create(model, pool).value(), two = Session::Create(model, pool).value();
  for (const int red : {0, 99, 250}) {
    for (Session* session : {&alone, &one, &two}) session->Run(Picture(red)).value();
    for (size_t i = 0; i < model.output_count(); ++i) {
      EXPECT_EQ(one.Integers(i).value(), alone.Integers(i).value());
      EXPECT_EQ(two.Integers(i).value(), alone.Integers(i).value());
    }
  }
}

}  // namespace
