// The walls between the rooms of src/: read from docs/architecture.md, checked on the text of a
// source file.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tree.h"

namespace potlut {

struct Walls {
  // Room to what it may include; a room itself is not listed. "all" stands for every room.
  std::map<std::string, std::set<std::string>> rooms;
  // Beginning of a third-party header's name to the rooms that may include it.
  std::map<std::string, std::set<std::string>> libraries;
};

// Reads both tables of the page. A table that is not there gives an empty map.
Walls ParseWalls(const SourceFile& page);

// The room that a path from the root lies in: "src/base/file.h" -> "base",
// "include/potlut/potlut.h" -> "include"; empty: in none.
std::string RoomOf(const std::string& path);

// One line a broken wall: "src/a/b.cc:12: ..." Tests of a room (x_test.cc) may include any room.
// A name in quotes whose first part is a room ("onnx/import.h") is that room's header, not a
// library's.
std::vector<std::string> Violations(const SourceFile& file, const Walls& walls);

}  // namespace potlut
