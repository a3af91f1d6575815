// Choosing, storing and checking tables of square roots.
#include "pack/ans2_table.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "base/text.h"
#include "pack/ans_table.h"
#include "pack/wire.h"

namespace potlut {
namespace {

constexpr int kModeBits = 2, kRiceBits = 3, kSpacingBits = 3;
constexpr int kDifferences = 1, kMirrored = 2;  // bits of the mode
constexpr int kPeakRice = 4;

// Bits of an index below `count`.
int IndexBits(int count) { return std::bit_width(static_cast<uint32_t>(count - 1)); }

size_t RootCount(const Ans2Table& t) {
  const int spacing = 1 << t.spacing_log2;
  return static_cast<size_t>((t.codes() - 2 + spacing) / spacing) + 1;
}

// What root i is told relative to (i itself: to nothing), and its Rice parameter. Mirrored: from
// the middle on, the root as far from the other end.
struct Relation {
  size_t to;
  int rice;
};
Relation RelationOf(int mode, int rice, size_t i, size_t count) {
  if ((mode & kMirrored) != 0 && i >= (count + 1) / 2)
    return {count - 1 - i, std::max(0, rice - 1)};
  return {(mode & kDifferences) != 0 && i > 0 ? i - 1 : i, rice};
}

uint32_t Told(std::span<const uint32_t> roots, size_t i, size_t to) {
  if (to == i) return roots[i];
  return static_cast<uint32_t>(ZigZag(int64_t{roots[i]} - int64_t{roots[to]}));
}

uint64_t RiceBits(uint32_t value, int rice) {
  return (value >> rice) + 1 + static_cast<uint32_t>(rice);
}

void WriteRice(BitWriter& writer, uint32_t value, int rice) {
  for (uint32_t q = value >> rice; q > 0; --q) writer.Put(1, 1);
  writer.Put(0, 1);
  writer.Put(value, rice);
}

// Anything above `most` where the value is.
uint32_t ReadRice(BitReader& reader, int rice, uint32_t most) {
  uint32_t value = 0;
  while (value <= most && reader.Get(1) == 1) value += 1U << rice;
  return value + reader.Get(rice);
}

uint64_t RootBits(std::span<const uint32_t> roots, int mode, int rice) {
  uint64_t bits = 0;
  for (size_t i = 0; i < roots.size(); ++i) {
    const Relation r = RelationOf(mode, rice, i, roots.size());
    bits += RiceBits(Told(roots, i, r.to), r.rice);
  }
  return bits;
}

// What the table takes but for its roots.
uint64_t HeadBits(const Ans2Table& t, int codes) {
  const bool all = t.codes() == codes;
  uint64_t bits = 1 + (all ? 0 : 2 * static_cast<uint64_t>(IndexBits(codes)));
  if (t.codes() == 1) return bits;
  if (t.wide()) bits += 1 + kSpacingBits;
  if (t.spacing_log2 > 0) ++bits;
  if (t.peak >= 0)
    bits += static_cast<uint64_t>(IndexBits(t.codes())) + RiceBits(t.peak_root, kPeakRice);
  return bits + kModeBits + kRiceBits;
}

uint64_t FloorRoot(uint64_t v) {
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << ((std::bit_width(v) + 1) / 2); bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= v) root += bit;
  }
  return root;
}

// sqrt(count / largest) * scale to the nearest. Counts below 2^36, scale up to kAns2MaxRoot.
uint32_t ScaledRoot(uint64_t count, uint64_t largest, uint32_t scale) {
  const uint64_t square = uint64_t{4} * scale * scale * count / largest;
  return static_cast<uint32_t>((FloorRoot(square) + 1) / 2);
}

// log2(f) in 1/65536, for f up to 2^14.
const std::vector<uint32_t>& Logarithms() {
  static const std::vector<uint32_t> table = [] {
    std::vector<uint32_t> logs((size_t{1} << 14) + 1);
    for (uint32_t f = 1; f < logs.size(); ++f) logs[f] = Log2Fixed(f);
    return logs;
  }();
  return table;
}

// Order-0 entropy of all codes together.
uint64_t EntropyBits(std::span<const uint64_t> counts) {
  uint64_t total = 0, sum = 0;
  for (const uint64_t c : counts) total += c;
  const uint32_t whole = Log2Fixed(static_cast<uint32_t>(total));
  for (const uint64_t c : counts) {
    if (c > 0) sum += c * (whole - Log2Fixed(static_cast<uint32_t>(c)));
  }
  return sum >> 16;
}

// The inner code that stands out most above the mean of its neighbours, and by half of that mean at
// least; -1: none.
int PeakOf(std::span<const uint64_t> counts) {
  int peak = -1;
  uint64_t most = 0;
  for (size_t i = 1; i + 1 < counts.size(); ++i) {
    const uint64_t neighbours = counts[i - 1] + counts[i + 1];
    if (4 * counts[i] <= 3 * neighbours || 2 * counts[i] - neighbours <= most) continue;
    most = 2 * counts[i] - neighbours;
    peak = static_cast<int>(i);
  }
  return peak;
}

// 16 times the mean of the counts about each root, weighted as interpolation weights them.
std::vector<uint64_t> Smoothed(std::span<const uint64_t> counts, const Ans2Table& t) {
  const int spacing = 1 << t.spacing_log2, size = static_cast<int>(counts.size());
  std::vector<uint64_t> means(RootCount(t));
  for (int j = 0; j < static_cast<int>(means.size()); ++j) {
    uint64_t sum = 0, weights = 0;
    for (int i = std::max(0, (j - 1) * spacing + 1); i < std::min(size, (j + 1) * spacing); ++i) {
      const auto k = static_cast<size_t>(i);
      const auto weight = static_cast<uint64_t>(spacing - std::abs(i - j * spacing));
      sum += weight * (i == t.peak ? (counts[k - 1] + counts[k + 1]) / 2 : counts[k]);
      weights += weight;
    }
    means[static_cast<size_t>(j)] = weights == 0 ? 0 : 16 * sum / weights;
  }
  return means;
}

// The largest root to try after `scale`: all up to 32, then sixteen an octave.
uint32_t NextScale(uint32_t scale) { return scale + std::max(1U, scale / 16); }

// Searches for the best table of one shape.
class Search {
 public:
  Search(std::span<const uint64_t> counts, int codes) : counts_(counts), codes_(codes) {}

  // `t` has its first, last, probability_bits and spacing.
  void Try(Ans2Table t) {
    const auto counts =
        counts_.subspan(static_cast<size_t>(t.first), static_cast<size_t>(t.codes()));
    const bool interpolates = t.spacing_log2 > 0;
    if (interpolates) t.peak = PeakOf(counts);
    std::vector<uint64_t> means =
        interpolates ? Smoothed(counts, t) : std::vector<uint64_t>(counts.begin(), counts.end());
    const uint64_t unit = interpolates ? 16 : 1;
    const uint64_t largest = *std::max_element(means.begin(), means.end());
    if (largest == 0) return;
    t.roots.resize(means.size());
    for (uint32_t scale = 1; scale <= kAns2MaxRoot / 2; scale = NextScale(scale)) {
      for (size_t i = 0; i < means.size(); ++i) {
        t.roots[i] = ScaledRoot(means[i], largest, scale);
        if (!interpolates && means[i] > 0) t.roots[i] = std::max(1U, t.roots[i]);
      }
      if (t.peak >= 0) {
        const uint64_t peak = unit * counts[static_cast<size_t>(t.peak)];
        t.peak_root = std::clamp(ScaledRoot(peak, largest, scale), 1U, kAns2MaxRoot);
      }
      TryRoots(t, counts);
    }
  }

  const Ans2Table& best() const { return best_; }
  uint64_t bits() const { return best_cost_ >> 16; }

 private:
  void TryRoots(Ans2Table& t, std::span<const uint64_t> counts) {
    const std::vector<uint32_t> f = Ans2Frequencies(t, codes_);
    if (f.empty()) return;
    const uint64_t whole = static_cast<uint64_t>(t.probability_bits) << 16;
    uint64_t payload = HeadBits(t, codes_) << 16;
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0)
        payload += counts[i] * (whole - Logarithms()[f[i + static_cast<size_t>(t.first)]]);
    }
    for (t.mode = 0; t.mode < 1 << kModeBits; ++t.mode) {
      for (t.rice = 0; t.rice < 1 << kRiceBits; ++t.rice) {
        if (payload >= best_cost_) return;
        const uint64_t cost = payload + (RootBits(t.roots, t.mode, t.rice) << 16);
        if (cost >= best_cost_) continue;
        best_cost_ = cost;
        best_ = t;
      }
    }
  }

  std::span<const uint64_t> counts_;
  int codes_;
  Ans2Table best_;
  uint64_t best_cost_ = UINT64_MAX;
};

}  // namespace

std::vector<uint32_t> Ans2Frequencies(const Ans2Table& t, int codes) {
  std::vector<uint32_t> f(static_cast<size_t>(codes), 0);
  const uint32_t target = 1U << t.probability_bits;
  const auto first = static_cast<size_t>(t.first), count = static_cast<size_t>(t.codes());
  if (count == 1) {
    f[first] = target;
    return f;
  }
  // Squares of the roots, interpolated; at most (2^11 * 2^5)^2.
  std::vector<uint64_t> square(count);
  const size_t spacing = size_t{1} << t.spacing_log2;
  uint64_t sum = 0;
  uint32_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t j = i / spacing, d = i % spacing;
    uint64_t root = t.roots[j] * (spacing - d);
    if (d > 0) root += t.roots[j + 1] * d;
    if (static_cast<int>(i) == t.peak) root = t.peak_root * spacing;
    square[i] = root * root;
    sum += square[i];
    used += spacing > 1 || root > 0 ? 1 : 0;
  }
  if (sum == 0) return {};
  // One for each code that is used, the rest in proportion; what rounding leaves goes to the
  // largest.
  size_t largest = 0;
  uint32_t given = 0;
  for (size_t i = 0; i < count; ++i) {
    if (spacing == 1 && square[i] == 0) continue;
    f[first + i] = 1 + static_cast<uint32_t>(square[i] * (target - used) / sum);
    given += f[first + i];
    if (square[i] > square[largest]) largest = i;
  }
  f[first + largest] += target - given;
  return f;
}

Ans2Table ChooseAns2Table(std::span<const uint64_t> counts, Ans2Cost* cost) {
  const int codes = static_cast<int>(counts.size());
  Ans2Table t;
  while (counts[static_cast<size_t>(t.first)] == 0) ++t.first;
  t.last = codes - 1;
  while (counts[static_cast<size_t>(t.last)] == 0) --t.last;
  *cost = {HeadBits(t, codes), 0};
  if (t.first == t.last) return t;

  Search search(counts, codes);
  const auto try_range = [&](Ans2Table shape) {
    if (!shape.wide()) return search.Try(shape);
    for (shape.probability_bits = 12; shape.probability_bits <= 14; shape.probability_bits += 2) {
      for (shape.spacing_log2 = 0; shape.spacing_log2 <= kAns2MaxSpacingLog2; ++shape.spacing_log2)
        search.Try(shape);
    }
  };
  try_range(t);
  if (t.codes() < codes) {  // saying nothing of first and last may be cheaper
    t.first = 0;
    t.last = codes - 1;
    try_range(t);
  }
  *cost = {search.bits(), EntropyBits(counts)};
  return search.best();
}

void WriteAns2Table(BitWriter& writer, const Ans2Table& t, int codes) {
  const bool all = t.codes() == codes;
  writer.Put(all ? 1 : 0, 1);
  if (!all) {
    writer.Put(static_cast<uint32_t>(t.first), IndexBits(codes));
    writer.Put(static_cast<uint32_t>(t.last), IndexBits(codes));
  }
  if (t.codes() == 1) return;
  if (t.wide()) {
    writer.Put(t.probability_bits == 14 ? 1 : 0, 1);
    writer.Put(static_cast<uint32_t>(t.spacing_log2), kSpacingBits);
  }
  if (t.spacing_log2 > 0) writer.Put(t.peak >= 0 ? 1 : 0, 1);
  if (t.peak >= 0) {
    writer.Put(static_cast<uint32_t>(t.peak), IndexBits(t.codes()));
    WriteRice(writer, t.peak_root, kPeakRice);
  }
  writer.Put(static_cast<uint32_t>(t.mode), kModeBits);
  writer.Put(static_cast<uint32_t>(t.rice), kRiceBits);
  for (size_t i = 0; i < t.roots.size(); ++i) {
    const Relation r = RelationOf(t.mode, t.rice, i, t.roots.size());
    WriteRice(writer, Told(t.roots, i, r.to), r.rice);
  }
}

Expected<Ans2Table> ReadAns2Table(BitReader& reader, int codes) {
  Ans2Table t;
  t.last = codes - 1;
  if (reader.Get(1) == 0) {
    t.first = static_cast<int>(reader.Get(IndexBits(codes)));
    t.last = static_cast<int>(reader.Get(IndexBits(codes)));
    if (t.first > t.last || t.last >= codes) {
      return BadInput("frequencies of codes ", t.first, " to ", t.last, " of an alphabet of ",
                      codes);
    }
  }
  const auto cut_off = [&] { return BadInput("the frequency table is cut off"); };
  if (t.codes() == 1) return reader.overrun() ? Expected<Ans2Table>(cut_off()) : t;
  if (t.wide()) {
    t.probability_bits = reader.Get(1) == 1 ? 14 : 12;
    t.spacing_log2 = static_cast<int>(reader.Get(kSpacingBits));
    if (t.spacing_log2 > kAns2MaxSpacingLog2) {
      return BadInput("roots at every 2^", t.spacing_log2, " codes, at most 2^",
                      kAns2MaxSpacingLog2, " are possible");
    }
  }
  if (t.spacing_log2 > 0 && reader.Get(1) == 1) {
    t.peak = static_cast<int>(reader.Get(IndexBits(t.codes())));
    t.peak_root = ReadRice(reader, kPeakRice, kAns2MaxRoot);
    if (t.peak >= t.codes() || t.peak_root > kAns2MaxRoot) {
      return BadInput("a peak of ", t.peak_root, " at code ", t.peak, " of ", t.codes(),
                      ", at most ", kAns2MaxRoot, " is possible");
    }
  }
  t.mode = static_cast<int>(reader.Get(kModeBits));
  t.rice = static_cast<int>(reader.Get(kRiceBits));
  t.roots.resize(RootCount(t));
  for (size_t i = 0; i < t.roots.size(); ++i) {
    const Relation r = RelationOf(t.mode, t.rice, i, t.roots.size());
    const uint32_t told = ReadRice(reader, r.rice, 2 * kAns2MaxRoot);
    const int64_t root = r.to == i ? told : int64_t{t.roots[r.to]} + UnZigZag(told);
    if (reader.overrun()) return cut_off();
    if (root < 0 || root > kAns2MaxRoot)
      return BadInput("root ", i, " is ", root, ", outside of 0..", kAns2MaxRoot);
    t.roots[i] = static_cast<uint32_t>(root);
  }
  return t;
}

}  // namespace potlut
