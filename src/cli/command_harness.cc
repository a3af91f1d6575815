// posix_spawn with stdout and stderr in files: no pipe can fill up.
#include "cli/command_harness.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace potlut::cli {
namespace {

struct TemporaryFolder {
  TemporaryFolder() {
    path = (std::filesystem::temp_directory_path() / "potlut_cli_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) path = ".";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (path != ".") std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Field(int number, uint64_t value) {
  return Varint(static_cast<uint64_t>(number) << 3) + Varint(value);
}
std::string Field(int number, const std::string& bytes) {
  return Varint(static_cast<uint64_t>(number) << 3 | 2) + Varint(bytes.size()) + bytes;
}

}  // namespace

Outcome Potlut(const std::vector<std::string>& args, int signal_after_ms) {
  const std::string out = InScratch("stdout.txt"), error = InScratch("stderr.txt");
  std::vector<std::string> words = {POTLUT_PROGRAM};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::unsetenv("COLUMNS");
  ::unsetenv("NO_COLOR");

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  Outcome outcome;
  if (failed != 0) return outcome;
  if (signal_after_ms > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(signal_after_ms));
    ::kill(child, SIGINT);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = ReadBytes(out);
  outcome.error = ReadBytes(error);
  return outcome;
}

const std::string& Scratch() {
  static const TemporaryFolder folder;
  return folder.path;
}
std::string InScratch(const std::string& name) { return Scratch() + "/" + name; }

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}
std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string ShippedModel() { return POTLUT_SOURCE_DIR "/models/resnet20-cifar10.onnx"; }
std::string ShippedTestImages() {
  return "cifar10:" POTLUT_SOURCE_DIR "/models/cifar10-test-1000.bin";
}
std::string ShippedCalibrationImages() {
  return "cifar10:" POTLUT_SOURCE_DIR "/models/cifar10-calibration-256.bin";
}

const Outcome& QuantiseOutcome() {
  static const Outcome outcome = Potlut(
      {"quantize", ShippedModel(), "--calibration", ShippedCalibrationImages(), "--normalize",
       "cifar10", "--images", "32", "--report", "-o", InScratch("model.plut")});
  return outcome;
}
const std::string& QuantisedModel() {
  static const std::string path = (QuantiseOutcome(), InScratch("model.plut"));
  return path;
}

std::string OneNodeOnnx(const std::string& op_type) {
  // onnx.proto: ModelProto 1 ir_version, 7 graph, 8 opset_import; GraphProto 1 node, 2 name, 11
  // input, 12 output; NodeProto 1 input, 2 output, 3 name, 4 op_type; ValueInfoProto 1 name, 2
  // type; TypeProto 1 tensor_type; TypeProto.Tensor 1 elem_type, 2 shape; TensorShapeProto 1 dim;
  // Dimension 1 dim_value.
  std::string shape;
  for (const uint64_t size : {1, 3, 8, 8}) shape += Field(1, Field(1, size));
  const std::string type = Field(1, Field(1, uint64_t{1}) + Field(2, shape));
  const std::string node = Field(1, std::string("x")) + Field(2, std::string("y")) +
                           Field(3, std::string("odd_one")) + Field(4, op_type);
  const std::string graph = Field(1, node) + Field(2, std::string("g")) +
                            Field(11, Field(1, std::string("x")) + Field(2, type)) +
                            Field(12, Field(1, std::string("y")) + Field(2, type));
  return Field(1, uint64_t{8}) + Field(7, graph) + Field(8, Field(2, uint64_t{13}));
}

}  // namespace potlut::cli
