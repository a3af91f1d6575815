// Tables: alignment, fitting and what may not reach a terminal.
#include "cli/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace potlut::cli {
namespace {

Table Sample() {
  Table table({{"layer", Table::Kind::kText}, {"bytes"}, {"op", Table::Kind::kText}});
  table.Row({"features.0.conv", "1,234", "conv"});
  table.Row({"fc", "7"});
  table.Rule();
  table.Row({"in all", "1,241", ""});
  return table;
}

TEST(Table, AlignsNumbersToTheRight) {
  EXPECT_EQ(Sample().Render(0, false),
            "layer            bytes  op\n"
            "features.0.conv  1,234  conv\n"
            "fc                   7\n"
            "----------------------------\n"
            "in all           1,241\n");
}

TEST(Table, CutsTextAndNeverNumbers) {
  const std::string text = Sample().Render(22, false);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), 22U) << line;
  EXPECT_NE(text.find("1,234"), std::string::npos);
  EXPECT_NE(text.find("features\u2026"), std::string::npos) << text;
}

TEST(Table, KeepsALeastWidth) {
  EXPECT_NE(Sample().Render(1, false).find("featu\u2026  1,234"), std::string::npos)
      << Sample().Render(1, false);
}

TEST(Table, BoldOnlyWhereAsked) {
  EXPECT_EQ(Sample().Render(0, false).find('\x1b'), std::string::npos);
  EXPECT_EQ(Sample().Render(0, true).find("\x1b[1m"), 0U);
}

TEST(Table, NoEscapeReachesTheTerminal) {
  Table table({{"name", Table::Kind::kText}});
  table.Row({"a\x1b[31mb\nc"});
  EXPECT_EQ(table.Render(0, false), "name\na?[31mb c\n");
}

TEST(Table, CountsCodePoints) { EXPECT_EQ(DisplayWidth("gr\u00fc\u00df"), 4U); }

}  // namespace
}  // namespace potlut::cli
