// Recognises digital straight lines.
#include "pack/table_line.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

namespace potlut {
namespace {

// The line must meet from <= slope * i + offset < to (in units of the table's entries); one of them
// may be open where the entry is clamped.
struct Bound {
  int64_t i;
  int64_t from, to;
  bool has_from, has_to;
};

// The entries that bound a line: ends of runs of equal entries.
std::vector<Bound> BoundsOf(std::span<const int16_t> table, int32_t lo, int32_t hi) {
  std::vector<Bound> bounds;
  for (size_t i = 0; i < table.size(); ++i) {
    const bool inner = i > 0 && i + 1 < table.size();
    if (inner && table[i] == table[i - 1] && table[i] == table[i + 1]) continue;
    const int32_t v = table[i];
    bounds.push_back({static_cast<int64_t>(i), v, v + 1, v > lo, v < hi});
  }
  return bounds;
}

}  // namespace

std::optional<TableLine> FitLine(std::span<const int16_t> table, int32_t lo, int32_t hi) {
  const std::vector<Bound> bounds = BoundsOf(table, lo, hi);
  // Slopes for which some offset suits each two of the bounds.
  double least = -65536, most = 65536;
  for (size_t a = 0; a < bounds.size(); ++a) {
    for (size_t b = a + 1; b < bounds.size(); ++b) {
      const auto run = static_cast<double>(bounds[b].i - bounds[a].i);
      if (bounds[b].has_to && bounds[a].has_from)
        most = std::min(most, static_cast<double>(bounds[b].to - bounds[a].from) / run);
      if (bounds[b].has_from && bounds[a].has_to)
        least = std::max(least, static_cast<double>(bounds[b].from - bounds[a].to) / run);
    }
    if (least > most) return std::nullopt;
  }
  for (int scale = 0; scale <= TableLine::kMaxScale; ++scale) {
    const double unit = std::ldexp(1.0, scale);
    const auto first = static_cast<int64_t>(std::ceil(least * unit));
    const auto last = static_cast<int64_t>(std::floor(most * unit));
    // Many slopes suit where the table hardly moves: the middle ones and the flattest are tried.
    const int64_t middle = first + (last - first) / 2;
    for (const int64_t slope :
         {std::clamp<int64_t>(0, std::min(first, last), std::max(first, last)), middle, middle + 1,
          first, last}) {
      if (slope < first || slope > last) continue;
      int64_t from = -TableLine::kMaxOffset, to = TableLine::kMaxOffset;
      for (const Bound& b : bounds) {
        if (b.has_from) from = std::max(from, (b.from << scale) - slope * b.i);
        if (b.has_to) to = std::min(to, (b.to << scale) - slope * b.i - 1);
      }
      if (from > to) continue;
      // The roundest offset in from..to: the one with the most zeros at its end.
      int64_t offset = from;
      for (int zeros = 49; zeros >= 0; --zeros) {
        const int64_t step = int64_t{1} << zeros;
        offset = (from >> zeros) * step;
        if (offset < from) offset += step;
        if (offset <= to) break;
      }
      return TableLine{scale, slope, offset, lo, hi};
    }
  }
  return std::nullopt;
}

}  // namespace potlut
