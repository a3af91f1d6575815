// The program as others meet it: killed and resumed, interrupted, two at once.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "pack/plut.h"
#include "train/test_data.h"

namespace potlut::train {
namespace {

using namespace std::chrono_literals;
using Arguments = std::vector<std::string>;

class Process {
 public:
  // `potlut-train ARGUMENTS`, what it says going to `log`.
  Process(const Arguments& arguments, const std::string& log) : log_(log) {
    std::vector<char*> argv{const_cast<char*>(POTLUT_TRAIN_PROGRAM)};
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      Wait();
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Signal(int signal) const { ::kill(pid_, signal); }
  bool Running() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ > 0;
  }
  // The exit code, 128 + the signal where one ended it.
  int Wait() {
    if (pid_ > 0) {
      ::waitpid(pid_, &status_, 0);
      pid_ = 0;
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }
  std::string Said() const {
    const auto bytes = BytesOf(log_);
    return {bytes.begin(), bytes.end()};
  }

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  std::string log_;
};

const std::string& Cifar() {
  static const std::string folder = WriteCifar(InScratch("cifar"), 32, 1);
  return folder;
}

// A small network of the test's own as an ONNX file.
std::string Model(bool normalised) {
  const std::string path = InScratch(Cat("small", normalised, ".onnx"));
  EXPECT_TRUE(onnx::SaveOnnx(path, SmallGraph(32, 10, normalised)).ok());
  return path;
}

Arguments FitArguments(const std::string& model, const std::string& output) {
  return {"fit",
          "--model",
          model,
          "--data",
          Cat("cifar10:", Cifar()),
          "--normalize",
          "cifar10",
          "--epochs",
          "6",
          "--batch",
          "8",
          "--augment",
          "crop=4,flip,cutout=8",
          "--ema",
          "0.9",
          "--threads",
          "1",
          "-o",
          output};
}

Arguments With(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The bytes of `path`, once they differ from `old`; empty where the process ended before.
std::vector<uint8_t> WaitForChange(Process& process, const std::string& path,
                                   const std::vector<uint8_t>& old) {
  while (process.Running()) {
    std::vector<uint8_t> bytes;
    if (std::filesystem::exists(path)) bytes = BytesOf(path);
    if (!bytes.empty() && bytes != old) return bytes;
    std::this_thread::sleep_for(1ms);
  }
  return {};
}

TEST(Process, KilledAndResumedGivesTheSameWeights) {
  const std::string whole = InScratch("whole.onnx"), parts = InScratch("parts.onnx");
  Process reference(FitArguments(Model(true), whole), InScratch("whole.txt"));
  ASSERT_EQ(reference.Wait(), 0) << reference.Said();

  const std::string checkpoint = InScratch("killed.ck");
  const Arguments arguments =
      With(FitArguments(Model(true), parts),
           {"--checkpoint", checkpoint, "--checkpoint-interval", "3b", "--resume"});
  std::vector<uint8_t> last;
  int kills = 0;
  for (int i = 0; i < 3; ++i) {
    Process process(arguments, InScratch("killed.txt"));
    const auto changed = WaitForChange(process, checkpoint, last);
    if (changed.empty()) break;  // it was done before we looked
    process.Signal(SIGKILL);
    EXPECT_EQ(process.Wait(), 128 + SIGKILL);
    last = BytesOf(checkpoint);
    ++kills;
  }
  EXPECT_GE(kills, 1) << "training ended before it could be killed";
  EXPECT_FALSE(std::filesystem::exists(parts));
  Process resumed(arguments, InScratch("resumed.txt"));
  ASSERT_EQ(resumed.Wait(), 0) << resumed.Said();
  EXPECT_TRUE(BytesOf(whole) == BytesOf(parts));
}

TEST(Process, InterruptedItSavesAndEndsWith130) {
  const std::string checkpoint = InScratch("interrupted.ck"), output = InScratch("late.onnx");
  Arguments arguments = FitArguments(Model(true), output);
  *std::find(arguments.begin(), arguments.end(), "6") = "100000";
  arguments = With(arguments, {"--checkpoint", checkpoint, "--checkpoint-interval", "2b"});
  Process process(arguments, InScratch("interrupted.txt"));
  ASSERT_FALSE(WaitForChange(process, checkpoint, {}).empty()) << process.Said();
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 130);
  EXPECT_NE(process.Said().find("--resume goes on from"), std::string::npos) << process.Said();
  EXPECT_TRUE(std::filesystem::exists(checkpoint));
  EXPECT_FALSE(std::filesystem::exists(output));
}

// No batch normalisation: its statistics are of a process's own images.
TEST(Process, TwoAreOneWithTheDoubledBatch) {
  const std::string model = Model(false);
  const std::string one = InScratch("one.onnx"), two = InScratch("two.onnx");
  Arguments alone = FitArguments(model, one);
  *std::find(alone.begin(), alone.end(), "8") = "16";
  Process single(alone, InScratch("one.txt"));
  ASSERT_EQ(single.Wait(), 0) << single.Said();

  const int port = 20000 + static_cast<int>(::getpid() % 20000);
  const auto member = [&](const char* rank) {
    return With(FitArguments(model, two), {"--rendezvous", Cat("tcp://127.0.0.1:", port), "--rank",
                                           rank, "--world-size", "2"});
  };
  Process first(member("0"), InScratch("first.txt"));
  Process second(member("1"), InScratch("second.txt"));
  ASSERT_EQ(first.Wait(), 0) << first.Said();
  ASSERT_EQ(second.Wait(), 0) << second.Said();
  EXPECT_EQ(second.Said(), "");

  const auto a = onnx::ImportFile(one), b = onnx::ImportFile(two), start = onnx::ImportFile(model);
  ASSERT_TRUE(a.ok() && b.ok() && start.ok());
  double difference = 0, way = 0;
  for (size_t i = 0; i < a->nodes.size(); ++i) {
    const auto* left = std::get_if<graph::Conv>(&a->nodes[i].op);
    if (left == nullptr) continue;
    const auto& right = std::get<graph::Conv>(b->nodes[i].op);
    const auto& from = std::get<graph::Conv>(start->nodes[i].op);
    for (size_t k = 0; k < left->weights.size(); ++k) {
      difference = std::max<double>(difference, std::abs(left->weights[k] - right.weights[k]));
      way = std::max<double>(way, std::abs(left->weights[k] - from.weights[k]));
    }
  }
  EXPECT_GT(way, 0.01);
  EXPECT_LT(difference, 1e-4);
}

// A float network to tune, trained once.
const std::string& Trained() {
  static const std::string path = [] {
    const std::string made = InScratch("trained.onnx");
    Process process(FitArguments(Model(true), made), InScratch("trained.txt"));
    EXPECT_EQ(process.Wait(), 0) << process.Said();
    return made;
  }();
  return path;
}

Arguments TuneArguments(const std::string& output) {
  return {"tune",
          Trained(),
          "--data",
          Cat("cifar10:", Cifar()),
          "--normalize",
          "cifar10",
          "--epochs",
          "2",
          "--batch",
          "8",
          "--images",
          "32",
          "--weight-bits",
          "3",
          "--activation-bits",
          "4",
          "--validation",
          "32",
          "--threads",
          "1",
          "--json",
          "-o",
          output};
}

nlohmann::json ParseObject(const std::string& text) {
  return nlohmann::json::parse(text.substr(std::min(text.find("{\n"), text.size())), nullptr,
                               false);
}

TEST(Process, TunedProgramsAreWhatWasSimulated) {
  const std::string output = InScratch("tuned.plut"), tuned = InScratch("tuned.onnx");
  Process process(With(TuneArguments(output),
                       {"--float-out", tuned, "--check-reference", "all", "--progressive", "4,3",
                        "--distribution-loss", "bin=0.1,rate=0.01"}),
                  InScratch("tuned.txt"));
  ASSERT_EQ(process.Wait(), 0) << process.Said();
  const nlohmann::json said = ParseObject(process.Said());
  ASSERT_TRUE(said.is_object()) << process.Said();
  EXPECT_EQ(said["exact"], true);
  EXPECT_EQ(said["logits"], 320);
  EXPECT_EQ(said["reference_images"], 32);
  EXPECT_GE(said["same_top1_float32"].get<double>(), 0.999);
  const auto program = Unpack(BytesOf(output));
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(program->metadata.at("source.name"), "trained.onnx");
  EXPECT_NE(program->metadata.at("recipe").find("bits = 3"), std::string::npos)
      << program->metadata.at("recipe");
  EXPECT_TRUE(onnx::ImportFile(tuned).ok());
}

TEST(Process, TuningGoesOnBitForBit) {
  const std::string whole = InScratch("whole.plut"), parts = InScratch("parts.plut");
  Process reference(TuneArguments(whole), InScratch("wholetune.txt"));
  ASSERT_EQ(reference.Wait(), 0) << reference.Said();
  const std::string checkpoint = InScratch("tune.ck");
  const Arguments arguments =
      With(TuneArguments(parts),
           {"--checkpoint", checkpoint, "--checkpoint-interval", "3b", "--resume"});
  Process killed(arguments, InScratch("killedtune.txt"));
  ASSERT_FALSE(WaitForChange(killed, checkpoint, {}).empty()) << killed.Said();
  killed.Signal(SIGKILL);
  EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
  Process resumed(arguments, InScratch("resumedtune.txt"));
  ASSERT_EQ(resumed.Wait(), 0) << resumed.Said();
  EXPECT_TRUE(BytesOf(whole) == BytesOf(parts));
}

TEST(Process, WrongUseIsSaid) {
  const auto code = [](const Arguments& arguments) {
    Process process(arguments, InScratch("wrong.txt"));
    const int result = process.Wait();
    EXPECT_NE(process.Said().find("potlut: error: "), std::string::npos) << process.Said();
    return result;
  };
  EXPECT_EQ(code({}), 2);
  EXPECT_EQ(code({"fit"}), 2);
  const Arguments good = FitArguments("zoo:resnet8", InScratch("x.onnx"));
  EXPECT_EQ(code(With(good, {"--schedule", "linear"})), 2);
  EXPECT_EQ(code(With(good, {"--augment", "shear"})), 2);
  EXPECT_EQ(code(With(good, {"--resume"})), 2);
  EXPECT_EQ(code(With(good, {"--validation", "160"})), 2);
  EXPECT_EQ(code(With(good, {"--device", "cuda:99"})), 4);
  EXPECT_EQ(code(FitArguments("zoo:nothing", "x.onnx")), 2);
  EXPECT_EQ(code(FitArguments(InScratch("absent.onnx"), "x.onnx")), 3);
}

TEST(Process, OptionsComeFromAFileToo) {
  const std::string config = InScratch("fit.toml"), output = InScratch("config.onnx");
  std::ofstream(config) << "[fit]\nmodel = \"" << Model(true) << "\"\ndata = \"cifar10:" << Cifar()
                        << "\"\nnormalize = \"cifar10\"\nepochs = 1\nbatch = 16\noutput = \""
                        << output << "\"\n";
  Process process({"fit", "--config", config, "--json"}, InScratch("config.txt"));
  ASSERT_EQ(process.Wait(), 0) << process.Said();
  EXPECT_TRUE(std::filesystem::exists(output));
  EXPECT_NE(process.Said().find("\"test_accuracy\""), std::string::npos) << process.Said();
}

}  // namespace
}  // namespace potlut::train
