// The program potlut-zoo from outside: files, words and exit codes.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "onnx/import.h"
#include "zoo/zoo.h"

namespace potlut::zoo {
namespace {

struct Outcome {
  int code = -1;
  std::string text;  // stdout and stderr
};

// Runs the program through a shell; `args` hold nothing that a shell would change.
Outcome Zoo(const std::string& args) {
  std::FILE* pipe = ::popen(("(" POTLUT_ZOO_PROGRAM " " + args + ") 2>&1").c_str(), "r");
  Outcome outcome;
  if (pipe == nullptr) return outcome;
  char buffer[4096];
  for (size_t n = 0; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    outcome.text.append(buffer, n);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  return outcome;
}

std::string Scratch(const std::string& name) { return testing::TempDir() + "potlut_zoo_" + name; }

TEST(Program, List) {
  const Outcome outcome = Zoo("list");
  EXPECT_EQ(outcome.code, 0);
  for (const ModelInfo& info : List()) {
    EXPECT_NE(outcome.text.find("\n" + info.name + " "), std::string::npos) << outcome.text;
  }
  EXPECT_NE(outcome.text.find(" 11,689,512 "), std::string::npos) << outcome.text;
}

TEST(Program, WritesWhatBuildMakes) {
  const std::string path = Scratch("net.onnx");
  const Outcome outcome =
      Zoo("write resnet20 -o " + path + " --classes 7 --width 0.5 --size 16 --seed 3 --spread 0.2");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("parameters"), std::string::npos) << outcome.text;
  const auto got = onnx::ImportFile(path);
  ASSERT_TRUE(got.ok()) << got.error().message;
  const ModelSpec spec{
      .name = "resnet20", .classes = 7, .width = 0.5, .size = 16, .seed = 3, .spread = 0.2};
  const auto want = Build(spec);
  ASSERT_TRUE(want.ok()) << want.error().message;
  EXPECT_EQ(graph::Describe(*got), graph::Describe(*want));
  EXPECT_EQ(got->metadata.at("source.name"), SpecText(spec));
  for (size_t i = 0; i < want->nodes.size(); ++i) {
    if (const auto* conv = std::get_if<graph::Conv>(&want->nodes[i].op)) {
      EXPECT_EQ(std::get<graph::Conv>(got->nodes[i].op).weights, conv->weights);
    }
    if (const auto* affine = std::get_if<graph::Affine>(&want->nodes[i].op)) {
      EXPECT_EQ(std::get<graph::Affine>(got->nodes[i].op).scale, affine->scale);
      EXPECT_EQ(std::get<graph::Affine>(got->nodes[i].op).shift, affine->shift);
    }
  }
  const std::string same = Scratch("same.onnx");
  const Outcome again =
      Zoo("write zoo:resnet20@width=1,seed=3,spread=0.2,classes=7,size=16 --width 0.5 -o " + same);
  ASSERT_EQ(again.code, 0) << again.text;
  EXPECT_EQ(ReadFile(path).value(), ReadFile(same).value());
  std::filesystem::remove(path);
  std::filesystem::remove(same);
}

TEST(Program, RefusesInWords) {
  const auto refused = [](const std::string& args, int code, const std::string& word) {
    const Outcome outcome = Zoo(args);
    EXPECT_EQ(outcome.code, code) << args << "\n" << outcome.text;
    EXPECT_EQ(outcome.text.rfind("potlut-zoo: error: ", 0), 0U) << args << "\n" << outcome.text;
    EXPECT_NE(outcome.text.find(word), std::string::npos) << args << "\n" << outcome.text;
  };
  const std::string out = " -o " + Scratch("never.onnx");
  refused("", 2, "--help");
  refused("frobnicate", 2, "--help");
  refused("write resnet20", 2, "potlut-zoo write --help");
  refused("write resnet21" + out, 2, "resnet20");
  refused("write resnet20 --width 9" + out, 2, "width");
  refused("write resnet20 --width wide" + out, 2, "--width");
  refused("write zoo:resnet20@depth=3" + out, 2, "depth");
  refused("write resnet8 -o /nowhere/net.onnx", 1, "/nowhere");
  refused("list >/dev/full", 1, "standard output");
  EXPECT_FALSE(std::filesystem::exists(Scratch("never.onnx")));
}

TEST(Program, HelpAndVersion) {
  EXPECT_EQ(Zoo("--help").code, 0);
  EXPECT_NE(Zoo("write --help").text.find("--spread"), std::string::npos);
  EXPECT_EQ(Zoo("--version").text.rfind("potlut-zoo ", 0), 0U);
}

}  // namespace
}  // namespace potlut::zoo
