// Classes, histogram and tree of the context coder.
#include "pack/context_symbols.h"

#include <algorithm>
#include <vector>

namespace potlut {
namespace {

// 65536 / sqrt(2)^(15 - entry), rounded.
constexpr std::array<uint32_t, 16> kHistogramWeight = {0,     512,   724,   1024, 1448,  2048,
                                                       2896,  4096,  5793,  8192, 11585, 16384,
                                                       23170, 32768, 46341, 65536};

struct Builder {
  ContextTree& tree;
  const std::vector<int>& used;  // classes that occur
  const ContextHistogram& histogram;

  uint32_t Weight(size_t i) const {
    return kHistogramWeight[histogram[static_cast<size_t>(used[i])]];
  }

  // The subtree over used[lo..hi), split where the two sides weigh most alike (the lowest such).
  int Build(size_t lo, size_t hi) {
    if (hi - lo == 1) return ~used[lo];
    uint32_t total = 0;
    for (size_t i = lo; i < hi; ++i) total += Weight(i);
    uint32_t below = 0, best_below = 0, best = UINT32_MAX;
    size_t at = lo + 1;
    for (size_t i = lo + 1; i < hi; ++i) {
      below += Weight(i - 1);
      const uint32_t apart = 2 * below > total ? 2 * below - total : total - 2 * below;
      if (apart < best) {
        best = apart;
        best_below = below;
        at = i;
      }
    }
    const auto node = static_cast<size_t>(tree.nodes++);
    tree.split[node] = static_cast<uint8_t>(used[at]);
    tree.p[node] = static_cast<uint16_t>(
        std::clamp<uint64_t>(uint64_t{65536} * (total - best_below) / total, 512, 65024));
    tree.child[node][0] = static_cast<int8_t>(Build(lo, at));
    tree.child[node][1] = static_cast<int8_t>(Build(at, hi));
    return static_cast<int>(node);
  }
};

}  // namespace

ContextSymbols MakeContextSymbols(const Alphabet& alphabet) {
  ContextSymbols s;
  const auto codes = static_cast<size_t>(alphabet.codes());
  std::array<int32_t, 256> energy{};
  for (size_t i = 0; i < codes; ++i) {
    const bool pair = alphabet.is_pair();
    s.first[i] = alphabet.levels[pair ? 2 * i : i];
    s.second[i] = pair ? alphabet.levels[2 * i + 1] : int8_t{0};
    const int32_t a = s.first[i], b = s.second[i];
    energy[i] = a * a + b * b;
    s.magnitude[i] = static_cast<uint16_t>((pair ? 8 : 16) * ((a < 0 ? -a : a) + (b < 0 ? -b : b)));
  }
  std::vector<int32_t> distinct(energy.begin(),
                                energy.begin() + static_cast<std::ptrdiff_t>(codes));
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const auto ranks = static_cast<int>(distinct.size());
  s.classes = std::min(ranks, kContextMaxClasses);
  for (size_t i = 0; i < codes; ++i) {
    const auto rank = static_cast<int>(
        std::lower_bound(distinct.begin(), distinct.end(), energy[i]) - distinct.begin());
    s.class_of[i] = static_cast<uint8_t>(
        ranks <= kContextMaxClasses ? rank : rank * kContextMaxClasses / ranks);
    const int size = energy[i] == 0 ? 0 : 1 + (rank == 0 ? 0 : (rank - 1) * 3 / (ranks - 1));
    s.token[i] = static_cast<uint8_t>(size == 0 ? 1 : 2 * size + (s.first[i] < 0 ? 1 : 0));
  }
  uint16_t next = 0;
  for (int c = 0; c < s.classes; ++c) {
    s.start[static_cast<size_t>(c)] = next;
    for (size_t i = 0; i < codes; ++i) {
      if (s.class_of[i] != c) continue;
      s.place[i] = static_cast<uint8_t>(next - s.start[static_cast<size_t>(c)]);
      s.members[next++] = static_cast<uint8_t>(i);
    }
  }
  s.start[static_cast<size_t>(s.classes)] = next;
  return s;
}

ContextHistogram MakeContextHistogram(std::span<const uint64_t> class_counts) {
  ContextHistogram histogram{};
  const uint64_t most = *std::max_element(class_counts.begin(), class_counts.end());
  for (size_t c = 0; c < class_counts.size(); ++c) {
    if (class_counts[c] == 0) continue;
    // The nearest entry: a step of sqrt(2) is crossed at its fourth root, 19/16.
    const uint64_t share = class_counts[c] * 65536 / most;
    uint8_t q = 1;
    while (q < 15 && uint64_t{kHistogramWeight[q]} * 19 / 16 < share) ++q;
    histogram[c] = q;
  }
  return histogram;
}

void PutHistogram(ArithEncoder& coder, const ContextHistogram& histogram, int classes) {
  for (int c = 0; c < classes; ++c) coder.PutBits(histogram[static_cast<size_t>(c)], 4);
}

ContextHistogram GetHistogram(ArithDecoder& coder, int classes) {
  ContextHistogram histogram{};
  for (int c = 0; c < classes; ++c)
    histogram[static_cast<size_t>(c)] = static_cast<uint8_t>(coder.GetBits(4));
  return histogram;
}

ContextTree MakeContextTree(const ContextHistogram& histogram, const ContextSymbols& symbols) {
  ContextTree tree;
  std::vector<int> used;
  uint64_t weights = 0, sum = 0;
  for (int c = 0; c < symbols.classes; ++c) {
    const auto i = static_cast<size_t>(c);
    const uint64_t weight = kHistogramWeight[histogram[i]];
    if (weight == 0) continue;
    used.push_back(c);
    uint64_t magnitudes = 0;
    for (size_t m = symbols.start[i]; m < symbols.start[i + 1]; ++m)
      magnitudes += symbols.magnitude[symbols.members[m]];
    weights += weight;
    sum += weight * (magnitudes / (symbols.start[i + 1] - symbols.start[i]));
  }
  tree.mean = static_cast<uint32_t>(std::max<uint64_t>(1, sum / weights));
  tree.root = Builder{tree, used, histogram}.Build(0, used.size());
  return tree;
}

}  // namespace potlut
