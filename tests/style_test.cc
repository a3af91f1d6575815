// Rules of style that a machine can check: short files that say what they are for, nothing left
// open, no private paths.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tree.h"

namespace potlut {
namespace {

constexpr size_t kMostLines = 500;

// What the project keeps; not what a user may have lying about in the root.
std::vector<SourceFile> WholeTree() {
  return ReadTree({".ci", ".clang-format", ".clang-tidy", "CHANGELOG.md", "CMakeLists.txt",
                   "CMakePresets.json", "CONTRIBUTING.md", "Makefile", "README.md", "bench",
                   "cmake", "docs", "examples", "fuzz", "include", "models", "src", "tests",
                   "tools"});
}

std::string TooLong(const SourceFile& file) {
  const size_t lines = file.Lines().size();
  return lines > kMostLines
             ? file.path + " has " + std::to_string(lines) + " lines: make it two files"
             : "";
}

std::string NoPurpose(const SourceFile& file) {
  const std::vector<std::string_view> lines = file.Lines();
  const bool good = !lines.empty() && (lines[0].starts_with("// ") || lines[0].starts_with("/* "));
  return good ? "" : file.path + ": the first line is to say what the file is for, in a comment";
}

// The words are put together here so that this file does not hold them itself.
std::string LeftOpen(const SourceFile& file) {
  static const std::regex kOpen(std::string("\\b(TO") + "DO|FIX" + "ME|XX" + "X)\\b|not imple" +
                                "mented|unimple" + "mented|place" + "holder");
  std::smatch match;
  if (!std::regex_search(file.text, match, kOpen)) return "";
  return file.path + ": '" + match.str() +
         "' is left open: do it, or say in the README that it is missing";
}

// Absolute paths into somebody's folders.
std::string PrivatePath(const SourceFile& file) {
  static const std::regex kPrivate(std::string("(^|[^A-Za-z0-9_.$}/-])/(ho") + "me|ro" + "ot|wo" +
                                   "rk|far" + "m)/[A-Za-z0-9_.]");
  std::smatch match;
  if (!std::regex_search(file.text, match, kPrivate)) return "";
  return file.path + ": '" + match.str() + "' is a path of one machine";
}

TEST(Style, FilesAreShort) {
  for (const SourceFile& file :
       ReadTree({"src", "include", "bench", "tests", "fuzz", "examples"})) {
    if (!IsCode(file.path)) continue;
    EXPECT_EQ(TooLong(file), "");
  }
}

TEST(Style, FilesSayWhatTheyAreFor) {
  for (const SourceFile& file :
       ReadTree({"src", "include", "bench", "tests", "fuzz", "examples"})) {
    if (!IsCode(file.path)) continue;
    EXPECT_EQ(NoPurpose(file), "");
  }
}

TEST(Style, NothingIsLeftOpen) {
  const std::vector<SourceFile> files = WholeTree();
  EXPECT_GT(files.size(), 40U);
  for (const SourceFile& file : files) EXPECT_EQ(LeftOpen(file), "");
}

TEST(Style, NoPathOfOneMachine) {
  for (const SourceFile& file : WholeTree()) EXPECT_EQ(PrivatePath(file), "");
}

TEST(Style, TheRulesCatchWhatTheyShould) {
  std::string lines;
  for (int i = 0; i < 501; ++i) lines += "x\n";
  EXPECT_NE(TooLong({"a.cc", lines}), "");
  EXPECT_EQ(TooLong({"a.cc", lines.substr(2)}), "");
  EXPECT_NE(NoPurpose({"a.cc", "#include <x>\n"}), "");
  EXPECT_NE(NoPurpose({"a.cc", ""}), "");
  EXPECT_EQ(NoPurpose({"a.cc", "// Why.\n"}), "");
  EXPECT_NE(LeftOpen({"a.cc", std::string("// Why.\n// TO") + "DO: more\n"}), "");
  EXPECT_EQ(LeftOpen({"a.cc", "// Nothing to do here.\n"}), "");
  EXPECT_NE(PrivatePath({"a.md", std::string("see /ho") + "me/me/x"}), "");
  EXPECT_NE(PrivatePath({"a.md", std::string("/ro") + "ot/x"}), "");
  EXPECT_EQ(PrivatePath({"a.md", std::string("https://x.org/ho") + "me/x and src/ro" + "ot/x"}),
            "");
}

}  // namespace
}  // namespace potlut
