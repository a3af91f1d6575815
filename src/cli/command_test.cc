// What goes right: every command on the shipped network, as text and as JSON.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/command_harness.h"

namespace potlut::cli {
namespace {

// Runs with --json and parses what came.
nlohmann::json Json(std::vector<std::string> args) {
  args.push_back("--json");
  const Outcome outcome = Potlut(args);
  EXPECT_EQ(outcome.code, 0) << args[0] << ": " << outcome.error;
  const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << args[0] << ": " << outcome.out;
  return json;
}

TEST(Help, EveryCommandHasOne) {
  const Outcome all = Potlut({"--help"});
  EXPECT_EQ(all.code, 0);
  EXPECT_EQ(all.error, "");
  for (const char* command : {"quantize", "run", "eval", "bench", "inspect", "diff", "verify",
                              "pack", "unpack", "ops", "doctor"}) {
    EXPECT_NE(all.out.find(command), std::string::npos) << command;
    const Outcome one = Potlut({command, "--help"});
    EXPECT_EQ(one.code, 0) << command;
    EXPECT_EQ(one.error, "") << command;
    EXPECT_NE(one.out.find("--json"), std::string::npos) << command;
  }
}

TEST(Version, IsPrinted) {
  const Outcome outcome = Potlut({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.rfind("potlut ", 0), 0U);
}

TEST(Quantise, WritesAModelAndReports) {
  const Outcome& outcome = QuantiseOutcome();
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  for (const char* word : {"layer", "alphabet", "SQNR", "entropy", "pot 4", "uniform 8"}) {
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word << "\n" << outcome.out;
  }
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_NE(outcome.error.find("bytes"), std::string::npos);
  EXPECT_GT(ReadBytes(QuantisedModel()).size(), 10000U);
}

TEST(Quantise, IsDeterministicAndOverridable) {
  const std::vector<std::string> args = {"quantize",
                                         ShippedModel(),
                                         "--calibration",
                                         ShippedCalibrationImages(),
                                         "--mean",
                                         "125.3,123.0,113.9",
                                         "--std",
                                         "63.0,62.1,66.7",
                                         "--images",
                                         "8",
                                         "--seed",
                                         "5",
                                         "--alphabet",
                                         "apot",
                                         "--weight-bits",
                                         "4",
                                         "--first",
                                         "uniform:5",
                                         "--activation-bits",
                                         "6",
                                         "-o"};
  std::vector<std::string> first = args, second = args;
  first.push_back(InScratch("first.plut"));
  second.push_back(InScratch("second.plut"));
  second.insert(second.end(), {"--threads", "1"});
  const auto json = Json(first);
  EXPECT_EQ(json["layers"][0]["alphabet"], "uniform 5");
  EXPECT_EQ(json["layers"][1]["alphabet"], "apot 4");
  EXPECT_EQ(json["layers"][1]["activation_bits"], 6);
  ASSERT_EQ(Potlut(second).code, 0);
  EXPECT_EQ(ReadBytes(InScratch("first.plut")), ReadBytes(InScratch("second.plut")));
}

TEST(Eval, MeasuresBothKindsOfModel) {
  const auto plut = Json(
      {"eval", QuantisedModel(), "--data", ShippedTestImages(), "--images", "100", "--confusion"});
  EXPECT_EQ(plut["images"], 100);
  EXPECT_GT(plut["top1"].get<double>(), 0.8);
  EXPECT_GE(plut["top5"].get<double>(), plut["top1"].get<double>());
  EXPECT_GT(plut["images_per_second"].get<double>(), 0);
  int64_t sum = 0;
  for (const auto& row : plut["confusion"]) {
    for (const auto& cell : row) sum += cell.get<int64_t>();
  }
  EXPECT_EQ(sum, 100);
  EXPECT_EQ(plut["classes"][0], "airplane");
  const auto onnx = Json({"eval", ShippedModel(), "--data", ShippedTestImages(), "--images", "100",
                          "--normalize", "cifar10"});
  EXPECT_GT(onnx["top1"].get<double>(), 0.8);
}

TEST(Eval, AllExecutorsAgree) {
  const auto answers = [](std::vector<std::string> more) {
    std::vector<std::string> args = {
        "eval", QuantisedModel(), "--data", ShippedTestImages(), "--images", "20", "--confusion"};
    args.insert(args.end(), more.begin(), more.end());
    return Json(args)["confusion"];
  };
  const auto engine = answers({});
  EXPECT_EQ(engine, answers({"--reference"}));
  EXPECT_EQ(engine, answers({"--isa", "portable", "--threads", "1"}));
  EXPECT_EQ(engine, answers({"--threads", "3"}));
}

TEST(Eval, PrintsATable) {
  const Outcome outcome = Potlut({"eval", QuantisedModel(), "--data", ShippedTestImages(),
                                  "--images", "50", "--confusion", "--min-top1", "10"});
  EXPECT_EQ(outcome.code, 0) << outcome.error;
  for (const char* word : {"top-1", "images/s", "airplane", "truck"}) {
    EXPECT_NE(outcome.out.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(outcome.error, "");
}

TEST(Run, ClassifiesAndWritesOutputs) {
  const auto json =
      Json({"run", QuantisedModel(), ShippedTestImages(), "--images", "2", "--top", "3"});
  ASSERT_EQ(json["images"].size(), 2U);
  const auto& top = json["images"][0]["top"];
  ASSERT_EQ(top.size(), 3U);
  EXPECT_GE(top[0]["probability"].get<double>(), top[1]["probability"].get<double>());
  EXPECT_TRUE(top[0]["class"].is_string());

  const std::string path = InScratch("outputs.npy");
  for (const bool raw : {false, true}) {
    std::vector<std::string> args = {
        "run", QuantisedModel(), ShippedTestImages(), "--images", "3", "-o", path};
    if (raw) args.push_back("--raw");
    const Outcome outcome = Potlut(args);
    EXPECT_EQ(outcome.code, 0) << outcome.error;
    EXPECT_EQ(outcome.out, "");
    const std::string bytes = ReadBytes(path);
    EXPECT_EQ(bytes.size(), 128U + 3 * 10 * 4);
    EXPECT_NE(bytes.find(raw ? "'<i4'" : "'<f4'"), std::string::npos);
    EXPECT_NE(bytes.find("(3, 10)"), std::string::npos);
  }
  const auto onnx =
      Json({"run", ShippedModel(), ShippedTestImages(), "--images", "2", "--normalize", "cifar10"});
  EXPECT_EQ(onnx["images"][0]["top"].size(), 5U);
}

TEST(Bench, MeasuresAndListsLayers) {
  const auto json = Json({"bench", QuantisedModel(), "--seconds", "0.1", "--layers"});
  const auto& us = json["microseconds"];
  EXPECT_LE(us["min"].get<double>(), us["median"].get<double>());
  EXPECT_LE(us["median"].get<double>(), us["p90"].get<double>());
  double share = 0;
  for (const auto& layer : json["layers"]) share += layer["share"].get<double>();
  EXPECT_NEAR(share, 1, 1e-6);
  EXPECT_EQ(Json({"bench", QuantisedModel(), "--runs", "3", "--reference"})["runs"], 3);
  EXPECT_EQ(Json({"bench", ShippedModel(), "--runs", "3"})["runs"], 3);
  EXPECT_EQ(Potlut({"bench", ShippedModel(), "--layers"}).code, 2);
}

TEST(Inspect, AddsUp) {
  const auto json = Json({"inspect", QuantisedModel()});
  int64_t macs = 0, stage2 = 0;
  for (const auto& layer : json["layers"]) {
    macs += layer["macs"].get<int64_t>();
    stage2 += layer["stage2_bytes"].get<int64_t>();
  }
  EXPECT_EQ(macs, json["total"]["macs"].get<int64_t>());
  EXPECT_GT(macs, 40'000'000);
  EXPECT_EQ(stage2, json["total"]["stage2_bytes"].get<int64_t>());
  EXPECT_EQ(json["total"]["file_bytes"].get<size_t>(), ReadBytes(QuantisedModel()).size());
  EXPECT_EQ(json["metadata"]["source.name"], "resnet20-cifar10.onnx");
  EXPECT_EQ(json["metadata"]["source.sha256"].get<std::string>().size(), 64U);
  EXPECT_NE(json["metadata"]["recipe"].get<std::string>().find("125.3"), std::string::npos);
  const Outcome text = Potlut({"inspect", QuantisedModel()});
  EXPECT_EQ(text.code, 0);
  for (const char* word : {"in all", "look-ups", "int8, biases int32", "pot 4"}) {
    EXPECT_NE(text.out.find(word), std::string::npos) << word;
  }
  const auto onnx = Json({"inspect", ShippedModel()});
  EXPECT_EQ(onnx["total"]["macs"], json["total"]["macs"]);
}

TEST(Diff, ComparesWithTheFloatNetwork) {
  const auto json = Json({"diff", QuantisedModel(), ShippedModel(), "--data", ShippedTestImages(),
                          "--images", "60", "--layer-images", "4"});
  EXPECT_EQ(json["images"], 60);
  EXPECT_GT(json["same_top1"].get<int>(), 45);
  EXPECT_GT(json["tensors"].size(), 15U);
  EXPECT_TRUE(json["first_difference"].is_string());
  for (const auto& tensor : json["tensors"]) {
    EXPECT_TRUE(tensor["sqnr_db"].is_null() || tensor["sqnr_db"].get<double>() > 0)
        << tensor.dump();
  }
}

TEST(Diff, FindsNoDifferenceInOneModel) {
  const auto json = Json({"diff", QuantisedModel(), QuantisedModel(), "--data", ShippedTestImages(),
                          "--images", "10", "--layer-images", "2"});
  EXPECT_EQ(json["same_top1"], 10);
  EXPECT_TRUE(json["first_difference"].is_null());
  for (const auto& tensor : json["tensors"]) EXPECT_EQ(tensor["unequal"], 0);
}

TEST(Verify, AcceptsAWholeFile) {
  const Outcome outcome = Potlut({"verify", QuantisedModel(), "--images", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_NE(outcome.out.find(": ok, "), std::string::npos);
  EXPECT_EQ(Json({"verify", QuantisedModel()})["ok"], true);
}

TEST(Ops, ListsTheImportersTable) {
  const auto json = Json({"ops"});
  EXPECT_GT(json.size(), 40U);
  bool has_conv = false;
  for (const auto& row : json) has_conv |= row["operator"] == "Conv";
  EXPECT_TRUE(has_conv);
  const Outcome markdown = Potlut({"ops", "--markdown"});
  EXPECT_EQ(markdown.out.rfind("| operator | opsets |", 0), 0U);
  EXPECT_NE(Potlut({"ops"}).out.find("Conv"), std::string::npos);
}

TEST(Doctor, NamesAnInstructionSet) {
  const auto json = Json({"doctor"});
  EXPECT_TRUE(json["isa"]["portable"].get<bool>());
  EXPECT_TRUE(json["isa"][json["chosen_isa"].get<std::string>()].get<bool>());
  EXPECT_GE(json["threads"].get<int>(), 1);
}

TEST(Output, AFullDiskIsAFailure) {
  const Outcome outcome = Potlut({"ops"});
  ASSERT_EQ(outcome.code, 0);
  EXPECT_EQ(
      std::system(
          ("'" POTLUT_PROGRAM "' ops > /dev/full 2> '" + InScratch("full.txt") + "'").c_str()) >>
          8,
      1);
  EXPECT_NE(ReadBytes(InScratch("full.txt")).find("standard output"), std::string::npos);
}

TEST(Pack, MakesFilesSmallerOrPlainer) {
  const std::string fast = InScratch("fast.plut"), small = InScratch("small.plut"),
                    raw = InScratch("raw.plut"), again = InScratch("again.plut");
  const auto packed = Json({"pack", QuantisedModel(), "-o", fast, "--effort", "fast"});
  EXPECT_EQ(packed["file_bytes"], ReadBytes(fast).size());
  EXPECT_EQ(packed["bytes_before"], ReadBytes(QuantisedModel()).size());
  EXPECT_EQ(Potlut({"pack", fast, "-o", small, "--effort", "small"}).code, 0);
  EXPECT_LE(ReadBytes(small).size(), ReadBytes(fast).size());
  EXPECT_EQ(Potlut({"unpack", small, "-o", raw}).code, 0);
  EXPECT_GT(ReadBytes(raw).size(), ReadBytes(fast).size());
  EXPECT_EQ(Json({"verify", raw})["version"], 1);
  EXPECT_EQ(Json({"verify", small})["version"], 2);
  // The way back gives the same bytes.
  EXPECT_EQ(Potlut({"pack", raw, "-o", again, "--effort", "small"}).code, 0);
  EXPECT_EQ(ReadBytes(again), ReadBytes(small));
}

TEST(Pack, LayeredFilesHaveALowReading) {
  const std::string layered = InScratch("layered.plut"), low = InScratch("low.plut"),
                    high = InScratch("high.plut"), raw = InScratch("plain.plut");
  const Outcome outcome = Potlut({"pack", QuantisedModel(), "-o", layered, "--layered",
                                  "--calibration", ShippedCalibrationImages(), "--images", "8"});
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_EQ(Json({"verify", layered})["low_bits"], 3);
  EXPECT_EQ(Json({"verify", QuantisedModel()})["low_bits"], 0);
  EXPECT_EQ(Potlut({"unpack", layered, "-o", low, "--bits", "3"}).code, 0);
  EXPECT_EQ(Potlut({"unpack", layered, "-o", high}).code, 0);
  EXPECT_EQ(Potlut({"unpack", QuantisedModel(), "-o", raw}).code, 0);
  EXPECT_EQ(ReadBytes(high), ReadBytes(raw));
  EXPECT_LT(ReadBytes(low).size(), ReadBytes(high).size());
  const auto eval = Json({"eval", low, "--data", ShippedTestImages(), "--images", "100"});
  EXPECT_GT(eval["top1"].get<double>(), 0.6);
  EXPECT_LT(ReadBytes(layered).size() * 100, ReadBytes(QuantisedModel()).size() * 103);
}

TEST(Inspect, SizesAddUp) {
  const auto json = Json({"inspect", "--size", QuantisedModel()});
  int64_t parts = 0, codes = 0;
  for (const auto& [key, bytes] : json["parts"].items()) parts += bytes.get<int64_t>();
  for (const auto& layer : json["layers"]) codes += layer["stage2_bytes"].get<int64_t>();
  EXPECT_NEAR(static_cast<double>(parts), json["file_bytes"].get<double>(), 8);
  EXPECT_EQ(codes, json["parts"]["codes"]);
  const Outcome text = Potlut({"inspect", "--size", QuantisedModel()});
  for (const char* word : {"stage 1", "entropy", "coder", "beside the codes", "biases"})
    EXPECT_NE(text.out.find(word), std::string::npos) << word << "\n" << text.out;
}

}  // namespace
}  // namespace potlut::cli
