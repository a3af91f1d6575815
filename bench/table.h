// A table of text for people: columns as wide as their widest cell, the first to the left, the
// others to the right.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace potlut::bench {

class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string Text() const {
    std::vector<size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (size_t r = 0; r < rows_.size(); ++r) {
      std::string line;
      for (size_t i = 0; i < rows_[r].size(); ++i) {
        const std::string& cell = rows_[r][i];
        const std::string space(widths[i] - cell.size(), ' ');
        line += (i == 0 ? cell + space : "   " + space + cell);
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      if (r == 0) text += std::string(line.size(), '-') + "\n";
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

// 1234567 -> "1,234,567".
inline std::string Thousands(int64_t value) {
  std::string text = std::to_string(value);
  const size_t first = text.starts_with('-') ? 1 : 0;
  for (size_t i = text.size(); i > first + 3;) text.insert(i -= 3, 1, ',');
  return text;
}

// With `digits` after the point.
inline std::string Fixed(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value);
  return buffer;
}

// A duration in the unit that suits it: "31 us", "4.20 ms", "1.3 s".
inline std::string Duration(double nanoseconds) {
  if (nanoseconds < 1e4) return Fixed(nanoseconds / 1e3, 2) + " us";
  if (nanoseconds < 1e6) return Fixed(nanoseconds / 1e3, 0) + " us";
  if (nanoseconds < 1e9) return Fixed(nanoseconds / 1e6, 2) + " ms";
  return Fixed(nanoseconds / 1e9, 2) + " s";
}

}  // namespace potlut::bench
