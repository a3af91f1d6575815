// Heads of version 2 made by hand field by field, and damaged ones: each refused with its code, in
// bounded memory and time, with a word about the place.
#include "pack/head.h"

#include <gtest/gtest.h>

#include "pack/container.h"
#include "pack/head_codec.h"
#include "pack/random_program.h"

namespace potlut {
namespace {

void ExpectRefused(const Status& status, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(status.ok()) << "accepted; expected: " << part;
  EXPECT_EQ(status.code(), code) << status.message();
  EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
}

Program Small() {
  return ChainProgram(1, {{std::move(MakeAlphabet(AlphabetKind::kPot, 3)).value(), 4},
                          {std::move(MakeAlphabet(AlphabetKind::kPot, 3)).value(), 4}});
}

const ConvOp& FirstConv(const Program& program) { return std::get<ConvOp>(program.nodes[0].op); }

// The head of a program that nothing validated.
Status Refusal(const Program& program, const std::vector<LayerBlock>& blocks = {{0, 41}, {0, 54}},
               const ProgramLimits& limits = {}) {
  const auto head = EncodeHead(program, blocks);
  if (!head.ok()) return head.error();
  return DecodeHead(*head, false, limits).status();
}

TEST(Head, ComesBackWithoutCodes) {
  const Program program = Small();
  const auto head = EncodeHead(program, std::vector<LayerBlock>{{0, 41}, {1, 54}});
  ASSERT_TRUE(head.ok()) << head.error().message;
  const auto back = DecodeHead(*head, false, {});
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->blocks[1].coder, 1);
  EXPECT_EQ(back->blocks[1].bytes, 54U);
  EXPECT_EQ(back->sizes[0].codes, static_cast<int64_t>(FirstConv(program).codes.size()));
  EXPECT_TRUE(FirstConv(back->program).codes.empty());
  EXPECT_EQ(FirstConv(back->program).bias, FirstConv(program).bias);
}

TEST(Head, ExtremeNumbersComeBack) {
  Program program = Small();
  auto& conv = std::get<ConvOp>(program.nodes[0].op);
  conv.bias = {INT32_MIN, INT32_MAX, 0, -1};
  conv.shift = {-15, 31, 0, 31};
  conv.lo = INT32_MIN;
  conv.hi = INT32_MAX;
  program.tensors[1].exponent = INT32_MIN;
  program.tensors[2].exponent = INT32_MAX;
  program.tensors[1].factor = {0.0, -0.0, 1e308, 5e-324, -1.0 / 3, 1, 2};
  const auto head = EncodeHead(program, std::vector<LayerBlock>{{0, 0}, {0, uint64_t{1} << 39}});
  ASSERT_TRUE(head.ok()) << head.error().message;
  const auto back = DecodeHead(*head, false, {});
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(FirstConv(back->program).bias, conv.bias);
  EXPECT_EQ(FirstConv(back->program).shift, conv.shift);
  EXPECT_EQ(FirstConv(back->program).lo, INT32_MIN);
  EXPECT_EQ(back->program.tensors[1].exponent, INT32_MIN);
  EXPECT_EQ(back->program.tensors[2].exponent, INT32_MAX);
  EXPECT_EQ(std::bit_cast<uint64_t>(back->program.tensors[1].factor[1]),
            std::bit_cast<uint64_t>(-0.0));
  EXPECT_EQ(back->program.tensors[1].factor, program.tensors[1].factor);
  EXPECT_EQ(back->blocks[1].bytes, uint64_t{1} << 39);
}

TEST(Head, FieldsOutOfRange) {
  const auto with = [](auto change) {
    Program program = Small();
    change(program);
    return program;
  };
  const auto conv = [](Program& p) -> ConvOp& { return std::get<ConvOp>(p.nodes[0].op); };
  ExpectRefused(Refusal(with([](Program& p) { p.input = 9; })), ErrorCode::kBadInput,
                "input tensor is 9");
  ExpectRefused(Refusal(with([](Program& p) { p.outputs = {5}; })), ErrorCode::kBadInput,
                "output tensor is");
  ExpectRefused(Refusal(with([&](Program& p) { conv(p).shift[2] = 32; })), ErrorCode::kBadInput,
                "layer 'conv0': shift is");
  ExpectRefused(Refusal(with([&](Program& p) { conv(p).shift[0] = -16; })), ErrorCode::kBadInput,
                "layer 'conv0': shift is");
  ExpectRefused(Refusal(with([&](Program& p) { conv(p).groups = 2; })), ErrorCode::kBadInput,
                "layer 'conv0': 2 groups of 3 channels");
  ExpectRefused(Refusal(with([&](Program& p) { conv(p).window.kernel_h = 1 << 29; })),
                ErrorCode::kResourceLimit, "more weights than the limit");
  ExpectRefused(Refusal(with([](Program& p) { p.tensors[1].dims.h = 1 << 21; })),
                ErrorCode::kBadInput, "tensor 1: height is 2097152");
  ExpectRefused(Refusal(with([](Program& p) { p.tensors.clear(); })), ErrorCode::kBadInput,
                "no tensors");
  ExpectRefused(Refusal(with([](Program& p) { p.tensors[1].factor = {1.0 / 0.0}; })),
                ErrorCode::kBadInput, "not a finite number");
  ExpectRefused(Refusal(Small(), {{1, 0}, {1, 0}}, {.max_nodes = 1}), ErrorCode::kResourceLimit,
                "number of tensors is 3, past the limit");
  Program huge = Small();
  for (Node& node : huge.nodes) std::get<ConvOp>(node.op).window.kernel_h = 40000;
  ExpectRefused(Refusal(huge, {{1, 9}, {1, 9}}), ErrorCode::kResourceLimit,
                "more codes than blocks of that size may hold");
}

// Single fields written by hand where the writer would not.
TEST(Head, HandMade) {
  const auto refusal = [](auto write) {
    HeadWriter writer;
    write(writer);
    const auto head = writer.Finish();
    return DecodeHead(head, false, {}).status();
  };
  UintModel count;
  AdaptiveBit hex;
  ExpectRefused(refusal([&](HeadWriter& w) {
                  UintModel c;
                  w.Uint(c, uint64_t{1} << 60, 0, "");
                }),
                ErrorCode::kBadInput, "metadata entries is 1152921504606846976");
  ExpectRefused(refusal([&](HeadWriter& w) {
                  w.Uint(count, 2, 0, "");
                  for (const char* key : {"b", "a"}) {
                    w.Text(key, TextKind::kKey, 0, "");
                    w.Flag(hex, false, "");
                    w.Text("v", TextKind::kValue, 0, "");
                  }
                }),
                ErrorCode::kBadInput, "metadata entry 1: key 'a' does not follow 'b'");
  ExpectRefused(refusal([&](HeadWriter& w) {
                  UintModel c;
                  w.Uint(c, 1, 0, "");
                  w.Text("\xC3", TextKind::kKey, 0, "");
                }),
                ErrorCode::kBadInput, "key is not valid UTF-8");
  ExpectRefused(refusal([&](HeadWriter& w) {
                  UintModel c;
                  w.Uint(c, 1, 0, "");
                  w.Text(std::string(5000, 'k'), TextKind::kKey, 0, "");
                }),
                ErrorCode::kBadInput, "key has more than 4096 bytes");
  ExpectRefused(refusal([&](HeadWriter& w) {
                  UintModel c;
                  AdaptiveBit h;
                  w.Uint(c, 1, 0, "");
                  w.Text("k", TextKind::kKey, 0, "");
                  w.Flag(h, false, "");
                  w.Text(std::string(100000, 'k'), TextKind::kValue, 0, "");
                }),
                ErrorCode::kResourceLimit, "more text than a head of this size");
  ExpectRefused(refusal([&](HeadWriter& w) {
                  UintModel c;
                  w.Uint(c, 0, 0, "");
                  w.Uint(c, uint64_t{1} << 40, 0, "");
                }),
                ErrorCode::kResourceLimit, "number of tensors is 1099511627776");
}

TEST(Head, TooManyNamesForItsSize) {
  Program program = Small();
  for (Tensor& t : program.tensors) t.name = std::string(4096, 'n');
  const Node node = program.nodes[0];
  for (int i = 0; i < 20; ++i) {
    program.tensors.push_back(program.tensors.back());
    program.nodes.push_back(node);
    program.nodes.back().output = static_cast<int32_t>(program.tensors.size()) - 1;
  }
  EXPECT_EQ(EncodeHead(program, std::vector<LayerBlock>(22)).status().code(),
            ErrorCode::kResourceLimit);
}

// All that is cut, lengthened or changed is refused or is another head that can be written again.
TEST(Head, DamageIsSeenOrHarmless) {
  const Program program = RandomProgram(3);
  std::vector<LayerBlock> blocks;
  for (const Node& node : program.nodes) {
    if (std::holds_alternative<ConvOp>(node.op)) blocks.push_back({1, 1000});
  }
  const auto head = *EncodeHead(program, blocks);
  ASSERT_TRUE(DecodeHead(head, false, {}).ok());
  for (size_t size = 0; size < head.size(); size += 1 + size / 40) {
    const std::vector<uint8_t> cut(head.begin(), head.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(DecodeHead(cut, false, {}).ok()) << size;
  }
  auto longer = head;
  longer.push_back(0);
  EXPECT_FALSE(DecodeHead(longer, false, {}).ok());
  SmallRandom random(4);
  for (int round = 0; round < 300; ++round) {
    auto changed = head;
    changed[static_cast<size_t>(random.Int(0, static_cast<int32_t>(head.size()) - 1))] ^=
        static_cast<uint8_t>(1 << random.Int(0, 7));
    const auto back = DecodeHead(changed, false, {});
    if (back.ok()) continue;
    EXPECT_FALSE(back.error().message.empty());
  }
  for (int round = 0; round < 200; ++round) {
    std::vector<uint8_t> noise(static_cast<size_t>(random.Int(0, 300)));
    for (uint8_t& b : noise) b = static_cast<uint8_t>(random.OneIn(3) ? 0 : random.Next());
    EXPECT_FALSE(DecodeHead(noise, false, {}).ok()) << "noise " << round << " of seed 4";
  }
}

TEST(Shell2, IsChecked) {
  const auto good = *Pack(Small());
  ASSERT_TRUE(Unpack(good).ok());
  const auto refused = [&](std::vector<std::pair<size_t, uint8_t>> changes, ErrorCode code,
                           std::string_view message, bool repair = true) {
    auto file = good;
    for (const auto& [at, value] : changes) file[at] = value;
    if (repair) RepairChecksums(file);
    ExpectRefused(Unpack(file).status(), code, message);
  };
  refused({{8, 3}}, ErrorCode::kUnsupported, "version 3");
  refused({{10, 2}}, ErrorCode::kUnsupported, "file flags 2 (offset 10) are unknown");
  refused({{11, 1}}, ErrorCode::kUnsupported, "file flags 256");
  refused({{15, 1}}, ErrorCode::kBadInput, "does not fit into");
  refused({{16, static_cast<uint8_t>(good[16] + 1)}}, ErrorCode::kBadInput, "it was truncated");
  refused({{16, static_cast<uint8_t>(good[16] - 1)}}, ErrorCode::kBadInput,
          "something was appended");
  refused({{23, 1}}, ErrorCode::kBadInput, "it was truncated");
  refused({{30, static_cast<uint8_t>(good[30] ^ 1)}}, ErrorCode::kBadInput,
          "does not match its checksum", false);
  // A file whose blocks are cut short, all else being right.
  auto file = good;
  file.erase(file.end() - 5, file.end() - 4);
  file[16] = static_cast<uint8_t>(file[16] - 1);
  RepairChecksums(file);
  ExpectRefused(Unpack(file).status(), ErrorCode::kBadInput, "do not make up the file");
}

}  // namespace
}  // namespace potlut
