// potlut delta and potlut apply, from outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command_harness.h"

namespace potlut::cli {
namespace {

// Two files of one program, and the delta from the first to the second; made once.
struct Files {
  std::string first = QuantisedModel(), second = InScratch("delta_second.plut"),
              delta = InScratch("first_to_second.plutd"), made = InScratch("delta_made.plut");
  Outcome outcome;
  Files() {
    if (Potlut({"pack", first, "-o", second, "--effort", "fast"}).code == 0)
      outcome = Potlut({"delta", first, second, "-o", delta, "--json"});
  }
};
const Files& Made() {
  static const Files kFiles;
  return kFiles;
}

TEST(Delta, GivesTheNewFileBack) {
  const Files& files = Made();
  ASSERT_EQ(files.outcome.code, 0) << files.outcome.error;
  const auto json = nlohmann::json::parse(files.outcome.out);
  EXPECT_EQ(json["bytes"], ReadBytes(files.delta).size());
  EXPECT_LT(json["bytes"].get<int>(), 200);
  EXPECT_LT(json["bits_a_weight"].get<double>(), 0.01);
  EXPECT_EQ(json["layers_changed"], 0);
  EXPECT_EQ(json["method"], "program");
  EXPECT_NE(files.outcome.error.find("codes changed"), std::string::npos);
  const Outcome applied = Potlut({"apply", files.first, files.delta, "-o", files.made});
  EXPECT_EQ(applied.code, 0) << applied.error;
  EXPECT_EQ(applied.out, "");
  EXPECT_TRUE(ReadBytes(files.made) == ReadBytes(files.second));
}

TEST(Delta, IsRefusedWhereItDoesNotBelong) {
  const Files& files = Made();
  const std::string out = InScratch("delta_never.plut"), broken = InScratch("broken.plutd");
  const auto refused = [&](const std::vector<std::string>& args, int code, const char* words) {
    const Outcome outcome = Potlut(args);
    EXPECT_EQ(outcome.code, code) << outcome.error;
    EXPECT_NE(outcome.error.find(words), std::string::npos) << outcome.error;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(ReadBytes(out), "");
  };
  refused({"apply", files.second, files.delta, "-o", out}, 3, "for another file");
  refused({"apply", files.first, files.second, "-o", out}, 3, "not a delta");
  refused({"delta", files.first, ShippedModel(), "-o", out}, 3, "new file: not a .plut file");
  refused({"delta", files.first, files.delta, "-o", out}, 3, "new file: not a .plut file");
  refused({"delta", files.first, "-o", out}, 2, "new");
  refused({"delta", "-", "-", "-o", out}, 2, "stdin");
  refused({"apply", files.first, files.delta}, 2, "--output");
  refused({"delta", files.first, files.second, "-o", InScratch("no/such/folder.plutd")}, 1,
          "cannot create");
  const std::string bytes = ReadBytes(files.delta);
  WriteBytes(broken, bytes.substr(0, bytes.size() - 1));
  refused({"apply", files.first, broken, "-o", out}, 3, "it was truncated");
  std::string newer = bytes;
  newer[8] = 9;
  WriteBytes(broken, newer);
  refused({"apply", files.first, broken, "-o", out}, 4, "delta version 9");
}

}  // namespace
}  // namespace potlut::cli
