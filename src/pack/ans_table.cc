// Choosing, storing and checking frequency tables.
#include "pack/ans_table.h"

#include <algorithm>
#include <bit>

#include "base/text.h"

namespace potlut {
namespace {

// Bits (in 1/65536) that `count` symbols of frequency f out of 2^precision take.
uint64_t Cost(uint64_t count, uint32_t f, int precision) {
  return count * ((static_cast<uint64_t>(precision) << 16) - Log2Fixed(f));
}

// Frequencies out of 2^precision, at least 1 for whatever occurs; empty where there are too few for
// that.
std::vector<uint32_t> Normalise(std::span<const uint64_t> counts, uint64_t total, int precision) {
  const uint64_t target = uint64_t{1} << precision;
  std::vector<uint32_t> f(counts.size(), 0);
  uint64_t sum = 0;
  for (size_t s = 0; s < counts.size(); ++s) {
    if (counts[s] == 0) continue;
    f[s] = static_cast<uint32_t>(std::max<uint64_t>(1, (counts[s] * target + total / 2) / total));
    sum += f[s];
  }
  // Rounding left the sum off by a few: move it one by one where that costs least (or gains most);
  // the lowest code wins ties.
  while (sum != target) {
    const bool grow = sum < target;
    size_t best = counts.size();
    int64_t best_cost = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      if (f[s] == 0 || (!grow && f[s] == 1)) continue;
      const uint32_t next = grow ? f[s] + 1 : f[s] - 1;
      const int64_t cost = static_cast<int64_t>(Cost(counts[s], next, precision)) -
                           static_cast<int64_t>(Cost(counts[s], f[s], precision));
      if (best == counts.size() || cost < best_cost) {
        best = s;
        best_cost = cost;
      }
    }
    if (best == counts.size()) return {};
    grow ? (++f[best], ++sum) : (--f[best], --sum);
  }
  return f;
}

uint64_t RiceBits(std::span<const uint32_t> frequencies, int rice) {
  uint64_t bits = 0;
  for (const uint32_t f : frequencies) bits += (f >> rice) + 1 + static_cast<uint32_t>(rice);
  return bits;
}

}  // namespace

uint32_t Log2Fixed(uint32_t v) {
  const int whole = std::bit_width(v) - 1;
  uint64_t x = uint64_t{v} << (31 - whole);  // in [2^31, 2^32): the mantissa
  uint32_t result = static_cast<uint32_t>(whole);
  for (int i = 0; i < 16; ++i) {
    x = x * x >> 31;
    const uint64_t bit = x >> 32;
    x >>= bit;
    result = result << 1 | static_cast<uint32_t>(bit);
  }
  return result;
}

AnsTable ChooseAnsTable(std::span<const uint64_t> counts, int probability_bits) {
  uint64_t total = 0;
  for (const uint64_t c : counts) total += c;
  AnsTable best;
  uint64_t best_cost = UINT64_MAX;
  for (int precision = kAnsMinPrecision; precision <= probability_bits; ++precision) {
    const std::vector<uint32_t> f = Normalise(counts, total, precision);
    if (f.empty()) continue;
    uint64_t payload = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      if (counts[s] > 0) payload += Cost(counts[s], f[s], precision);
    }
    for (int rice = 0; rice < probability_bits; ++rice) {
      const uint64_t cost = payload + (RiceBits(std::span(f).first(f.size() - 1), rice) << 16);
      if (cost < best_cost) {
        best_cost = cost;
        best = {precision, rice, f};
      }
    }
  }
  return best;
}

void WriteAnsTable(BitWriter& writer, const AnsTable& table) {
  writer.Put(static_cast<uint32_t>(table.precision - kAnsMinPrecision), 4);
  writer.Put(static_cast<uint32_t>(table.rice), 4);
  for (size_t s = 0; s + 1 < table.frequencies.size(); ++s) {
    const uint32_t f = table.frequencies[s];
    for (uint32_t q = f >> table.rice; q > 0; --q) writer.Put(1, 1);
    writer.Put(0, 1);
    writer.Put(f, table.rice);
  }
}

Expected<AnsTable> ReadAnsTable(BitReader& reader, size_t codes, int probability_bits) {
  AnsTable table;
  table.precision = kAnsMinPrecision + static_cast<int>(reader.Get(4));
  table.rice = static_cast<int>(reader.Get(4));
  if (table.precision > probability_bits) {
    return BadInput("frequencies of ", table.precision, " bits, at most ", probability_bits,
                    " are possible");
  }
  if (table.rice >= probability_bits)
    return BadInput("Rice parameter ", table.rice, " is out of range");
  table.frequencies.assign(codes, 0);
  const uint32_t target = 1U << table.precision;
  uint32_t sum = 0;
  for (size_t s = 0; s + 1 < codes; ++s) {
    uint32_t f = 0;
    while (f <= target && reader.Get(1) == 1) f += 1U << table.rice;
    f |= reader.Get(table.rice);
    if (f > target - sum) {
      return BadInput("the frequencies up to that of code ", s, " sum to more than ", target);
    }
    table.frequencies[s] = f;
    sum += f;
  }
  if (reader.overrun()) return BadInput("the frequency table is cut off");
  table.frequencies.back() = target - sum;
  return table;
}

}  // namespace potlut
