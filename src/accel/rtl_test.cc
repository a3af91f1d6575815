// The Verilated RTL: random layers with stalls on every stream equal the reference; hostile
// commands end in the error register or as the model ends, and never hang.
#include <gtest/gtest.h>

#include <cstring>

#include "accel/random_layer.h"
#include "accel/rtl_device.h"
#include "accel/run_for_test.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

using testing::ExpectReference;
using testing::RandomImage;
using testing::RandomLayer;

class Rtl : public ::testing::TestWithParam<TableKind> {
 protected:
  void SetUp() override {
    if (!HasRtlDevice()) GTEST_SKIP() << "built without Verilator: no RTL";
    const auto device = MakeRtlDevice({.table = GetParam()}, 1 << 16);
    ASSERT_TRUE(device.ok()) << device.status().message();
    const auto geometry = GeometryOf(**device);
    ASSERT_TRUE(geometry.ok()) << geometry.status().message();
    static_cast<Geometry&>(array_) = *geometry;
    EXPECT_EQ(geometry->table, GetParam());
  }
  ArraySpec array_;
};

TEST_P(Rtl, RandomLayersWithStallsEqualTheReference) {
  std::random_device random;
  for (int i = 0; i < 25; ++i) {
    const unsigned seed = random();
    SCOPED_TRACE(Cat("seed ", seed));
    std::mt19937 rng(seed);
    const Program program = RandomLayer(rng, GetParam());
    const auto compiled = Compile(program, array_, {.trace = rng() % 2 == 0});
    ASSERT_TRUE(compiled.ok()) << compiled.status().message();
    const RtlOptions options{GetParam(), static_cast<int>(rng() % 64),
                             static_cast<unsigned>(rng() % 12), static_cast<uint32_t>(rng())};
    const auto device = MakeRtlDevice(options, compiled->dram_bytes);
    ASSERT_TRUE(device.ok());
    ExpectReference(program, *compiled, **device, RandomImage(program, rng));
    if (HasFailure()) return;
  }
}

// First layers in patches, and a sum over as many passes as MobileNetV2's last layer takes.
TEST_P(Rtl, PatchesAndLongSums) {
  std::mt19937 rng(std::random_device{}());
  const Alphabet eight = *MakeAlphabet(AlphabetKind::kUniform, 8);
  const TensorType byte{8, false};
  const auto run = [&](const Program& program) {
    const auto compiled = Compile(program, array_, {.trace = true});
    ASSERT_TRUE(compiled.ok()) << compiled.status().message();
    const auto device = MakeRtlDevice({.table = GetParam(), .stall = 3}, compiled->dram_bytes);
    ASSERT_TRUE(device.ok());
    ExpectReference(program, *compiled, **device, RandomImage(program, rng));
  };
  for (const auto& [w, outputs] : {std::pair{Window{3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 16},
                                   std::pair{Window{7, 7, 2, 2, 1, 1, 3, 3, 3, 3}, 32}}) {
    potlut::testing::Builder b({32, 32, 3});
    const Dims out = *WindowOutput(w, {32, 32, 3}, outputs);
    const int32_t x =
        b.Add(potlut::testing::RandomConv(rng, w, 3, outputs, 1, eight, byte), {0}, out, byte);
    b.Add(MaxPoolOp{{2, 2, 2, 2}}, {x}, {out.h / 2, out.w / 2, outputs}, byte);
    EXPECT_GT(Compile(b.program(), array_)->input.patches.columns, 1);
    run(b.program());
  }
  potlut::testing::Builder b({1, 1, 1280});
  b.Add(potlut::testing::RandomConv(rng, {1, 1}, 1280, 20, 1, eight, byte), {0}, {1, 1, 20}, byte);
  run(b.program());
}

// One register of the core at a time: what a driver may do in any order.
TEST_P(Rtl, RunsFollowEachOther) {
  std::mt19937 rng(17);
  const Program program = RandomLayer(rng, GetParam());
  const auto compiled = Compile(program, array_);
  ASSERT_TRUE(compiled.ok());
  const auto device = MakeRtlDevice({.table = GetParam()}, compiled->dram_bytes);
  ASSERT_TRUE(device.ok());
  for (int i = 0; i < 3; ++i)
    ExpectReference(program, *compiled, **device, RandomImage(program, rng));
}

// Runs commands as they lie in `dram`, without the driver's checks. Returns the error's code, or -1
// where it does not end.
int64_t RunRaw(Device& device, const Image& image, std::vector<uint8_t>& dram) {
  EXPECT_TRUE(device.WriteDram(0, dram).ok());
  const auto write = [&](Register reg, uint64_t value) {
    EXPECT_TRUE(device.Write(reg, static_cast<uint32_t>(value)).ok());
  };
  write(Register::kControl, 2);
  write(Register::kCommandLow, image.commands);
  write(Register::kCommandHigh, 0);
  write(Register::kCommandCount, image.command_count);
  write(Register::kDramLow, 0);
  write(Register::kDramHigh, 0);
  write(Register::kInterrupt, 1);
  write(Register::kControl, 1);
  for (int waits = 0; waits < 1000; ++waits) {
    const auto status = device.Read(Register::kStatus);
    if ((*status & 6) != 0) {
      EXPECT_TRUE(device.ReadDram(0, dram).ok());
      return *device.Read(Register::kError);
    }
    EXPECT_TRUE(device.Wait().ok());
  }
  return -1;
}

TEST_P(Rtl, HostileCommandsNeverHang) {
  std::mt19937 first(23);
  const Program program = RandomLayer(first, GetParam());
  const auto compiled = Compile(program, array_, {.trace = true});
  ASSERT_TRUE(compiled.ok());
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(Cat("seed ", seed));
  std::mt19937 rng(seed);
  int both = 0, errors = 0;
  for (int i = 0; i < 80; ++i) {
    std::vector<uint8_t> dram = compiled->data;
    dram.resize(compiled->dram_bytes);
    const uint32_t command = rng() % compiled->command_count;
    const size_t byte = rng() % kCommandBytes;
    Image image = *compiled;
    uint8_t& changed = dram[compiled->commands + command * kCommandBytes + byte];
    changed = static_cast<uint8_t>(rng() % 2 == 0 ? rng() : changed ^ 1U << rng() % 8);
    std::memcpy(image.data.data(), dram.data(), image.data.size());
    // What may run for very long is no hang.
    if (CheckImage(image).code() == potlut::ErrorCode::kResourceLimit) continue;
    SCOPED_TRACE(Cat("command ", command, ", byte ", byte));
    const auto rtl = MakeRtlDevice({.table = GetParam()}, dram.size());
    const auto model = MakeModelDevice(array_, dram.size());
    std::vector<uint8_t> from_rtl = dram, from_model = dram;
    const int64_t in_model = RunRaw(**model, image, from_model);
    // Long, but no hang, by the model's count.
    if (in_model == 0 && *(*model)->Read(Register::kCycles) > 300'000) continue;
    const int64_t in_rtl = RunRaw(**rtl, image, from_rtl);
    EXPECT_GE(in_rtl, 0) << "hangs";
    errors += in_rtl > 0;
    // A changed token or count of passes makes races, so that the model may end otherwise.
    both += in_rtl == 0 && in_model == 0;
  }
  EXPECT_GT(errors, 8);
  EXPECT_GT(both, 5);
}

INSTANTIATE_TEST_SUITE_P(Accel, Rtl, ::testing::Values(TableKind::kSingle, TableKind::kPair),
                         [](const auto& test) { return std::string(TableKindName(test.param)); });

}  // namespace
}  // namespace potlut::accel
