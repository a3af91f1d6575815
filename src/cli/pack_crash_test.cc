// `potlut pack` is killed, or a call fails, at each of its calls that touch files: what stands at
// its output is then the old file or the new one, never a mix.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "pack/plut.h"
#include "pack/random_program.h"

namespace potlut::cli {
namespace {

namespace fs = std::filesystem;

std::string ReadBytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void WriteBytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

struct Outcome {
  int code = -1;        // 128 + the signal where one ended it
  std::string reached;  // the call that went wrong; empty where there were not so many
};

// A folder with in.plut, in which pack writes out.plut.
class PackCrash : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "potlut_crash_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    const Program program =
        ChainProgram(1, {{MakeAlphabet(AlphabetKind::kPot, 4).value(), 8, 3, 1}});
    ASSERT_TRUE(SaveProgram(In("in.plut"), program, {.version = 1}).ok());
    const auto packed = Pack(program);
    ASSERT_TRUE(packed.ok());
    new_.assign(packed->begin(), packed->end());
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string In(const std::string& name) const { return (folder_ / name).string(); }

  // `at` 0: nothing goes wrong.
  Outcome Run(int at, const std::string& how) const {
    Outcome outcome;
    int channel[2];
    if (::pipe(channel) != 0) return outcome;
    const std::string number = std::to_string(at), fd = std::to_string(channel[1]);
    const std::string in = In("in.plut"), out = In("out.plut");
    const pid_t child = ::fork();
    if (child == 0) {
      const int null = ::open("/dev/null", O_RDWR);
      for (const int to : {0, 1, 2}) ::dup2(null, to);
      if (at > 0) {
        ::setenv("LD_PRELOAD", POTLUT_FAILING_CALLS, 1);
        ::setenv("POTLUT_FAIL_AT", number.c_str(), 1);
        ::setenv("POTLUT_FAIL_HOW", how.c_str(), 1);
        ::setenv("POTLUT_FAIL_FD", fd.c_str(), 1);
      }
      ::execl(POTLUT_PROGRAM, POTLUT_PROGRAM, "pack", in.c_str(), "-o", out.c_str(),
              static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(channel[1]);
    char buffer[64];
    for (ssize_t n; (n = ::read(channel[0], buffer, sizeof(buffer))) > 0;)
      outcome.reached.append(buffer, static_cast<size_t>(n));
    ::close(channel[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }

  // Names in the folder beside the two; `remove`s them.
  std::vector<std::string> LeftBehind() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (name != "in.plut" && name != "out.plut") names.push_back(name);
    }
    for (const std::string& name : names) fs::remove(folder_ / name);
    return names;
  }

  // Goes wrong at the first call, the second, ... until there are no more; how many there were.
  int TryAll(const std::string& how, bool replaces) {
    const bool killed = how.starts_with("kill");
    const std::string old_bytes = replaces ? "what stood here before" : "";
    std::string calls;
    for (int at = 1; at < 1000; ++at) {
      SCOPED_TRACE(how + " at call " + std::to_string(at) + (replaces ? ", replacing" : ""));
      fs::remove(In("out.plut"));
      if (replaces) WriteBytes(In("out.plut"), old_bytes);
      const Outcome outcome = Run(at, how);
      SCOPED_TRACE(outcome.reached);
      const bool exists = fs::exists(In("out.plut"));
      const std::string bytes = ReadBytes(In("out.plut"));
      const bool is_old = bytes == old_bytes && exists == replaces;
      EXPECT_TRUE(is_old || bytes == new_) << bytes.size() << " bytes";
      if (outcome.code == 0) {
        EXPECT_TRUE(bytes == new_);
      }
      if (outcome.reached.empty()) {
        EXPECT_EQ(outcome.code, 0);
        EXPECT_TRUE(LeftBehind().empty());
        for (const char* call : {"open", "read", "write", "fsync", "close", "rename"})
          EXPECT_NE(calls.find(call), std::string::npos) << call << " is not among" << calls;
        return at - 1;
      }
      calls += " " + outcome.reached;
      if (!killed) {
        EXPECT_NE(outcome.code, 128 + SIGABRT);
        EXPECT_LT(outcome.code, 128);
        EXPECT_TRUE(LeftBehind().empty()) << "a temporary file was left";
        continue;
      }
      EXPECT_EQ(outcome.code, 128 + SIGKILL);
      // What is left does not disturb who comes next.
      EXPECT_EQ(Run(0, "").code, 0);
      EXPECT_TRUE(ReadBytes(In("out.plut")) == new_);
      for (const std::string& name : LeftBehind())
        EXPECT_TRUE(name.starts_with(".out.plut.") && name.ends_with(".tmp")) << name;
    }
    ADD_FAILURE() << "more than a thousand calls";
    return 0;
  }

  void TryBoth(const std::string& how) {
#ifdef POTLUT_NO_PRELOAD
    GTEST_SKIP() << "sanitizers have calls of their own: nothing is preloaded";
#else
    if (Run(1, how).reached.empty()) GTEST_SKIP() << "LD_PRELOAD has no effect here";
    const int fresh = TryAll(how, false), replacing = TryAll(how, true);
    std::cout << how << ": " << fresh << " calls, " << replacing << " where a file is replaced\n";
#endif
  }

  fs::path folder_;
  std::string new_;
};

TEST_F(PackCrash, KilledBeforeEachCall) { TryBoth("kill"); }
TEST_F(PackCrash, KilledAfterEachCall) { TryBoth("killed-after"); }
TEST_F(PackCrash, EachCallFails) { TryBoth("eio"); }
TEST_F(PackCrash, TheDiskIsFullAtEachCall) { TryBoth("enospc"); }
TEST_F(PackCrash, EachCallIsInterrupted) { TryBoth("eintr"); }
TEST_F(PackCrash, EachWriteIsShort) { TryBoth("short"); }

}  // namespace
}  // namespace potlut::cli
