// The vector unit, equal to the reference executor; moves, equal to what they say.
#include "core_case.h"
#include "program/reference.h"

namespace potlut::accel {
namespace {

using namespace testing;

struct Case {
  Program program;
  Vector command;
  std::vector<uint8_t> tables;  // kTablesAll or kTables, by `per_channel`
  bool per_channel = false;
};

uint16_t U16(int v) { return static_cast<uint16_t>(v); }
uint8_t U8(int v) { return static_cast<uint8_t>(v); }

Window RandomWindow(std::mt19937& rng, bool pads) {
  Window w;
  w.kernel_h = Between(rng, 1, 5), w.kernel_w = Between(rng, 1, 5);
  w.stride_h = Between(rng, 1, 3), w.stride_w = Between(rng, 1, 3);
  if (!pads) return w;
  w.pad_top = Between(rng, 0, w.kernel_h - 1), w.pad_bottom = Between(rng, 0, w.kernel_h - 1);
  w.pad_left = Between(rng, 0, w.kernel_w - 1), w.pad_right = Between(rng, 0, w.kernel_w - 1);
  return w;
}

void SetWindow(Vector& v, const Window& w) {
  v.kernel_h = U8(w.kernel_h), v.kernel_w = U8(w.kernel_w);
  v.stride_h = U8(w.stride_h), v.stride_w = U8(w.stride_w);
  v.pad_top = U8(w.pad_top), v.pad_left = U8(w.pad_left);
}

Case RandomCase(std::mt19937& rng) {
  Case c;
  Program& p = c.program;
  Vector& v = c.command;
  const Dims dims{Between(rng, 5, 9), Between(rng, 5, 9), Between(rng, 1, 40)};
  const TensorType type{8, rng() % 2 == 0}, out_type{8, rng() % 2 == 0};
  p.tensors = {{"a", dims, type, 0, {}},
               {"b", dims, {8, rng() % 2 == 0}, 0, {}},
               {"y", dims, out_type, 0, {}}};
  p.nodes = {{"y", MaxPoolOp{}, {0}, 2}};
  Node& node = p.nodes[0];
  Tensor& out = p.tensors[2];
  if (type.is_signed) v.header.flags |= Vector::kSigned;
  v.shift = U8(Between(rng, 0, 8));
  v.lo = static_cast<int16_t>(out_type.lo() + Between(rng, 0, 9));
  v.hi = static_cast<int16_t>(out_type.hi() - Between(rng, 0, 9));
  switch (rng() % 4) {
    case 0: {
      const MaxPoolOp op{RandomWindow(rng, true)};
      v.op = VectorOp::kMax;
      SetWindow(v, op.window);
      out.type = type;
      out.dims = *WindowOutput(op.window, dims, dims.c);
      node.op = op;
      break;
    }
    case 1: {
      const MeanOp op{RandomWindow(rng, true), v.shift, v.lo, v.hi};
      v.op = VectorOp::kMean;
      SetWindow(v, op.window);
      out.dims = *WindowOutput(op.window, dims, dims.c);
      node.op = op;
      break;
    }
    case 2: {
      const AddOp op{Between(rng, 0, 6), Between(rng, 0, 6), v.shift, v.lo, v.hi};
      v.op = VectorOp::kAdd;
      v.shift_a = U8(op.shift_a), v.shift_b = U8(op.shift_b);
      if (p.tensors[1].type.is_signed) v.header.flags |= Vector::kBSigned;
      if (rng() % 3 == 0) p.tensors[1].dims = {1, 1, dims.c};
      node.op = op;
      node.inputs = {0, 1};
      break;
    }
    default: {
      LookupOp op;
      c.per_channel = rng() % 2 == 0 && dims.c <= 32;
      op.per_channel = c.per_channel;
      op.table.resize(256 * static_cast<size_t>(c.per_channel ? dims.c : 1));
      for (int16_t& value : op.table)
        value = static_cast<int16_t>(Between(rng, out_type.lo(), out_type.hi()));
      // By raw byte: a signed input's table begins at -128.
      const size_t flip = type.is_signed ? 128 : 0;
      v.op = VectorOp::kLookup;
      v.sets = U8(c.per_channel ? (dims.c + 15) / 16 : 1);
      v.table = U8(Between(rng, 0, 4 - v.sets));
      for (size_t set = 0; set < v.sets; ++set) {
        for (size_t entry = 0; entry < 256; ++entry) {
          for (size_t ch = 0; ch < (c.per_channel ? 16 : 1); ++ch) {
            const size_t channel = set * 16 + ch;
            const size_t at = channel < static_cast<size_t>(dims.c) ? channel : 0;
            c.tables.push_back(
                static_cast<uint8_t>(op.table[(c.per_channel ? at * 256 : 0) + (entry ^ flip)]));
          }
        }
      }
      node.op = op;
    }
  }
  return c;
}

void RunCase(uint32_t seed) {
  SCOPED_TRACE(Cat("seed ", seed));
  std::mt19937 rng(seed);
  Case c = RandomCase(rng);
  const Tensor& a = c.program.tensors[0];
  const Tensor& b = c.program.tensors[1];
  const Tensor& y = c.program.tensors[2];
  const TensorData a_data = RandomBytes(rng, static_cast<size_t>(a.dims.count()));
  const TensorData b_data = RandomBytes(rng, static_cast<size_t>(b.dims.count()));
  const TensorData* inputs[] = {&a_data, &b_data};
  const Node& node = c.program.nodes[0];
  const Expected<TensorData> expected = ReferenceRunNode(
      c.program, node, std::span<const TensorData* const>(inputs, node.inputs.size()));
  ASSERT_TRUE(expected.ok()) << expected.status().message();

  Harness harness(seed, rng() % 8);
  Layout layout(harness.dram);
  const int words = (a.dims.c + 15) / 16;
  Vector& v = c.command;
  v.header.opcode = Opcode::kVector;
  v.header.wait = 1, v.header.signal = 2;
  v.base = rng() % 100, v.b_base = 2000 + rng() % 100, v.out_base = 4000 + rng() % 100;
  v.row_words = U16(a.dims.w * words), v.column_words = U16(words);
  v.height = U16(a.dims.h), v.width = U16(a.dims.w);
  if (b.dims.h > 1) v.b_row_words = U16(b.dims.w * words), v.b_column_words = U16(words);
  v.out_row_words = U16(y.dims.w * words), v.out_column_words = U16(words);
  v.out_height = U16(y.dims.h), v.out_width = U16(y.dims.w);
  v.words = U16(words);
  if (!c.tables.empty())
    layout.Load(c.per_channel ? Memory::kTables : Memory::kTablesAll, c.tables,
                c.per_channel ? 16 : 1, v.table * 256U);
  layout.Load(Memory::kActivations, ToWords(b_data, b.dims, rng), 16, v.b_base);
  layout.Load(Memory::kActivations, ToWords(a_data, a.dims, rng), 16, v.base, 1);
  layout.commands.push_back(v.Pack());
  const int64_t pixels = int64_t{y.dims.h} * y.dims.w;
  const uint32_t stored = FinishWithStore(layout, v.out_base, pixels * words, 2);
  ASSERT_TRUE(RunAll(harness, layout)) << "hangs";
  ASSERT_EQ(harness.error(), ErrorCode::kNone) << "command " << harness.error_command();
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t ch = 0; ch < y.dims.c; ++ch) {
      ASSERT_EQ(harness.dram[static_cast<size_t>(stored + p * words * 16 + ch)],
                (*expected)[static_cast<size_t>(p * y.dims.c + ch)])
          << OpName(node.op) << " pixel " << p << " channel " << ch;
    }
  }
}

TEST(CoreVector, RandomOperationsEqualTheReference) {
  const uint32_t seed = Seed();
  for (uint32_t i = 0; i < 150; ++i) {
    RunCase(seed * 1000 + i);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(CoreVector, MovesTurnAndKeepBytes) {
  std::mt19937 rng(Seed());
  for (int i = 0; i < 30; ++i) {
    const std::vector<uint8_t> from = RandomBytes(rng, 6 * 16), to = RandomBytes(rng, 6 * 16);
    Harness harness(rng(), rng() % 8);
    Layout layout(harness.dram);
    Vector v;
    v.header = {Opcode::kVector, 0, 1, 2};
    v.rotate = U8(Between(rng, 0, 15));
    v.bytes = U16(static_cast<int>(rng() & 0xffff));
    v.base = 10, v.row_words = 3, v.column_words = 1, v.height = 2, v.width = 3;
    v.out_base = 40, v.out_row_words = 3, v.out_column_words = 1, v.out_height = 2, v.out_width = 3;
    layout.Load(Memory::kActivations, to, 16, v.out_base);
    layout.Load(Memory::kActivations, from, 16, v.base, 1);
    layout.commands.push_back(v.Pack());
    const uint32_t stored = FinishWithStore(layout, v.out_base, 6, 2);
    ASSERT_TRUE(RunAll(harness, layout)) << "hangs";
    for (size_t b = 0; b < 96; ++b) {
      const size_t in_word = b % 16;
      const bool kept = (v.bytes >> in_word & 1) == 0;
      ASSERT_EQ(harness.dram[stored + b],
                kept ? to[b] : from[b - in_word + (in_word + 16 - v.rotate) % 16]);
    }
  }
}

// Rows with gaps, words of any size.
TEST(CoreLoad, UnitsAndPitches) {
  std::mt19937 rng(Seed());
  for (int i = 0; i < 60; ++i) {
    Harness harness(rng(), rng() % 12);
    Layout layout(harness.dram);
    Transfer t;
    t.header = {Opcode::kLoad, 0, 0, 1};
    t.unit = U8(Between(rng, 1, 16));
    t.words = static_cast<uint32_t>(Between(rng, 1, 40));
    t.rows = static_cast<uint32_t>(Between(rng, 1, 5));
    t.dram_pitch = 16 * static_cast<uint32_t>((t.words * t.unit + 15) / 16 + rng() % 3);
    t.local = rng() % 50, t.local_pitch = t.words + rng() % 3;
    const std::vector<uint8_t> bytes = RandomBytes(rng, t.dram_pitch * t.rows);
    t.dram = layout.Put(bytes);
    layout.commands.push_back(t.Pack());
    const uint32_t stored = FinishWithStore(layout, t.local, t.local_pitch * t.rows, 1);
    ASSERT_TRUE(RunAll(harness, layout)) << "hangs";
    ASSERT_EQ(harness.error(), ErrorCode::kNone);
    for (uint32_t row = 0; row < t.rows; ++row) {
      for (uint32_t word = 0; word < t.words; ++word) {
        for (uint32_t b = 0; b < 16; ++b) {
          const uint8_t want = b < t.unit ? bytes[row * t.dram_pitch + word * t.unit + b] : 0;
          ASSERT_EQ(harness.dram[stored + (row * t.local_pitch + word) * 16 + b], want)
              << "row " << row << " word " << word << " byte " << b << " unit " << int{t.unit};
        }
      }
    }
  }
}

}  // namespace
}  // namespace potlut::accel
