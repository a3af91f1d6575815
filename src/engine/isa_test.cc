// Names of instruction sets and what is available here.
#include "engine/isa.h"

#include <gtest/gtest.h>

#include <csetjmp>
#include <csignal>
#include <vector>

#include "engine/engine.h"
#include "engine/peak.h"

namespace potlut {
namespace {

TEST(IsaTest, NamesReadBack) {
  std::vector<Isa> isas(AllIsas().begin(), AllIsas().end());
  isas.push_back(Isa::kAuto);
  ASSERT_EQ(isas.size(), 6U);
  for (const Isa isa : isas) {
    const auto parsed = ParseIsa(IsaName(isa));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, isa);
    EXPECT_TRUE(isa == Isa::kAuto || !IsaAvailable(isa) || KernelsOf(isa)->name == IsaName(isa));
  }
}

TEST(IsaTest, UnknownNamesAreUsageErrors) {
  const auto parsed = ParseIsa("mmx");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  EXPECT_NE(parsed.error().message.find("mmx"), std::string::npos);
  for (const Isa isa : AllIsas()) {
    EXPECT_NE(parsed.error().message.find(IsaName(isa)), std::string::npos);
  }
}

TEST(IsaTest, PortableIsAlwaysThereAndTheBestIsAvailable) {
  EXPECT_TRUE(IsaAvailable(Isa::kPortable));
  EXPECT_TRUE(IsaAvailable(Isa::kAuto));
  EXPECT_TRUE(IsaAvailable(BestIsa()));
  EXPECT_NE(BestIsa(), Isa::kAuto);
}

TEST(IsaTest, EveryAvailableSetHasAPeak) {
  for (const Isa isa : AllIsas()) {
    EXPECT_EQ(MeasurePeak(isa) > 0, IsaAvailable(isa)) << IsaName(isa);
  }
}

#if defined(__aarch64__)
sigjmp_buf after_illegal;

// Whether this CPU runs sdot, by trying.
bool RunsDotProducts() {
  struct sigaction old {
  }, jump{};
  jump.sa_handler = [](int) { siglongjmp(after_illegal, 1); };
  sigaction(SIGILL, &jump, &old);
  const bool runs = sigsetjmp(after_illegal, 1) == 0;
  if (runs) __asm__ volatile(".inst 0x4e829420" : : : "v0");  // sdot v0.4s, v1.16b, v2.16b
  sigaction(SIGILL, &old, nullptr);
  return runs;
}

TEST(IsaTest, DotProductsAreChosenWhereTheCpuHasThem) {
  EXPECT_TRUE(IsaAvailable(Isa::kNeon));
  EXPECT_FALSE(IsaAvailable(Isa::kAvx2));
  EXPECT_EQ(IsaAvailable(Isa::kNeonDot), RunsDotProducts());
  EXPECT_EQ(BestIsa(), RunsDotProducts() ? Isa::kNeonDot : Isa::kNeon);
}
#else
TEST(IsaTest, ArmIsElsewhere) {
  EXPECT_FALSE(IsaAvailable(Isa::kNeon));
  EXPECT_FALSE(IsaAvailable(Isa::kNeonDot));
}
#endif

}  // namespace
}  // namespace potlut
