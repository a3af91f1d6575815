// Streams: the program that Unpack reads, from pieces of any size, in bounded memory; whatever
// Unpack refuses is refused.
#include "pack/stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "base/file.h"
#include "pack/container.h"
#include "pack/random_program.h"

namespace {

// Bytes that this program holds by operator new, and the most since the last reset. The size stands
// before each block.
std::atomic<int64_t> g_held{0}, g_most{0};
constexpr size_t kHeader = 16;

void* Allocate(size_t size) {
  auto* block = static_cast<char*>(std::malloc(size + kHeader));
  if (block == nullptr) throw std::bad_alloc();
  *reinterpret_cast<size_t*>(block) = size;
  const int64_t held = g_held += static_cast<int64_t>(size);
  int64_t most = g_most;
  while (held > most && !g_most.compare_exchange_weak(most, held)) {
  }
  return block + kHeader;
}

void Free(void* pointer) {
  if (pointer == nullptr) return;
  char* block = static_cast<char*>(pointer) - kHeader;
  g_held -= static_cast<int64_t>(*reinterpret_cast<size_t*>(block));
  std::free(block);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* pointer) noexcept { Free(pointer); }
void operator delete[](void* pointer) noexcept { Free(pointer); }
void operator delete(void* pointer, size_t) noexcept { Free(pointer); }
void operator delete[](void* pointer, size_t) noexcept { Free(pointer); }

namespace potlut {
namespace {

Alphabet Fixed(AlphabetKind kind, int bits) { return std::move(MakeAlphabet(kind, bits)).value(); }

// Feeds pieces of sizes that `next` gives.
template <typename Next>
Expected<Program> ByPieces(std::span<const uint8_t> file, const StreamOptions& options, Next next) {
  PlutStream stream(options);
  while (!file.empty()) {
    const size_t size = std::min<size_t>(file.size(), next());
    // Copied, so that the sanitizer sees a read past the piece.
    const std::vector<uint8_t> piece(file.begin(), file.begin() + static_cast<ptrdiff_t>(size));
    POTLUT_RETURN_IF_ERROR(stream.Feed(piece));
    file = file.subspan(size);
  }
  return stream.Finish();
}

Expected<Program> ByBytes(std::span<const uint8_t> file, const StreamOptions& options = {}) {
  return ByPieces(file, options, [] { return size_t{1}; });
}

TEST(Stream, GivesWhatUnpackGives) {
  SmallRandom random(1);
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("RandomProgram(" + std::to_string(seed) + "), sizes of seed 1");
    const Program program = RandomProgram(seed);
    for (const int version : {1, 2}) {
      const auto file = *Pack(program, {.version = version});
      const auto whole = ByPieces(file, {}, [&] { return file.size(); });
      ASSERT_TRUE(whole.ok()) << whole.error().message;
      EXPECT_TRUE(*whole == program);
      const auto single = ByBytes(file);
      ASSERT_TRUE(single.ok()) << single.error().message;
      EXPECT_TRUE(*single == program);
      const auto mixed =
          ByPieces(file, {}, [&] { return static_cast<size_t>(random.Int(0, 700)); });
      ASSERT_TRUE(mixed.ok()) << mixed.error().message;
      EXPECT_TRUE(*mixed == program);
    }
  }
}

TEST(Stream, TellsHowFarItIs) {
  const auto file = *Pack(RandomProgram(1));
  PlutStream stream;
  EXPECT_EQ(stream.expected_bytes(), 0U);
  EXPECT_FALSE(stream.complete());
  ASSERT_TRUE(stream.Feed(std::span(file).first(24)).ok());
  EXPECT_EQ(stream.expected_bytes(), file.size());
  ASSERT_TRUE(stream.Feed(std::span(file).subspan(24, file.size() - 25)).ok());
  EXPECT_FALSE(stream.complete());
  ASSERT_TRUE(stream.Feed(std::span(file).last(1)).ok());
  EXPECT_TRUE(stream.complete());
  ASSERT_TRUE(stream.Finish().ok());
  EXPECT_EQ(stream.Finish().status().code(), ErrorCode::kUsage);
  EXPECT_EQ(stream.Feed(std::span(file).first(1)).code(), ErrorCode::kBadInput);
}

TEST(Stream, RefusesWhatEndsEarlyOrGoesOn) {
  for (const int version : {1, 2}) {
    auto file = *Pack(RandomProgram(2), {.version = version});
    for (size_t size = 0; size < file.size(); size += 1 + size / 30) {
      const auto cut = ByPieces(std::span(file).first(size), {}, [] { return size_t{100}; });
      ASSERT_FALSE(cut.ok()) << size;
      EXPECT_EQ(cut.error().code, ErrorCode::kBadInput) << cut.error().message;
    }
    file.push_back(0);
    EXPECT_EQ(ByBytes(file).status().code(), ErrorCode::kBadInput);
  }
  PlutStream nothing;
  EXPECT_NE(nothing.Finish().error().message.find("ends early"), std::string::npos);
}

TEST(Stream, RefusesEveryFlippedBit) {
  const auto file = *Pack(ChainProgram(
      1, {{Fixed(AlphabetKind::kPot, 3), 4, 3, 2}, {Fixed(AlphabetKind::kPot, 4), 4, 1, 3}}));
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    auto changed = file;
    changed[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
    const auto got = ByPieces(changed, {}, [] { return size_t{64}; });
    ASSERT_FALSE(got.ok()) << "bit " << bit;
    EXPECT_FALSE(got.error().message.empty());
  }
}

// A lie about sizes takes no memory before bytes come for it.
TEST(Stream, HostileSizesTakeNoMemory) {
  auto file = *Pack(RandomProgram(3));
  for (size_t i = 12; i < 23; ++i) file[i] = 0xFF;
  file[22] = 0;
  g_most = g_held.load();
  const int64_t before = g_held;
  PlutStream stream;
  (void)stream.Feed(file);
  EXPECT_FALSE(stream.Finish().ok());
  EXPECT_LT(g_most - before, int64_t{70} << 20);
}

// Peak memory: at most the largest layer and 1 MiB beside the program itself.
TEST(Stream, MemoryIsBounded) {
  const Program resnet = ResNet20Shaped(1, Fixed(AlphabetKind::kPot, 4));
  const Program large = ChainProgram(2, {{Fixed(AlphabetKind::kUniform, 8), 64},
                                         {Fixed(AlphabetKind::kUniform, 8), 700, 3, 0},
                                         {Fixed(AlphabetKind::kPot, 4), 500},
                                         {Fixed(AlphabetKind::kPot, 3), 10}});
  for (const Program* program : {&resnet, &large}) {
    int64_t largest = 0;
    for (const Node& node : program->nodes) {
      if (const auto* conv = std::get_if<ConvOp>(&node.op))
        largest = std::max(largest, static_cast<int64_t>(conv->codes.size()));
    }
    const int low_bits = program == &resnet ? 3 : 0;
    for (const PackOptions& options :
         {PackOptions{}, PackOptions{.entropy_code = false}, PackOptions{.effort = Effort::kSmall},
          PackOptions{.low_bits = low_bits}}) {
      const auto file = *Pack(*program, options);
      const int64_t before = g_held;
      g_most = before;
      std::optional<Program> got;
      int64_t most = 0;
      {
        PlutStream stream;
        for (size_t at = 0; at < file.size(); at += 1000) {
          const auto rest = std::span(file).subspan(at);
          ASSERT_TRUE(stream.Feed(rest.first(std::min<size_t>(1000, rest.size()))).ok());
        }
        auto finished = stream.Finish();
        ASSERT_TRUE(finished.ok()) << finished.error().message;
        most = g_most - before;
        got = std::move(*finished);
      }
      EXPECT_TRUE(*got == *program);
      const int64_t itself = g_held - before;
      std::printf("stream: program %lld, largest layer %lld, peak beside the program %lld bytes\n",
                  static_cast<long long>(itself), static_cast<long long>(largest),
                  static_cast<long long>(most - itself));
      EXPECT_LE(most - itself, largest + (1 << 20));
    }
  }
}

TEST(Stream, LowReadingIsCompleteEarly) {
  const Program program = ResNet20Shaped(4, Fixed(AlphabetKind::kPot, 4));
  const auto file = *Pack(program, {.low_bits = 3});
  const auto low = UnpackLow(file, 3);
  ASSERT_TRUE(low.ok()) << low.error().message;
  PlutStream stream({.low = true, .low_bits = 3});
  size_t fed = 0;
  while (fed < file.size() && !stream.complete())
    ASSERT_TRUE(stream.Feed(std::span(file).subspan(fed++, 1)).ok());
  EXPECT_EQ(fed, stream.expected_bytes());
  EXPECT_LT(fed, file.size() * 9 / 10);
  ASSERT_TRUE(stream.Feed(std::span(file).subspan(fed)).ok());
  const auto got = stream.Finish();
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_TRUE(*got == *low);
  EXPECT_TRUE(*ByBytes(file) == program);
  EXPECT_EQ(ByBytes(file, {.low = true, .low_bits = 2}).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(ByBytes(*Pack(program), {.low = true}).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(ByBytes(*Pack(program, {.version = 1}), {.low = true}).status().code(),
            ErrorCode::kUsage);
}

}  // namespace
}  // namespace potlut
