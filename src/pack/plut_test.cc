// Whole files: round trips of random programs, determinism, sizes, bounds on what a file unfolds
// to.
#include "pack/plut.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include "base/file.h"
#include "pack/program_text.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

Alphabet Fixed(AlphabetKind kind, int bits) { return std::move(MakeAlphabet(kind, bits)).value(); }

void ExpectRoundTrip(const Program& program, const PackOptions& options) {
  std::vector<LayerBytes> written, read;
  const auto bytes = Pack(program, options, &written);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  const auto back = Unpack(*bytes, {}, &read);
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_TRUE(*back == program) << ProgramText(*back) << "\n----\n" << ProgramText(program);
  ASSERT_EQ(written.size(), read.size());
  int64_t codes = 0;
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(written[i].node, read[i].node);
    EXPECT_EQ(written[i].coder, read[i].coder);
    EXPECT_EQ(written[i].weights, read[i].weights);
    EXPECT_EQ(written[i].stage1_bytes, read[i].stage1_bytes);
    EXPECT_EQ(written[i].stage2_bytes, read[i].stage2_bytes);
    EXPECT_EQ(written[i].entropy_bits, read[i].entropy_bits);
    EXPECT_LE(read[i].stage2_bytes, read[i].stage1_bytes);
    codes += read[i].stage2_bytes;
  }
  // Every byte is told of, to the last rounding.
  const auto sizes = SizesOf(*bytes);
  ASSERT_TRUE(sizes.ok()) << sizes.error().message;
  EXPECT_EQ(sizes->version, options.version);
  EXPECT_EQ(sizes->codes, codes);
  EXPECT_NEAR(static_cast<double>(sizes->file),
              static_cast<double>(sizes->shell + sizes->metadata + sizes->names + sizes->tensors +
                                  sizes->nodes + sizes->tables + sizes->alphabets + sizes->shifts +
                                  sizes->biases + sizes->directory + sizes->codes),
              8);
}

TEST(Plut, RoundTripsRandomPrograms) {
  std::set<size_t> ops;
  std::set<std::pair<AlphabetKind, int>> alphabets;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE("RandomProgram(" + std::to_string(seed) + ")");
    const Program program = RandomProgram(seed);
    ASSERT_TRUE(Validate(program).ok()) << Validate(program).message();
    const PackOptions options[] = {
        {.entropy_code = seed % 4 > 0, .version = 1},
        {.effort = static_cast<Effort>(seed % 3)},
        {.entropy_code = false},
    };
    for (const PackOptions& option : options) {
      if (!option.entropy_code && option.version == 2 && seed % 4 > 0) continue;
      ExpectRoundTrip(program, option);
    }
    for (const Node& node : program.nodes) {
      ops.insert(node.op.index());
      if (const auto* c = std::get_if<ConvOp>(&node.op))
        alphabets.emplace(c->alphabet.kind, c->alphabet.bits);
    }
  }
  EXPECT_EQ(ops.size(), std::variant_size_v<Op>) << "the random programs lack an operator";
  EXPECT_EQ(alphabets.size(), 3U + 3 + 5 + 4 + 4) << "the random programs lack an alphabet";
}

TEST(Plut, SameProgramSameBytes) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(*Pack(RandomProgram(seed)), *Pack(RandomProgram(seed)))
        << "RandomProgram(" << seed << ")";
  }
}

TEST(Plut, LayersOfAllSizesAndSharedAlphabets) {
  const Alphabet pot = Fixed(AlphabetKind::kPot, 3), wide = Fixed(AlphabetKind::kUniform, 8);
  SmallRandom random(7);
  const Alphabet pair = RandomAlphabet(random, AlphabetKind::kPair, 6);
  const Program program = ChainProgram(7, {{wide, 16},
                                           {pot, 128},
                                           {pot, 128},
                                           {pair, 64},
                                           {pair, 31},
                                           {pot, 10, 1, 20},
                                           {pot, 2, 1, 0}});
  std::vector<LayerBytes> layers;
  const auto bytes = Pack(program, {}, &layers);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  const auto back = Unpack(*bytes);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(*back == program);
  EXPECT_EQ(layers[2].weights, 128 * 128 * 9);
  EXPECT_EQ(layers[3].weights, 64 * 128 * 9);
  EXPECT_EQ(layers[3].stage1_bytes, 64 * 64 * 9 * 6 / 8);
}

// Everything but codes of a ResNet-20: names, shapes, biases, shifts, tables, metadata, checksums,
// padding.
TEST(Plut, ResNet20CostsFewBytesBesideItsCodes) {
  const Program program = ResNet20Shaped(1, Fixed(AlphabetKind::kPot, 4));
  for (const int version : {1, 2}) {
    std::vector<LayerBytes> layers;
    const auto bytes = Pack(program, {.version = version}, &layers);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    int64_t codes = 0, weights = 0;
    for (const LayerBytes& layer : layers) {
      codes += layer.stage2_bytes;
      weights += layer.weights;
    }
    EXPECT_GT(weights, 268000);
    const int64_t beside = static_cast<int64_t>(bytes->size()) - codes;
    std::printf("ResNet-20, version %d: %zu bytes, %lld beside the codes of %lld weights\n",
                version, bytes->size(), static_cast<long long>(beside),
                static_cast<long long>(weights));
    EXPECT_LT(beside, version == 1 ? 6000 : 2800);  // 1,376 of them random biases and shifts
    EXPECT_TRUE(*Unpack(*bytes) == program);
  }
}

// Layers of one code cost almost nothing until a reader would have to believe too much; then they
// are stored raw.
TEST(Plut, DegenerateLayersStayWithinTheUnfoldLimit) {
  const Alphabet pot = Fixed(AlphabetKind::kPot, 2);
  Program program = ChainProgram(8, {{pot, 1024, 1}, {pot, 2048, 3}});
  for (Node& node : program.nodes) {
    auto& conv = std::get<ConvOp>(node.op);
    conv.codes.assign(conv.codes.size(), 1);
  }
  for (const int version : {1, 2}) {
    std::vector<LayerBytes> layers;
    const auto bytes = Pack(program, {.version = version}, &layers);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    EXPECT_EQ(layers[1].weights, 1024 * 2048 * 9);
    EXPECT_EQ(layers[1].coder, CoderId::kRaw);
    const auto back = Unpack(*bytes);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_TRUE(*back == program);
  }
}

TEST(Plut, LimitsAreKept) {
  const Program program = ResNet20Shaped(2, Fixed(AlphabetKind::kPot, 3));
  ProgramLimits weights, nodes, side;
  weights.max_weights = 200000;
  nodes.max_nodes = 20;
  side.max_dimension = 48;
  for (const int version : {1, 2}) {
    const auto bytes = *Pack(program, {.version = version});
    for (const ProgramLimits& limits : {weights, nodes}) {
      const auto got = Unpack(bytes, limits);
      ASSERT_FALSE(got.ok());
      EXPECT_EQ(got.error().code, ErrorCode::kResourceLimit) << got.error().message;
      EXPECT_NE(got.error().message.find("limit"), std::string::npos) << got.error().message;
    }
    EXPECT_FALSE(Unpack(bytes, side).ok());
  }
}

TEST(Plut, PackRefusesWhatReadersWould) {
  Program bad = ChainProgram(9, {{Fixed(AlphabetKind::kPot, 4), 4}});
  std::get<ConvOp>(bad.nodes[0].op).codes[0] = 15;
  EXPECT_EQ(Pack(bad).status().code(), ErrorCode::kBadInput);
  Program names = ChainProgram(9, {{Fixed(AlphabetKind::kPot, 4), 4}});
  names.nodes[0].name = "\xC3\x28";
  EXPECT_EQ(Pack(names).status().code(), ErrorCode::kBadInput);
  names.nodes[0].name = std::string(5000, 'n');
  EXPECT_EQ(Pack(names).status().code(), ErrorCode::kResourceLimit);
  names.nodes[0].name = std::string(4096, 'n');
  EXPECT_TRUE(Pack(names).ok());
  names.metadata["recipe"] = "\xFF";
  EXPECT_EQ(Pack(names).status().code(), ErrorCode::kBadInput);
  names.metadata["recipe"] = std::string(1 << 20, 'r');  // more than a head of its size may hold
  EXPECT_EQ(Pack(names).status().code(), ErrorCode::kResourceLimit);
  EXPECT_TRUE(Pack(names, {.version = 1}).ok());
  EXPECT_EQ(Pack(bad, {.version = 3}).status().code(), ErrorCode::kBadInput);
  names.metadata.clear();
  EXPECT_EQ(Pack(names, {.version = 3}).status().code(), ErrorCode::kUsage);
}

TEST(Plut, FilesComeBack) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "potlut_plut_test";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "model.plut";
  const Program program = RandomProgram(11);
  ASSERT_TRUE(SaveProgram(path, program).ok());
  const auto back = LoadProgram(path);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(*back == program);
  const auto bytes = *ReadFile(path);
  EXPECT_TRUE(LooksLikePlut(bytes));
  EXPECT_FALSE(LooksLikePlut(std::span(bytes).first(7)));
  EXPECT_FALSE(LooksLikePlut(std::span(bytes).subspan(1)));

  EXPECT_EQ(LoadProgram(folder / "absent.plut").status().code(), ErrorCode::kBadInput);
  ASSERT_TRUE(WriteFileAtomic(path, std::span(bytes).first(bytes.size() - 1)).ok());
  const auto cut = LoadProgram(path);
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.error().message.find("model.plut': "), std::string::npos) << cut.error().message;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace potlut
