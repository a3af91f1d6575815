// Tables on a terminal: numbers to the right, text cut where the terminal is narrow, plain where it
// is a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace potlut::cli {

class Table {
 public:
  enum class Kind { kText, kNumber };  // text: left, may be cut; number: right, never cut
  struct Column {
    std::string title;
    Kind kind = Kind::kNumber;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns; missing ones are empty.
  void Row(std::vector<std::string> cells);
  // A line between the rows before and after.
  void Rule();

  // `width` 0: as wide as it is. Ends with a line end.
  std::string Render(int width, bool bold_titles) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

// Columns that `text` takes: code points of UTF-8.
size_t DisplayWidth(std::string_view text);

}  // namespace potlut::cli
