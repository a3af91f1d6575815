// potlut accel, from outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/command_harness.h"

namespace potlut::cli {
namespace {

TEST(Accel, SimulateComparesEveryTensor) {
  const Outcome outcome =
      Potlut({"accel", "simulate", QuantisedModel(), "--backend", "model", "--tables", "single",
              "--data", ShippedTestImages(), "--images", "2", "--no-fuse", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["backend"], "model");
  EXPECT_EQ(json["images"], 2);
  EXPECT_EQ(json["tensors_different"], 0);
  EXPECT_EQ(json["tensors_fused"], 0);
  EXPECT_GT(json["tensors_compared"].get<int>(), 60);
  EXPECT_GT(json["cycles"].get<int64_t>(), json["use_cycles"].get<int64_t>());
  EXPECT_GT(json["read_bytes"].get<int64_t>(), 100'000);
  int64_t cycles = 0;
  for (const auto& layer : json["layers"]) cycles += layer["cycles"].get<int64_t>();
  EXPECT_LE(cycles, json["cycles"].get<int64_t>());
  EXPECT_GT(cycles, json["cycles"].get<int64_t>() * 9 / 10);
}

TEST(Accel, SimulateFusesUnlessToldOtherwise) {
  const Outcome outcome = Potlut({"accel", "simulate", QuantisedModel(), "--backend", "model"});
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("all equal"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("--no-fuse"), std::string::npos) << outcome.out;
}

TEST(Accel, CompileWritesAnImage) {
  const std::string first = InScratch("accel_first.bin"), second = InScratch("accel_second.bin");
  for (const std::string& file : {first, second}) {
    const Outcome outcome = Potlut({"accel", "compile", QuantisedModel(), "-o", file, "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.error;
    const auto json = nlohmann::json::parse(outcome.out);
    EXPECT_EQ(json["file_bytes"], ReadBytes(file).size());
    EXPECT_GT(json["commands"].get<int>(), 40);
  }
  EXPECT_TRUE(ReadBytes(first) == ReadBytes(second));
}

TEST(Accel, ReportAddsUp) {
  const Outcome outcome =
      Potlut({"accel", "report", QuantisedModel(), "--tables", "single", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["macs"], 40'813'184);
  EXPECT_GT(json["utilisation_3x3"].get<double>(), 0.5);
  EXPECT_LE(json["utilisation_3x3"].get<double>(), 1.0);
  int64_t stored = 0;
  for (const auto& layer : json["layers"]) {
    if (layer.contains("weight_bytes")) stored += layer["weight_bytes"]["stored"].get<int64_t>();
  }
  EXPECT_EQ(json["weight_bytes"]["stored"], stored);
  EXPECT_EQ(json["weight_bytes"]["eight_bits"], 270'896);
}

TEST(Accel, RefusesWithAReason) {
  const auto refused = [](const std::vector<std::string>& args, int code, const char* words) {
    const Outcome outcome = Potlut(args);
    EXPECT_EQ(outcome.code, code) << outcome.error;
    EXPECT_NE(outcome.error.find(words), std::string::npos) << outcome.error;
  };
  refused({"accel"}, 2, "");
  refused({"accel", "report", QuantisedModel(), "--tables", "triple"}, 2, "pair and single");
  refused({"accel", "report", ShippedModel()}, 3, "not a .plut file");
  refused({"accel", "compile", QuantisedModel(), "-o", InScratch("never.bin"), "--activation-words",
           "1024"},
          6, "node '");
  refused({"accel", "simulate", QuantisedModel(), "--backend", "fpga"}, 2, "--backend");
}

}  // namespace
}  // namespace potlut::cli
