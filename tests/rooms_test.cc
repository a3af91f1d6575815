// No include of the tree crosses a wall of docs/architecture.md.
#include "rooms.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace potlut {
namespace {

Walls ReadWalls() {
  const std::vector<SourceFile> page = ReadTree({"docs/architecture.md"});
  return page.empty() ? Walls{} : ParseWalls(page[0]);
}

TEST(Rooms, TheTablesAreRead) {
  const Walls walls = ReadWalls();
  const auto allowed = [&](const std::string& room) {
    const auto it = walls.rooms.find(room);
    return it == walls.rooms.end() ? std::set<std::string>{"(no row)"} : it->second;
  };
  EXPECT_EQ(allowed("base"), std::set<std::string>{});
  EXPECT_EQ(allowed("include"), std::set<std::string>{});
  EXPECT_EQ(allowed("program"), std::set<std::string>{"base"});
  EXPECT_EQ(allowed("engine"), (std::set<std::string>{"base", "program"}));
  EXPECT_EQ(allowed("cli"), std::set<std::string>{"all"});
  ASSERT_EQ(walls.libraries.count("dnnl"), 1U);
  EXPECT_EQ(walls.libraries.at("dnnl"), std::set<std::string>{"graph"});
  ASSERT_EQ(walls.libraries.count("google/"), 1U);
  EXPECT_EQ(walls.libraries.at("google/"), std::set<std::string>{"onnx"});
}

// The real rooms of integers must never learn of the real numbers' side, whatever the page says.
TEST(Rooms, WhatShipsKnowsNothingOfTheTools) {
  const std::set<std::string> shipping = {"base", "program", "pack", "engine", "api"};
  const Walls walls = ReadWalls();
  for (const std::string& room : shipping) {
    if (walls.rooms.count(room) == 0) continue;
    for (const std::string& other : walls.rooms.at(room)) {
      EXPECT_EQ(shipping.count(other), 1U) << room << " may include " << other;
    }
    for (const auto& [header, rooms] : walls.libraries) {
      EXPECT_EQ(rooms.count(room), 0U) << room << " may include <" << header << ">";
    }
  }
}

TEST(Rooms, EveryFolderIsARoom) {
  const Walls walls = ReadWalls();
  int rooms = 0;
  for (const auto& entry : std::filesystem::directory_iterator(POTLUT_SOURCE_DIR "/src")) {
    if (!entry.is_directory()) continue;
    ++rooms;
    EXPECT_EQ(walls.rooms.count(entry.path().filename().string()), 1U) << entry.path().filename();
  }
  EXPECT_GE(rooms, 4);
}

TEST(Rooms, NoIncludeCrossesAWall) {
  const Walls walls = ReadWalls();
  int files = 0;
  for (const SourceFile& file : ReadTree({"src", "include"})) {
    if (!IsCode(file.path)) continue;
    ++files;
    for (const std::string& line : Violations(file, walls)) ADD_FAILURE() << line;
  }
  EXPECT_GT(files, 20);
}

TEST(Rooms, AViolationIsCaught) {
  const Walls walls = ReadWalls();
  const auto broken = [&](const std::string& path, const std::string& text) {
    return Violations({path, "// A file.\n" + text + "\n"}, walls).size();
  };
  EXPECT_EQ(broken("src/base/x.h", "#include \"program/program.h\""), 1U);
  EXPECT_EQ(broken("src/base/x.h", "  #  include \"program/program.h\"  // why"), 1U);
  EXPECT_EQ(broken("src/engine/kernels/x.cc", "#include \"graph/graph.h\""), 1U);
  EXPECT_EQ(broken("src/engine/x.cc", "#include \"program/../graph/graph.h\""), 1U);
  EXPECT_EQ(broken("src/pack/x.cc", "#include \"engine/engine.h\"\n#include <dnnl.hpp>"), 2U);
  EXPECT_EQ(broken("src/quant/x.cc", "#include <onnx/onnx_pb.h>"), 1U);
  EXPECT_EQ(broken("src/cli/x.cc", "#include <google/protobuf/message.h>"), 1U);
  EXPECT_EQ(broken("src/cli/x.cc", "#include <torch/torch.h>"), 1U);
  EXPECT_EQ(broken("include/potlut/potlut.hpp", "#include \"base/status.h\""), 1U);
  EXPECT_EQ(broken("src/nowhere/x.cc", ""), 1U);

  EXPECT_EQ(
      broken("src/engine/x.cc", "#include \"engine/engine.h\"\n#include \"program/program.h\""),
      0U);
  EXPECT_EQ(broken("src/engine/x.cc", "// #include \"graph/graph.h\""), 0U);
  EXPECT_EQ(broken("src/pack/x_test.cc", "#include \"engine/engine.h\""), 0U);
  EXPECT_EQ(broken("src/cli/x.cc", "#include \"onnx/import.h\"\n#include <fmt/format.h>"), 0U);
  EXPECT_EQ(broken("src/onnx/x.cc", "#include <onnx/onnx_pb.h>"), 0U);
}

}  // namespace
}  // namespace potlut
