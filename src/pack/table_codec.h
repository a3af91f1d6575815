// Look-up tables in a head: the one before, a line, or entry by entry.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <span>

#include "pack/arith.h"
#include "pack/table_line.h"
#include "program/program.h"

namespace potlut {

enum class TableMode : uint8_t {
  kSame = 0,     // the table before
  kLine = 1,     // a rounded, clamped straight line
  kSteps = 2,    // each entry by its distance from the entry before
  kChanges = 3,  // each entry by its distance from that of the table before
};

template <typename C>
class TableCodec {
 public:
  explicit TableCodec(C& coder) : c_(coder) {}

  // A table whose values belong to a tensor of `type`. T: const int16_t or int16_t.
  template <typename T>
  void Table(std::span<T> table, TensorType type) {
    // Where the table may be clamped without a word about it.
    const int32_t lo = std::max<int32_t>(type.lo(), INT16_MIN);
    const int32_t hi = std::min<int32_t>(type.hi(), INT16_MAX);
    TableMode mode = TableMode::kSame;
    TableLine line;
    if constexpr (!C::kReads) mode = Choose(table, lo, hi, line);
    c_.Symbol(mode_[mode_before_], mode, 3, "table mode");
    mode_before_ = static_cast<size_t>(mode);
    const bool needs_before = mode == TableMode::kSame || mode == TableMode::kChanges;
    if (needs_before && before_.size() != table.size())
      c_.FailBad("there is no table of ", table.size(), " entries before this one");
    if (mode != TableMode::kSame) c_.Numbers(mode == TableMode::kLine ? 8 : table.size());
    if (!c_.ok()) return;
    switch (mode) {
      case TableMode::kSame:
        if constexpr (C::kReads) std::copy(before_.begin(), before_.end(), table.begin());
        break;
      case TableMode::kLine:
        Line(table, line, lo, hi);
        break;
      case TableMode::kSteps:
        Entries(table, steps_, [&](size_t i) { return i > 0 ? int32_t{table[i - 1]} : 0; });
        break;
      case TableMode::kChanges:
        Entries(table, changes_, [&](size_t i) { return int32_t{before_[i]}; });
        break;
    }
    before_ = table;
  }

 private:
  static constexpr size_t kContexts = 9;
  using Models = std::array<IntModel, kContexts>;

  TableMode Choose(std::span<const int16_t> table, int32_t lo, int32_t hi, TableLine& line) {
    const bool has_before = before_.size() == table.size();
    if (has_before && std::equal(table.begin(), table.end(), before_.begin()))
      return TableMode::kSame;
    auto fit = FitLine(table, lo, hi);
    if (!fit) {
      const auto [least, most] = std::minmax_element(table.begin(), table.end());
      fit = FitLine(table, *least, *most);
    }
    if (fit) {
      line = *fit;
      return TableMode::kLine;
    }
    int64_t steps = 0, changes = 0;
    for (size_t i = 0; i < table.size(); ++i) {
      steps += std::abs(i > 0 ? table[i] - table[i - 1] : table[i]);
      if (has_before) changes += std::abs(table[i] - before_[i]);
    }
    return has_before && changes < steps ? TableMode::kChanges : TableMode::kSteps;
  }

  template <typename T>
  void Line(std::span<T> table, TableLine& line, int32_t lo, int32_t hi) {
    bool whole = line.lo == lo && line.hi == hi;
    c_.Flag(whole_, whole, "");
    if (whole) {
      line.lo = lo;
      line.hi = hi;
    } else {
      c_.Int(clamp_, line.lo, INT16_MIN, INT16_MAX, "table's low end");
      c_.Int(clamp_, line.hi, line.lo, INT16_MAX, "table's high end");
    }
    c_.Uint(scale_, line.scale, TableLine::kMaxScale, "table's scale");
    c_.Int(slope_, line.slope, -TableLine::kMaxSlope, TableLine::kMaxSlope, "table's slope");
    int zeros = 0;
    if constexpr (!C::kReads) {
      while (zeros < 49 && line.offset % (int64_t{2} << zeros) == 0) ++zeros;
      line.offset >>= zeros;
    }
    c_.Uint(zeros_, zeros, 49, "table's offset");
    c_.Int(offset_, line.offset, -(TableLine::kMaxOffset >> zeros), TableLine::kMaxOffset >> zeros,
           "table's offset");
    line.offset *= int64_t{1} << zeros;
    if constexpr (C::kReads) {
      for (size_t i = 0; i < table.size(); ++i) table[i] = line.At(static_cast<int64_t>(i));
    }
  }

  // Each entry by its distance from what `expected` says, with the sizes of the last two distances
  // as context.
  template <typename T, typename Expect>
  void Entries(std::span<T> table, Models& models, Expect expected) {
    size_t context = 0;
    for (size_t i = 0; i < table.size() && c_.ok(); ++i) {
      const int32_t from = expected(i);
      int32_t d = C::kReads ? 0 : table[i] - from;
      c_.Int(models[context], d, INT16_MIN - from, INT16_MAX - from, "table entry");
      if constexpr (C::kReads) table[i] = static_cast<int16_t>(from + d);
      context = context % 3 * 3 + static_cast<size_t>(std::min(std::abs(d), 2));
    }
  }

  C& c_;
  std::span<const int16_t> before_;
  std::array<TreeModel<2>, 4> mode_;
  size_t mode_before_ = 0;
  AdaptiveBit whole_;
  UintModel scale_, zeros_;
  IntModel slope_, offset_, clamp_;
  Models steps_, changes_;
};

}  // namespace potlut
