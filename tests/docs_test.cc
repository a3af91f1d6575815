// Links inside the documentation lead somewhere, and what it says to type exists.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "tree.h"

namespace potlut {
namespace {

namespace fs = std::filesystem;

// Targets of the Markdown links in a page that are meant as files of the tree.
std::vector<std::string> FileLinks(const std::string& text) {
  static const std::regex kLink(R"(\]\(([^)#\s]+)(#[^)]*)?\))");
  std::vector<std::string> links;
  for (std::sregex_iterator it(text.begin(), text.end(), kLink), end; it != end; ++it) {
    const std::string target = (*it)[1].str();
    if (target.find("://") == std::string::npos && !target.starts_with("mailto:"))
      links.push_back(target);
  }
  return links;
}

// The NAMEs of `make NAME` in code spans and command lines of a page.
std::set<std::string> MakeTargets(const std::string& text) {
  static const std::regex kCode("`([A-Z_]+=\\S+ )*make ([a-z][a-z-]*)");
  static const std::regex kLine("\\n *\\$? *([A-Z_]+=\\S+ )*make ([a-z][a-z-]*)(?= *\\n|  +#)");
  std::set<std::string> targets;
  for (const std::regex& pattern : {kCode, kLine}) {
    for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
      targets.insert((*it)[2].str());
    }
  }
  return targets;
}

TEST(Docs, LinksLeadSomewhere) {
  int links = 0;
  for (const SourceFile& file :
       ReadTree({"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "models"})) {
    if (!file.path.ends_with(".md")) continue;
    for (const std::string& link : FileLinks(file.text)) {
      ++links;
      EXPECT_TRUE(
          fs::exists(fs::path(POTLUT_SOURCE_DIR) / fs::path(file.path).parent_path() / link))
          << file.path << " links to " << link;
    }
  }
  EXPECT_GT(links, 5);
}

TEST(Docs, MakeTargetsExist) {
  const std::vector<SourceFile> makefile = ReadTree({"Makefile"});
  ASSERT_EQ(makefile.size(), 1U);
  std::set<std::string> seen;
  for (const SourceFile& file : ReadTree({"README.md", "CONTRIBUTING.md", "docs", ".ci"})) {
    for (const std::string& target : MakeTargets(file.text)) {
      seen.insert(target);
      EXPECT_NE(makefile[0].text.find("\n" + target + ":"), std::string::npos)
          << file.path << " speaks of make " << target;
    }
  }
  EXPECT_TRUE(seen.count("demo") == 1 && seen.count("test") == 1);
}

TEST(Docs, TheRulesCatchWhatTheyShould) {
  EXPECT_EQ(FileLinks("[a](b.md) [c](https://x.org/y) [d](e/f.md#g)"),
            (std::vector<std::string>{"b.md", "e/f.md"}));
  EXPECT_EQ(MakeTargets("run `make all`, or\nmake sure that\n  X=1 make this\nmake that  # why\n"),
            (std::set<std::string>{"all", "that", "this"}));
}

}  // namespace
}  // namespace potlut
