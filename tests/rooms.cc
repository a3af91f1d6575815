// Parses the tables of walls and finds includes that cross them.
#include "rooms.h"

#include <regex>

namespace potlut {
namespace {

// The cells of a row of a Markdown table, or nothing.
std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> cells;
  if (!line.starts_with('|')) return cells;
  line.remove_prefix(1);
  for (size_t end; (end = line.find('|')) != std::string_view::npos; line.remove_prefix(end + 1)) {
    std::string_view cell = line.substr(0, end);
    while (cell.starts_with(' ')) cell.remove_prefix(1);
    while (cell.ends_with(' ')) cell.remove_suffix(1);
    cells.emplace_back(cell);
  }
  return cells;
}

// "base, program" -> the two; "-" -> none.
std::set<std::string> Names(const std::string& cell) {
  std::set<std::string> names;
  static const std::regex kName("[A-Za-z_]+");
  for (std::sregex_iterator it(cell.begin(), cell.end(), kName), end; it != end; ++it)
    names.insert(it->str());
  return names;
}

// What stands between back quotes.
std::vector<std::string> Quoted(const std::string& cell) {
  std::vector<std::string> words;
  static const std::regex kQuoted("`([^`]+)`");
  for (std::sregex_iterator it(cell.begin(), cell.end(), kQuoted), end; it != end; ++it) {
    words.push_back((*it)[1].str());
  }
  return words;
}

}  // namespace

std::string RoomOf(const std::string& path) {
  if (path.starts_with("include/potlut/")) return "include";
  if (!path.starts_with("src/")) return "";
  const size_t slash = path.find('/', 4);
  return slash == std::string::npos ? "" : path.substr(4, slash - 4);
}

Walls ParseWalls(const SourceFile& page) {
  Walls walls;
  std::string table;  // first word of the head of the table that we are in
  for (const std::string_view line : page.Lines()) {
    const std::vector<std::string> cells = Cells(line);
    if (cells.empty()) {
      table.clear();
    } else if (table.empty()) {
      table = cells[0];
    } else if (table == "folder" && cells.size() == 3) {
      for (const std::string& folder : Quoted(cells[0]))
        walls.rooms[RoomOf(folder + "x")] = Names(cells[2]);
    } else if (table == "headers" && cells.size() == 4) {
      for (const std::string& header : Quoted(cells[0])) walls.libraries[header] = Names(cells[3]);
    }
  }
  return walls;
}

std::vector<std::string> Violations(const SourceFile& file, const Walls& walls) {
  std::vector<std::string> broken;
  const std::string room = RoomOf(file.path);
  if (room.empty()) return broken;
  const auto known = walls.rooms.find(room);
  if (known == walls.rooms.end()) {
    return {file.path + ": the room '" + room + "' is not in the table of docs/architecture.md"};
  }
  const std::set<std::string>& allowed = known->second;
  const bool is_test = file.path.find("_test.") != std::string::npos;

  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  int number = 0;
  for (const std::string_view view : file.Lines()) {
    ++number;
    const std::string line(view);
    std::smatch match;
    if (!std::regex_search(line, match, kInclude)) continue;
    const bool quoted = match[1].str() == "\"";
    const std::string header = match[2].str();
    const std::string where = file.path + ":" + std::to_string(number) + ": ";
    const std::string target = header.substr(0, header.find('/'));

    if (header.find("..") != std::string::npos) {
      broken.push_back(where + "'" + header + "': write includes from src/, as \"room/file.h\"");
    } else if (quoted && header.find('/') != std::string::npos && walls.rooms.count(target) != 0) {
      if (target != room && !is_test && allowed.count(target) == 0 && allowed.count("all") == 0) {
        broken.push_back(where + "'" + room + "' may not include '" + target + "'");
      }
    } else {
      for (const auto& [prefix, rooms] : walls.libraries) {
        if (header.starts_with(prefix) && rooms.count(room) == 0) {
          broken.push_back(where + "'" + room + "' may not include <" + header + ">");
        }
      }
    }
  }
  return broken;
}

}  // namespace potlut
