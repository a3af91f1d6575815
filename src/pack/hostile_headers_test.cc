// More than two hundred hostile headers of .plut files (both versions) and deltas, checksums made
// right: each is refused, in a process that may have no more than 256 MiB.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <iostream>

#include "base/text.h"
#include "pack/coder.h"
#include "pack/container.h"
#include "pack/delta.h"
#include "pack/head.h"
#include "pack/plut.h"
#include "pack/random_program.h"
#include "pack/shell.h"
#include "pack/stream.h"
#include "pack/wire.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POTLUT_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POTLUT_SHADOW_MEMORY 1
#endif
#endif

namespace potlut {
namespace {

using Bytes = std::vector<uint8_t>;

struct Hostile {
  std::string name;
  Bytes file;
};
using Table = std::vector<Hostile>;

// A look-up, two convolutions (pot 4, uniform 8) and their tensors.
Program Small() {
  return ChainProgram(5, {{MakeAlphabet(AlphabetKind::kPot, 4).value(), 6, 3, 1},
                          {MakeAlphabet(AlphabetKind::kUniform, 8).value(), 4, 1, 0}});
}

void Store(Bytes& file, size_t at, size_t size, uint64_t v) {
  for (size_t i = 0; i < size; ++i) file[at + i] = static_cast<uint8_t>(v >> (8 * i));
}
uint64_t Load(const Bytes& file, size_t at, size_t size) {
  uint64_t v = 0;
  for (size_t i = 0; i < size; ++i) v |= uint64_t{file[at + i]} << (8 * i);
  return v;
}

constexpr uint64_t kTop = uint64_t{1} << 63;
constexpr uint64_t kAll = UINT64_MAX;

// A field of the shell in each of these values, which it does not have.
void Field(Table& table, const char* what, const Bytes& good, size_t at, size_t size,
           const std::vector<uint64_t>& values) {
  for (const uint64_t v : values) {
    Bytes file = good;
    Store(file, at, size, v);
    if (file == good) continue;
    RepairChecksums(file);
    table.push_back({Cat(what, " at ", at, " = ", v), std::move(file)});
  }
}

void Version1(Table& table) {
  const Bytes good = Pack(Small(), {.version = 1}).value();
  const uint64_t size = good.size();
  Field(table, "v1 magic", good, 0, 8, {0, kAll, Load(good, 0, 8) ^ kTop});
  Field(table, "v1 version", good, 8, 2, {0, 3, 256, 65535});
  Field(table, "v1 sections", good, 10, 2, {0, 1, 5, 7, 255, 65535});
  Field(table, "v1 flags", good, 12, 4, {1, 1U << 31, UINT32_MAX});
  Field(table, "v1 size", good, 16, 8, {0, 24, size - 1, size + 1, uint64_t{1} << 40, kTop, kAll});
  for (size_t i = 0; i < kSectionCount; ++i) {
    const size_t at = kPlutHeaderBytes + i * kPlutEntryBytes;
    const uint64_t offset = Load(good, at + 4, 8), bytes = Load(good, at + 12, 8);
    Field(table, "v1 section kind", good, at, 2, {0, i + 2, 9});
    Field(table, "v1 section flags", good, at + 2, 2, {1});
    Field(table, "v1 section offset", good, at + 4, 8,
          {0, offset - 64, offset + 64, offset + 1, size, kTop, kAll - 63});
    Field(table, "v1 section size", good, at + 12, 8,
          {bytes + 64, size, uint64_t{1} << 32, kTop, kAll, kAll - offset + 1});
  }
  // Counts at the beginning of each section, as numbers that are huge, overlong or without end.
  SectionPayloads payloads;
  const auto views = ReadContainer(good);
  ASSERT_TRUE(views.ok());
  for (size_t i = 0; i < kSectionCount; ++i)
    payloads[i].assign((*views)[i].bytes.begin(), (*views)[i].bytes.end());
  const std::vector<Bytes> numbers{
      {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01},
      {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},
      {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00},
      {0xFF, 0xFF, 0xFF, 0xFF, 0x0F},
      {0x80, 0x80, 0x80, 0x80}};
  for (size_t i = 0; i < kSectionCount; ++i) {
    if (payloads[i].empty()) continue;  // there are no look-up tables
    for (const Bytes& number : numbers) {
      SectionPayloads changed = payloads;
      changed[i].erase(changed[i].begin());
      changed[i].insert(changed[i].begin(), number.begin(), number.end());
      table.push_back({Cat("v1 ", kSectionNames[i], " begins with a number of ", number.size(),
                           " bytes, ", int{number[0]}),
                       WriteContainer(changed)});
    }
    SectionPayloads empty = payloads;
    empty[i].clear();
    table.push_back({Cat("v1 empty ", kSectionNames[i]), WriteContainer(empty)});
  }
}

void Shells2(Table& table) {
  for (const int low : {0, 3}) {
    const Bytes good = Pack(Small(), {.low_bits = low}).value();
    const uint64_t size = good.size(), head = Load(good, 12, 4);
    Field(table, "v2 version", good, 8, 2, {0, 1, 3, 512, 65535});
    Field(table, "v2 flags", good, 10, 2, {low > 0 ? 0U : 1U, 2, 0x8000, 65535});
    Field(table, "v2 head size", good, 12, 4,
          {0, 1, head - 1, head + 1, size - 28, size, 1U << 31, UINT32_MAX});
    Field(table, "v2 size", good, 16, 8, {0, 24, size - 1, size + 1, kTop, kAll});
    if (low == 0) continue;
    const uint64_t first = Load(good, 24, 8);
    Field(table, "v2 low size", good, 24, 8,
          {0, 1, 32 + head, first - 1, first + 1, size, size + 1, kTop, kAll});
  }
}

// A head that says something else than the blocks behind it.
void Head2(Table& table, const std::string& name,
           const std::function<void(Program&, std::vector<LayerBlock>&)>& change) {
  Program program = Small();
  std::vector<LayerBlock> blocks;
  std::vector<Bytes> parts(1);
  for (const Node& node : program.nodes) {
    const auto* conv = std::get_if<ConvOp>(&node.op);
    if (conv == nullptr) continue;
    CodeBudget budget;
    const CodedLayer coded = EncodeCodes2(*conv, conv->alphabet, conv->codes, {}, budget);
    blocks.push_back({static_cast<uint8_t>(coded.coder), coded.block.size(), 0});
    parts[0].insert(parts[0].end(), coded.block.begin(), coded.block.end());
  }
  change(program, blocks);
  const auto head = EncodeHead(program, blocks);
  if (head.ok()) table.push_back({Cat("v2 ", name), WriteShell2(0, *head, parts)});
}

void Heads2(Table& table) {
  const std::vector<int32_t> sizes{0, (1 << 20) + 1, 1 << 30, INT32_MAX};
  const size_t tensors = Small().tensors.size();
  for (size_t t = 0; t < tensors; ++t) {
    for (const int32_t v : sizes) {
      Head2(table, Cat("tensor ", t, " height ", v),
            [&](Program& p, auto&) { p.tensors[t].dims.h = v; });
      Head2(table, Cat("tensor ", t, " channels ", v),
            [&](Program& p, auto&) { p.tensors[t].dims.c = v; });
    }
    Head2(table, Cat("tensor ", t, " infinite factor"),
          [&](Program& p, auto&) { p.tensors[t].factor = {1.0 / 0.0}; });
    Head2(table, Cat("tensor ", t, " factors"), [&](Program& p, auto&) {
      p.tensors[t].factor.assign(static_cast<size_t>(p.tensors[t].dims.c) + 1, 0.5);
    });
  }
  const auto conv = [](Program& p) -> ConvOp& {
    for (Node& node : p.nodes) {
      if (auto* op = std::get_if<ConvOp>(&node.op)) return *op;
    }
    std::abort();
  };
  const std::vector<std::pair<const char*, int32_t Window::*>> fields{
      {"kernel_h", &Window::kernel_h}, {"kernel_w", &Window::kernel_w},
      {"stride_h", &Window::stride_h}, {"dilation_w", &Window::dilation_w},
      {"pad_top", &Window::pad_top},   {"pad_right", &Window::pad_right}};
  for (const auto& entry : fields) {
    const auto field = entry.second;
    for (const int32_t v : {-1, 1 << 20, INT32_MAX, INT32_MIN}) {
      Head2(table, Cat(entry.first, " ", v), [&](Program& p, auto&) { conv(p).window.*field = v; });
    }
  }
  for (const int32_t v : {0, -1, 7, 1 << 30, INT32_MAX, INT32_MIN})
    Head2(table, Cat("groups ", v), [&](Program& p, auto&) { conv(p).groups = v; });
  for (const int32_t v : {-1, 64, INT32_MAX, INT32_MIN})
    Head2(table, Cat("output of the program ", v), [&](Program& p, auto&) { p.outputs = {v}; });
  for (size_t n = 0; n < Small().nodes.size(); ++n) {
    Head2(table, Cat("node ", n, " reads what it writes"),
          [&](Program& p, auto&) { p.nodes[n].inputs[0] = p.nodes[n].output; });
    Head2(table, Cat("node ", n, " writes what it reads"),
          [&](Program& p, auto&) { p.nodes[n].output = p.nodes[n].inputs[0]; });
  }
  Head2(table, "input of the program", [](Program& p, auto&) { p.input = 1; });
  Head2(table, "no outputs", [](Program& p, auto&) { p.outputs.clear(); });
  Head2(table, "no nodes", [](Program& p, auto&) { p.nodes.clear(); });
  Head2(table, "a node more", [](Program& p, auto& b) {
    p.nodes.push_back(p.nodes[0]);
    b.push_back(b[0]);
  });
  Head2(table, "biases that overflow",
        [&](Program& p, auto&) { conv(p).bias.assign(conv(p).bias.size(), INT32_MAX); });
  Head2(table, "clamp", [&](Program& p, auto&) { conv(p).lo = 1 << 20; });
  for (const uint8_t coder : {1, 4, 5, 7})
    Head2(table, Cat("coder ", int{coder}), [&](auto&, auto& b) { b[0].coder = coder; });
  for (const uint64_t bytes :
       {uint64_t{0}, uint64_t{1}, uint64_t{1} << 20, uint64_t{1} << 32, uint64_t{1} << 39})
    Head2(table, Cat("block of ", bytes), [&](auto&, auto& b) { b[1].bytes = bytes; });
  Head2(table, "blocks change sizes", [](auto&, auto& b) { std::swap(b[0].bytes, b[1].bytes); });
}

struct Pair {
  Bytes old_file, delta;
};
Pair GoodDelta() {
  const Program from = Small();
  Program to = from;
  for (Node& node : to.nodes) {
    if (auto* conv = std::get_if<ConvOp>(&node.op)) conv->codes[3] = conv->codes[3] == 0 ? 1 : 0;
  }
  Pair pair{Pack(from).value(), {}};
  pair.delta = MakeDelta(pair.old_file, Pack(to).value()).value();
  return pair;
}

void DeltaField(Table& table, const char* what, size_t at, size_t size,
                const std::vector<uint64_t>& values, uint8_t method = 0) {
  Bytes good = GoodDelta().delta;
  good[10] = method;
  if (method != 0) good[11] = 0;
  for (const uint64_t v : values) {
    Bytes file = good;
    Store(file, at, size, v);
    RepairDelta(file);
    table.push_back({Cat("delta ", what, " = ", v, ", method ", int{method}), std::move(file)});
  }
}

void Deltas(Table& table) {
  const Bytes good = GoodDelta().delta;
  const uint64_t size = good.size(), old_size = Load(good, 20, 8), new_size = Load(good, 60, 8);
  DeltaField(table, "magic", 0, 8, {0, kAll});
  DeltaField(table, "version", 8, 2, {0, 2, 256, 65535});
  DeltaField(table, "method", 10, 1, {3, 4, 255});
  DeltaField(table, "packing", 11, 1, {4, 33, 34, 36, 63, 64, 128, 255});
  DeltaField(table, "packing", 11, 1, {1, 255}, 1);
  DeltaField(table, "size", 12, 8, {0, 104, size - 1, size + 1, kTop, kAll});
  DeltaField(table, "old size", 20, 8, {0, old_size - 1, old_size + 1, uint64_t{1} << 40, kAll});
  DeltaField(table, "old digest", 28, 8, {0, kAll});
  DeltaField(table, "new digest", 68, 8, {0, kAll});
  for (const uint8_t method : {0, 1, 2}) {
    DeltaField(table, "new size", 60, 8,
               {0, 1, new_size - 1, new_size + 1, uint64_t{1} << 24, uint64_t{1} << 27,
                uint64_t{1} << 32, uint64_t{1} << 40, kTop, kAll},
               method);
  }
  DeltaField(table, "fields' size", 100, 1, {0, 1, 0x7F, 0x80, 0xFF});
  DeltaField(table, "fields' size", 100, 8, {0x00FFFFFFFFFFFFFF, 0x0FFFFFFFFFFFFFFF, kAll});
  for (const size_t payload : {size_t{0}, size_t{1}, size_t{8}}) {
    Bytes file(good.begin(), good.begin() + static_cast<ptrdiff_t>(kDeltaHeaderBytes + payload));
    file.resize(file.size() + kDeltaTrailerBytes);
    Store(file, 12, 8, file.size());
    RepairDelta(file);
    table.push_back({Cat("delta payload of ", payload), std::move(file)});
  }
}

// What a child process found: 0 refused by all who were asked, else a number that tells who was
// not.
int Refused(const Bytes& file, const Bytes& old_file) {
  if (!old_file.empty()) return ApplyDelta(old_file, file).ok() ? 1 : 0;
  if (Unpack(file).ok()) return 2;
  if (SizesOf(file).ok()) return 3;
  PlutStream stream;
  if (stream.Feed(file).ok() && stream.Finish().ok()) return 4;
  return 0;
}

// Each in a process of its own, which can neither take more memory nor bring the others down.
void ExpectRefused(const Table& table, const Bytes& old_file) {
  double worst = 0;
  std::string worst_name;
  for (const Hostile& hostile : table) {
    const auto begin = std::chrono::steady_clock::now();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
#ifndef POTLUT_SHADOW_MEMORY
      const rlimit limit{256U << 20, 256U << 20};
      if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(9);
#endif
      ::_exit(Refused(hostile.file, old_file));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << hostile.name << ": signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0) << hostile.name << " was accepted";
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_LT(seconds, 2) << hostile.name;
    if (seconds > worst) {
      worst = seconds;
      worst_name = hostile.name;
    }
  }
  std::cout << table.size() << " headers; the slowest, with its process, took " << worst * 1e3
            << " ms: " << worst_name << "\n";
  testing::Test::RecordProperty("headers", static_cast<int>(table.size()));
}

TEST(HostileHeaders, AreRefusedInLittleMemory) {
  Table plut, delta;
  Version1(plut);
  Shells2(plut);
  Heads2(plut);
  Deltas(delta);
  EXPECT_GE(plut.size() + delta.size(), 200U);
  const Pair pair = GoodDelta();
  // What they are made from is good.
  EXPECT_EQ(Refused(Pack(Small()).value(), {}), 2);
  EXPECT_EQ(Refused(Pack(Small(), {.version = 1}).value(), {}), 2);
  EXPECT_EQ(Refused(pair.delta, pair.old_file), 1);
  Table unchanged;
  Head2(unchanged, "unchanged", [](auto&, auto&) {});
  EXPECT_EQ(Refused(unchanged.at(0).file, {}), 2);
  ExpectRefused(plut, {});
  ExpectRefused(delta, pair.old_file);
}

}  // namespace
}  // namespace potlut
