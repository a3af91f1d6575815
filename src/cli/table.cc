// Two blanks between columns; the widest text column gives way first.
#include "cli/table.h"

#include <algorithm>

#include "cli/console.h"

namespace potlut::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kLeastText = 6;  // a text column is not cut below this

bool BeginsCodePoint(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// The first `width` columns; the last of them says that something is missing.
std::string Cut(const std::string& text, size_t width) {
  if (DisplayWidth(text) <= width) return text;
  size_t at = 0, columns = 0;
  while (at < text.size()) {
    if (BeginsCodePoint(text[at]) && ++columns == width) break;
    ++at;
  }
  return text.substr(0, at) + "\u2026";
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), BeginsCodePoint));
}

void Table::Row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) {
    cell = Printable(cell);
    std::replace(cell.begin(), cell.end(), '\n', ' ');
  }
  rows_.push_back(std::move(cells));
}

void Table::Rule() { rows_.emplace_back(); }

std::string Table::Render(int width, bool bold_titles) const {
  const size_t count = columns_.size();
  std::vector<size_t> widths(count);
  for (size_t i = 0; i < count; ++i) {
    widths[i] = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) {
      if (!row.empty()) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  size_t total = kGap * (count > 0 ? count - 1 : 0);
  for (const size_t w : widths) total += w;
  while (width > 0 && total > static_cast<size_t>(width)) {
    size_t widest = count;
    for (size_t i = 0; i < count; ++i) {
      if (columns_[i].kind != Kind::kText || widths[i] <= kLeastText) continue;
      if (widest == count || widths[i] > widths[widest]) widest = i;
    }
    if (widest == count) break;
    --widths[widest];
    --total;
  }

  std::string out;
  const auto line = [&](const auto& cell_of, bool bold) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      const bool is_text = columns_[i].kind == Kind::kText;
      const std::string cell = is_text ? Cut(cell_of(i), widths[i]) : std::string(cell_of(i));
      const size_t own = DisplayWidth(cell);
      const std::string pad(widths[i] > own ? widths[i] - own : 0, ' ');
      if (i > 0) text.append(kGap, ' ');
      text += is_text ? cell + pad : pad + cell;
    }
    text.resize(text.find_last_not_of(' ') + 1);
    out += bold ? "\x1b[1m" + text + "\x1b[0m\n" : text + "\n";
  };
  line([&](size_t i) -> const std::string& { return columns_[i].title; }, bold_titles);
  for (const auto& row : rows_) {
    if (row.empty()) {
      out += std::string(total, '-') + "\n";
    } else {
      line([&](size_t i) -> const std::string& { return row[i]; }, false);
    }
  }
  return out;
}

}  // namespace potlut::cli
