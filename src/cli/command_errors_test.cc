// What goes wrong: the exit code, one clear line on stderr, nothing on stdout.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/command_harness.h"

namespace potlut::cli {
namespace {

// Expects the code, an error line that holds `words`, and silence on stdout.
void ExpectRefused(const std::vector<std::string>& args, int code,
                   const std::vector<std::string>& words) {
  const Outcome outcome = Potlut(args);
  std::string line;
  for (const std::string& arg : args) line += " " + arg;
  EXPECT_EQ(outcome.code, code) << "potlut" << line << "\n" << outcome.error;
  EXPECT_EQ(outcome.out, "") << line;
  EXPECT_EQ(outcome.error.rfind("potlut: error: ", 0), 0U) << line << "\n" << outcome.error;
  for (const std::string& word : words) {
    EXPECT_NE(outcome.error.find(word), std::string::npos)
        << line << "\nwants '" << word << "' in: " << outcome.error;
  }
}

TEST(Usage, IsRefusedWithTwo) {
  ExpectRefused({}, 2, {"subcommand", "--help"});
  ExpectRefused({"frobnicate"}, 2, {"--help"});
  ExpectRefused({"--frobnicate"}, 2, {"--help"});
  ExpectRefused({"eval"}, 2, {"potlut eval --help"});
  for (const char* command : {"quantize", "run", "eval", "bench", "inspect", "diff", "verify",
                              "pack", "unpack", "delta", "apply", "ops", "doctor"}) {
    ExpectRefused({command, "--frobnicate"}, 2, {std::string("potlut ") + command + " --help"});
  }
  ExpectRefused({"bench", QuantisedModel(), "--threads", "many"}, 2, {"--threads"});
  ExpectRefused({"bench", QuantisedModel(), "--isa", "mmx"}, 2, {"--isa", "mmx"});
  ExpectRefused({"eval", QuantisedModel(), "--data", ShippedTestImages(), "--normalize", "cifar10"},
                2, {"carries its own normalisation"});
  ExpectRefused({"eval", ShippedModel(), "--data", ShippedTestImages()}, 2,
                {"--mean", "--normalize"});
  ExpectRefused(
      {"eval", ShippedModel(), "--data", ShippedTestImages(), "--mean", "1,2", "--std", "1,2"}, 2,
      {"2 values", "3 channels"});
  ExpectRefused({"ops", "--json", "--markdown"}, 2, {"--markdown"});
}

TEST(Quantise, RefusesBeforeItRuns) {
  const std::string output = InScratch("never.plut");
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> args = {
        "quantize", ShippedModel(), "--calibration", ShippedCalibrationImages(), "-o", output};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  ExpectRefused(with({}), 2, {"--mean", "--normalize"});
  ExpectRefused(with({"--normalize", "cifar"}), 2, {"cifar10"});
  ExpectRefused(with({"--normalize", "cifar10", "--mean", "1", "--std", "1"}), 2, {"once"});
  ExpectRefused(with({"--normalize", "cifar10", "--alphabet", "base10"}), 2,
                {"--alphabet", "base10"});
  ExpectRefused(with({"--normalize", "cifar10", "--weight-bits", "7"}), 2, {"--weight-bits", "7"});
  ExpectRefused(with({"--normalize", "cifar10", "--activation-bits", "9"}), 2,
                {"--activation-bits"});
  ExpectRefused(with({"--normalize", "cifar10", "--first", "uniform"}), 2,
                {"--first", "KIND:BITS"});
  ExpectRefused(with({"--normalize", "cifar10", "--layer", "x=bits=99999999999"}), 2, {"--layer"});
  ExpectRefused(with({"--normalize", "cifar10", "--layer", "no such layer=bits=4"}), 2,
                {"no such layer"});
  ExpectRefused(with({"--normalize", "cifar10", "--recipe", InScratch("missing.toml")}), 3,
                {"missing.toml"});
  WriteBytes(InScratch("bad.toml"), "weights = 4\n");
  ExpectRefused(with({"--normalize", "cifar10", "--recipe", InScratch("bad.toml")}), 2,
                {"bad.toml", "line 1"});
  EXPECT_FALSE(std::filesystem::exists(output));
}

TEST(Files, MissingOnesAreBadInput) {
  const std::string missing = InScratch("missing.plut");
  for (const char* command : {"inspect", "bench", "verify"})
    ExpectRefused({command, missing}, 3, {missing});
  ExpectRefused({"eval", missing, "--data", ShippedTestImages()}, 3, {missing});
  ExpectRefused({"eval", QuantisedModel(), "--data", "cifar10:" + missing}, 3, {missing});
  ExpectRefused({"run", QuantisedModel(), InScratch("missing.png")}, 3, {"missing.png"});
  ExpectRefused({"diff", QuantisedModel(), missing, "--data", ShippedTestImages()}, 3, {missing});
  ExpectRefused({"quantize", InScratch("missing.onnx"), "--calibration", ShippedTestImages(),
                 "--normalize", "cifar10", "-o", InScratch("x.plut")},
                3, {"missing.onnx"});
  ExpectRefused({"inspect", Scratch()}, 3, {Scratch()});
}

TEST(Files, TruncatedAndDamagedModelsAreBadInput) {
  const std::string whole = ReadBytes(QuantisedModel());
  ASSERT_GT(whole.size(), 1000U);
  const std::string path = InScratch("damaged.plut");
  for (const size_t size : {size_t{20}, whole.size() / 2, whole.size() - 1}) {
    WriteBytes(path, whole.substr(0, size));
    for (const char* command : {"inspect", "bench", "verify"})
      ExpectRefused({command, path}, 3, {path});
  }
  std::string flipped = whole;
  flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 4);
  WriteBytes(path, flipped);
  ExpectRefused({"verify", path}, 3, {path});
}

TEST(Files, UnsupportedOperatorsAreNamed) {
  const std::string path = InScratch("odd.onnx");
  WriteBytes(path, OneNodeOnnx("LSTM"));
  ExpectRefused({"inspect", path}, 4, {"LSTM", "odd_one"});
  ExpectRefused({"quantize", path, "--calibration", ShippedCalibrationImages(), "--normalize",
                 "none", "-o", InScratch("x.plut")},
                4, {"LSTM"});
  WriteBytes(path, "no model at all");
  ExpectRefused({"inspect", path}, 3, {path});
}

TEST(Files, OutputThatCannotBeWrittenFails) {
  const Outcome outcome = Potlut({"run", QuantisedModel(), ShippedTestImages(), "--images", "1",
                                  "-o", InScratch("no/such/folder/x.npy")});
  EXPECT_EQ(outcome.code, 1) << outcome.error;
}

TEST(Files, ImagesThatDoNotFitAreBadInput) {
  WriteBytes(InScratch("text.png"), "not an image");
  ExpectRefused({"run", QuantisedModel(), InScratch("text.png")}, 3, {"text.png"});
  WriteBytes(InScratch("short.npy"), "\x93NUMPY");
  ExpectRefused({"run", QuantisedModel(), InScratch("short.npy")}, 3, {"short.npy"});
}

TEST(Gate, MissedExitsWithFive) {
  const Outcome outcome = Potlut({"eval", QuantisedModel(), "--data", ShippedTestImages(),
                                  "--images", "50", "--min-top1", "100"});
  EXPECT_EQ(outcome.code, 5) << outcome.error;
  EXPECT_NE(outcome.out.find("top-1"), std::string::npos);  // the figures are still printed
  EXPECT_NE(outcome.error.find("gate"), std::string::npos);
}

TEST(Interrupt, ExitsWith130) {
  const Outcome outcome = Potlut({"bench", QuantisedModel(), "--seconds", "60"}, 700);
  EXPECT_EQ(outcome.code, 130);
  EXPECT_NE(outcome.error.find("interrupted"), std::string::npos);
}

TEST(Pack, RefusesWhatItCannotDo) {
  const std::string out = InScratch("never.plut");
  ExpectRefused({"pack", QuantisedModel()}, 2, {"--output"});
  ExpectRefused({"pack", QuantisedModel(), "-o", out, "--effort", "best"}, 2, {"best", "small"});
  ExpectRefused({"pack", QuantisedModel(), "-o", out, "--bits", "3"}, 2, {"--layered"});
  ExpectRefused({"pack", QuantisedModel(), "-o", out, "--layered", "--bits", "5"}, 2,
                {"no layer has a reading of 5 bits"});
  ExpectRefused({"unpack", QuantisedModel(), "-o", out, "--bits", "3"}, 2, {"not layered"});
  ExpectRefused({"pack", ShippedModel(), "-o", out}, 3, {"not a .plut file"});
  ExpectRefused({"inspect", "--size", ShippedModel()}, 2, {"--size is for .plut"});
}

}  // namespace
}  // namespace potlut::cli
