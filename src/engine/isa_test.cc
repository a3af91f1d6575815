// Names of instruction sets and what is available here.
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/peak.h"

namespace potlut {
namespace {

TEST(IsaTest, NamesReadBack) {
  for (const Isa isa : {Isa::kAuto, Isa::kPortable, Isa::kAvx2, Isa::kAvx512Vnni}) {
    const auto parsed = ParseIsa(IsaName(isa));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, isa);
  }
}

TEST(IsaTest, UnknownNamesAreUsageErrors) {
  const auto parsed = ParseIsa("mmx");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::kUsage);
  EXPECT_NE(parsed.error().message.find("mmx"), std::string::npos);
}

TEST(IsaTest, PortableIsAlwaysThereAndTheBestIsAvailable) {
  EXPECT_TRUE(IsaAvailable(Isa::kPortable));
  EXPECT_TRUE(IsaAvailable(Isa::kAuto));
  EXPECT_TRUE(IsaAvailable(BestIsa()));
  EXPECT_NE(BestIsa(), Isa::kAuto);
}

TEST(IsaTest, EveryAvailableSetHasAPeak) {
  for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512Vnni}) {
    EXPECT_EQ(MeasurePeak(isa) > 0, IsaAvailable(isa)) << IsaName(isa);
  }
}

}  // namespace
}  // namespace potlut
