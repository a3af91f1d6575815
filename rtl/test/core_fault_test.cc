// Wrong commands end in the error register with their index; nothing hangs, whatever the bytes are,
// and a right program runs after a wrong one.
#include <functional>

#include "core_case.h"

namespace potlut::accel {
namespace {

using namespace testing;

Conv GoodConv() {
  Conv c;
  c.header.opcode = Opcode::kConv;
  c.row_words = 4, c.column_words = 1, c.height = 4, c.width = 4;
  c.row_first = 0, c.row_last = 3;
  c.strip_lanes = 4, c.strips = 1, c.out_rows = 4, c.outputs = 3, c.ring = 2;
  c.kernel_h = 1, c.stride_h = 1;
  return c;
}

Output GoodOutput() {
  Output o;
  o.header.opcode = Opcode::kOutput;
  o.base = 100, o.row_words = 4, o.column_words = 1, o.height = 4, o.columns = 4;
  o.strip_rows = 4;
  return o;
}

Vector GoodVector() {
  Vector v;
  v.header.opcode = Opcode::kVector;
  v.row_words = 2, v.column_words = 1, v.height = 2, v.width = 2;
  v.out_base = 50, v.out_row_words = 2, v.out_column_words = 1, v.out_height = 2, v.out_width = 2;
  return v;
}

Transfer GoodLoad() {
  Transfer t;
  t.header.opcode = Opcode::kLoad;
  t.dram = 0, t.words = 4;
  return t;
}

std::vector<uint8_t> OnePass(const Pass& pass) {
  std::vector<uint8_t> bytes;
  for (const uint32_t word : pass.Pack())
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(word >> 8 * i));
  return bytes;
}

struct Fault {
  const char* what;
  ErrorCode error;
  std::function<void(Layout&)> commands;  // the last one before the end is wrong
};

template <typename Command>
std::function<void(Layout&)> Wrong(Command command, std::function<void(Command&)> change) {
  change(command);
  return [=](Layout& layout) {
    if constexpr (std::is_same_v<Command, Conv>) layout.commands.push_back(GoodOutput().Pack());
    layout.commands.push_back(command.Pack());
  };
}

// Changes to a right convolution, vector operation and load, one at a time.
std::vector<Fault> Faults() {
  std::vector<Fault> f;
  const auto conv = [&](const char* what, std::function<void(Conv&)> change) {
    f.push_back({what, ErrorCode::kField, Wrong<Conv>(GoodConv(), std::move(change))});
  };
  conv("kernel of 0", [](Conv& c) { c.kernel_h = 0; });
  conv("kernel of 8", [](Conv& c) { c.kernel_h = 8, c.ring = 9, c.row_last = 20; });
  conv("stride of 0", [](Conv& c) { c.stride_h = 0; });
  conv("stride of 5", [](Conv& c) { c.stride_h = 5; });
  conv("no outputs", [](Conv& c) { c.outputs = 0; });
  conv("no rows", [](Conv& c) { c.out_rows = 0; });
  conv("no lanes", [](Conv& c) { c.strip_lanes = 0; });
  conv("no strips", [](Conv& c) { c.strips = 0; });
  conv("too many lanes", [](Conv& c) { c.strips = 100; });
  conv("no passes", [](Conv& c) { c.pass_count = 0; });
  conv("passes past the end", [](Conv& c) { c.pass_first = 254, c.pass_count = 2; });
  conv("sums past the end", [](Conv& c) { c.ring = kSumWords, c.outputs = 2; });
  conv("ring too small", [](Conv& c) { c.kernel_h = 3, c.row_last = 5; });
  conv("rows backwards", [](Conv& c) { c.row_last = -1; });
  conv("first row before the padding", [](Conv& c) { c.row_first = -1; });
  conv("first row after the first output", [](Conv& c) { c.row_first = 1; });
  conv("last output without a row", [](Conv& c) { c.row_last = 2; });
  conv("padding of 16", [](Conv& c) { c.pad_top = 16, c.row_first = -16; });
  const auto output = [&](const char* what, std::function<void(Output&)> change) {
    Output o = GoodOutput();
    change(o);
    f.push_back({what, ErrorCode::kField, [=](Layout& layout) {
                   layout.commands.push_back(o.Pack());
                   layout.commands.push_back(GoodConv().Pack());
                 }});
  };
  output("no columns", [](Output& o) { o.columns = 0; });
  output("more columns than lanes", [](Output& o) { o.columns = 5; });
  output("offset of 7", [](Output& o) { o.offset = 7; });
  output("shift of 16", [](Output& o) { o.shift_conv = 16; });
  output("wide and residual",
         [](Output& o) { o.header.flags = Output::kWide | Output::kResidual; });
  f.push_back({"no output command", ErrorCode::kField,
               [](Layout& layout) { layout.commands.push_back(GoodConv().Pack()); }});
  const auto pass = [&](const char* what, std::function<void(Pass&)> change) {
    Pass p;
    change(p);
    f.push_back({what, ErrorCode::kField, [=](Layout& layout) {
                   layout.Load(Memory::kPasses, OnePass(p), 16, 0, 1);
                   Output o = GoodOutput();
                   o.header.wait = 1;
                   layout.commands.push_back(o.Pack());
                   layout.commands.push_back(GoodConv().Pack());
                 }});
  };
  pass("no taps", [](Pass& p) { p.taps = 0; });
  pass("8 taps", [](Pass& p) { p.taps = 8; });
  pass("list 4", [](Pass& p) { p.list = 4; });
  pass("step of 0", [](Pass& p) { p.x_step = 0; });
  pass("late by 2", [](Pass& p) { p.late = 2; });
  const auto vector = [&](const char* what, ErrorCode error, std::function<void(Vector&)> change) {
    f.push_back({what, error, Wrong<Vector>(GoodVector(), std::move(change))});
  };
  vector("operation 5", ErrorCode::kField, [](Vector& v) { v.op = static_cast<VectorOp>(5); });
  vector("no words", ErrorCode::kField, [](Vector& v) { v.words = 0; });
  vector("no width", ErrorCode::kField, [](Vector& v) { v.out_width = 0; });
  vector("kernel of 0", ErrorCode::kField, [](Vector& v) { v.kernel_w = 0; });
  vector("stride of 0", ErrorCode::kField, [](Vector& v) { v.stride_h = 0; });
  vector("windowed move", ErrorCode::kField, [](Vector& v) { v.kernel_h = 2; });
  vector("table 4", ErrorCode::kField, [](Vector& v) { v.op = VectorOp::kLookup, v.table = 4; });
  vector("reads past the end", ErrorCode::kAddress, [](Vector& v) { v.base = kActivationWords; });
  vector("writes past the end", ErrorCode::kAddress,
         [](Vector& v) { v.out_base = kActivationWords - 1; });
  vector("a huge map", ErrorCode::kAddress, [](Vector& v) {
    v.out_height = v.out_width = v.words = 65535;
    v.out_row_words = v.out_column_words = 65535;
  });
  const auto load = [&](const char* what, ErrorCode error, std::function<void(Transfer&)> change) {
    f.push_back({what, error, Wrong<Transfer>(GoodLoad(), std::move(change))});
  };
  load("memory 7", ErrorCode::kField, [](Transfer& t) { t.memory = static_cast<Memory>(7); });
  load("unit of 0", ErrorCode::kField, [](Transfer& t) { t.unit = 0; });
  load("unit of 17", ErrorCode::kField, [](Transfer& t) { t.unit = 17; });
  load("no words", ErrorCode::kField, [](Transfer& t) { t.words = 0; });
  load("too many rows", ErrorCode::kField, [](Transfer& t) { t.rows = 65536; });
  load("not aligned", ErrorCode::kField, [](Transfer& t) { t.dram = 8; });
  load("past the end", ErrorCode::kAddress, [](Transfer& t) { t.local = kActivationWords - 3; });
  load("passes past the end", ErrorCode::kAddress,
       [](Transfer& t) { t.memory = Memory::kPasses, t.local = 253; });
  load("stored past the end", ErrorCode::kAddress,
       [](Transfer& t) { t.header.opcode = Opcode::kStore, t.local = kActivationWords - 3; });
  load("stored from weights", ErrorCode::kField,
       [](Transfer& t) { t.header.opcode = Opcode::kStore, t.memory = Memory::kWeights; });
  f.push_back(
      {"opcode 7", ErrorCode::kOpcode, [](Layout& layout) { layout.commands.push_back({7}); }});
  f.push_back({"waits for ever", ErrorCode::kDeadlock, [](Layout& layout) {
                 Vector v = GoodVector();
                 v.header.wait = 4;
                 layout.commands.push_back(v.Pack());
               }});
  f.push_back({"counts past 15", ErrorCode::kSemaphore, [](Layout& layout) {
                 Vector v = GoodVector();
                 v.header.signal = 128;
                 for (int i = 0; i < 16; ++i) layout.commands.push_back(v.Pack());
               }});
  return f;
}

// A short program that is right.
void ExpectWorks(Harness& harness, std::mt19937& rng) {
  Layout layout(harness.dram);
  const std::vector<uint8_t> bytes = RandomBytes(rng, 4 * 16);
  layout.Load(Memory::kActivations, bytes, 16, 0, 1);
  Vector v = GoodVector();
  v.header.wait = 1, v.header.signal = 2;
  layout.commands.push_back(v.Pack());
  const uint32_t stored = FinishWithStore(layout, v.out_base, 4, 2);
  ASSERT_TRUE(RunAll(harness, layout, 100'000)) << "hangs";
  ASSERT_EQ(harness.error(), ErrorCode::kNone);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), harness.dram.begin() + stored));
}

TEST(CoreFaults, WrongCommandsAreNamed) {
  std::mt19937 rng(Seed());
  Harness harness(rng(), 3);
  for (const Fault& fault : Faults()) {
    SCOPED_TRACE(fault.what);
    Layout layout(harness.dram);
    fault.commands(layout);
    const auto wrong = static_cast<uint32_t>(layout.commands.size() - 1);
    layout.commands.push_back(PackEnd());
    ASSERT_TRUE(RunAll(harness, layout, 1'000'000)) << "hangs";
    EXPECT_EQ(harness.error(), fault.error);
    EXPECT_EQ(harness.error_command(), wrong);
    ExpectWorks(harness, rng);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Bits that unpacking and packing again loses, and flags that are not there.
template <typename Command>
void ExpectReservedBits(Harness& harness, const CommandWords& good, uint8_t flags) {
  for (int bit = 8; bit < 512; ++bit) {
    CommandWords words = good;
    words[static_cast<size_t>(bit / 32)] ^= uint32_t{1} << bit % 32;
    if (bit >= 16 || (flags >> (bit - 8) & 1) != 0) {
      if (bit < 32 || Command::Unpack(words).Pack() == words) continue;
    }
    SCOPED_TRACE(Cat("opcode ", words[0] & 255, ", bit ", bit));
    Layout layout(harness.dram);
    layout.commands = {words, PackEnd()};
    ASSERT_TRUE(RunAll(harness, layout, 100'000)) << "hangs";
    ASSERT_EQ(harness.error(), ErrorCode::kField);
    ASSERT_EQ(harness.error_command(), 0U);
  }
}

TEST(CoreFaults, BitsWithoutANameAreRefused) {
  std::mt19937 rng(Seed());
  Harness harness(rng(), 1);
  ExpectReservedBits<Transfer>(harness, GoodLoad().Pack(), 0);
  Transfer store = GoodLoad();
  store.header.opcode = Opcode::kStore;
  ExpectReservedBits<Transfer>(harness, store.Pack(), 0);
  ExpectReservedBits<Output>(harness, GoodOutput().Pack(), 15);
  ExpectReservedBits<Conv>(harness, GoodConv().Pack(), 1);
  ExpectReservedBits<Vector>(harness, GoodVector().Pack(), 3);
  for (int bit = 8; bit < 512; ++bit) {
    Layout layout(harness.dram);
    layout.commands = {PackEnd()};
    layout.commands[0][static_cast<size_t>(bit / 32)] ^= uint32_t{1} << bit % 32;
    ASSERT_TRUE(RunAll(harness, layout, 100'000)) << "hangs";
    ASSERT_EQ(harness.error(), ErrorCode::kField) << "end, bit " << bit;
  }
  ExpectWorks(harness, rng);
}

TEST(CoreFaults, EndMissing) {
  Harness harness(1, 3);
  Layout layout(harness.dram);
  layout.commands = {GoodVector().Pack(), GoodVector().Pack()};
  ASSERT_TRUE(RunAll(harness, layout, 100'000)) << "hangs";
  EXPECT_EQ(harness.error(), ErrorCode::kOpcode);
  EXPECT_EQ(harness.error_command(), 2U);
}

TEST(CoreFaults, BusErrorsStop) {
  std::mt19937 rng(Seed());
  // Commands are read first, four beats each; then the load's beats.
  for (int beat = 0; beat < 12; ++beat) {
    SCOPED_TRACE(Cat("beat ", beat));
    Harness harness(rng(), rng() % 10);
    harness.fail_read_beat = beat;
    Layout layout(harness.dram);
    layout.Load(Memory::kActivations, RandomBytes(rng, 16 * 16), 16, 0);
    layout.commands.push_back(PackEnd());
    ASSERT_TRUE(RunAll(harness, layout, 100'000)) << "hangs";
    EXPECT_EQ(harness.error(), ErrorCode::kBus);
    ExpectWorks(harness, rng);
  }
}

TEST(CoreFaults, WriteErrorsStop) {
  std::mt19937 rng(Seed());
  for (int burst = 0; burst < 3; ++burst) {
    Harness harness(rng(), rng() % 10);
    harness.fail_write_burst = burst;
    Layout layout(harness.dram);
    FinishWithStore(layout, 0, 200, 0);  // four bursts or more
    ASSERT_TRUE(RunAll(harness, layout, 100'000)) << "hangs";
    EXPECT_EQ(harness.error(), ErrorCode::kBus);
    EXPECT_EQ(harness.error_command(), 0U);
  }
}

// Commands of random words, and right commands with a few random bits flipped: they may do anything
// but hang, for as long as a command may take.
TEST(CoreFaults, RandomCommandsDoNotHang) {
  std::mt19937 rng(Seed());
  int errors = 0;
  for (int i = 0; i < 400; ++i) {
    SCOPED_TRACE(Cat("round ", i));
    Harness harness(rng(), rng() % 6);
    Layout layout(harness.dram);
    layout.Load(Memory::kPasses, OnePass({}), 16, 0, 1);
    Output o = GoodOutput();
    o.header.wait = 1;
    layout.commands.push_back(o.Pack());
    layout.commands.push_back(GoodConv().Pack());
    layout.commands.push_back(GoodVector().Pack());
    layout.commands.push_back(GoodLoad().Pack());
    for (CommandWords& command : layout.commands) {
      for (unsigned flips = rng() % 3; flips > 0; --flips)
        command[rng() % (rng() % 2 == 0 ? 16 : 4)] ^= uint32_t{1} << rng() % 32;
    }
    layout.commands.push_back(PackEnd());
    ASSERT_TRUE(RunAll(harness, layout, 8'000'000)) << "hangs";
    errors += harness.error() != ErrorCode::kNone;
  }
  EXPECT_GT(errors, 50);
}

}  // namespace
}  // namespace potlut::accel
