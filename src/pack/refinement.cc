// Children of coarse codes by adaptive bits: the path to a child in the tree of its siblings.
#include "pack/refinement.h"

#include <bit>
#include <cstdlib>

#include "pack/arith.h"

namespace potlut {
namespace {

constexpr size_t kContexts = 4;

// The children of one coarse code for one drop.
struct Family {
  std::vector<uint8_t> children;   // fine codes, ascending
  int depth = 0;                   // of their tree
  std::vector<AdaptiveBit> nodes;  // kContexts trees
};

// Families by drop and coarse code, and the code-to-child map.
class Families {
 public:
  Families(const Alphabet& fine, const LowReading& low) : fine_(fine), low_(low) {
    for (const uint8_t drop : low.drop) {
      if (!made_[drop]) Make(drop);
    }
    for (size_t f = 0; f < fine.levels.size(); ++f) size_[f] = std::abs(int{fine.levels[f]});
  }

  Family& Of(uint8_t drop, uint8_t base) { return by_drop_[drop][base]; }
  uint32_t ChildOf(uint8_t drop, uint8_t code) const { return child_[drop][code]; }

  // How large the codes are that stand before this one: in the row, and in the row above (0 where
  // there is none).
  size_t Context(std::span<const uint8_t> codes, size_t i, size_t row) const {
    const int left = i % row > 0 ? size_[codes[i - 1]] : 0;
    const int above = i >= row ? size_[codes[i - row]] : 0;
    const int both = left + above;
    const int largest = low_.alphabet.max_abs() << low_.drop[i / row];
    return both * 8 < largest ? 0 : both * 4 < largest ? 1 : both * 2 < largest ? 2 : 3;
  }

 private:
  void Make(uint8_t drop) {
    made_[drop] = true;
    const ParentMap parents = ParentsOf(fine_, low_.alphabet, drop);
    auto& families = by_drop_[drop];
    families.resize(static_cast<size_t>(low_.alphabet.codes()));
    for (size_t f = 0; f < fine_.levels.size(); ++f) {
      Family& family = families[parents[f]];
      child_[drop][f] = static_cast<uint8_t>(family.children.size());
      family.children.push_back(static_cast<uint8_t>(f));
    }
    for (Family& family : families) {
      if (family.children.size() < 2) continue;
      family.depth = std::bit_width(family.children.size() - 1);
      family.nodes.resize(kContexts << family.depth);
    }
  }

  const Alphabet& fine_;
  const LowReading& low_;
  std::array<bool, LowReading::kMaxDrop + 1> made_{};
  std::array<std::vector<Family>, LowReading::kMaxDrop + 1> by_drop_;
  std::array<std::array<uint8_t, 256>, LowReading::kMaxDrop + 1> child_{};
  std::array<int, 256> size_{};
};

}  // namespace

std::vector<uint8_t> EncodeRefinement(std::span<const uint8_t> codes, const Alphabet& fine,
                                      const LowReading& low) {
  Families families(fine, low);
  const size_t row = codes.size() / low.drop.size();
  std::array<ParentMap, LowReading::kMaxDrop + 1> parents;
  for (int drop = 0; drop <= LowReading::kMaxDrop; ++drop)
    parents[static_cast<size_t>(drop)] = ParentsOf(fine, low.alphabet, drop);
  ArithEncoder coder;
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint8_t drop = low.drop[i / row];
    Family& family = families.Of(drop, parents[drop][codes[i]]);
    if (family.depth == 0) continue;
    AdaptiveBit* nodes = &family.nodes[families.Context(codes, i, row) << family.depth];
    const uint32_t child = families.ChildOf(drop, codes[i]);
    uint32_t node = 1;
    for (int b = family.depth; b-- > 0;) {
      // Bits that no child differs in are not coded.
      const uint32_t zero = (node << 1) << b;
      const bool bit = (child >> b & 1) != 0;
      const uint32_t first_of_one = (zero | 1U << b) - (1U << family.depth);
      if (first_of_one < family.children.size()) coder.Put(bit, nodes[node]);
      node = node << 1 | (bit ? 1 : 0);
    }
  }
  return coder.Finish();
}

Status DecodeRefinement(std::span<const uint8_t> block, const Alphabet& fine, const LowReading& low,
                        std::span<uint8_t> codes) {
  Families families(fine, low);
  const size_t row = codes.size() / low.drop.size();
  ArithDecoder coder(block);
  for (size_t i = 0; i < codes.size(); ++i) {
    Family& family = families.Of(low.drop[i / row], codes[i]);
    if (family.children.empty())
      return {ErrorCode::kBadInput, "a coarse code that no fine code has for its parent"};
    uint32_t node = 1;
    if (family.depth > 0) {
      AdaptiveBit* nodes = &family.nodes[families.Context(codes, i, row) << family.depth];
      for (int b = family.depth; b-- > 0;) {
        const uint32_t zero = (node << 1) << b;
        const uint32_t first_of_one = (zero | 1U << b) - (1U << family.depth);
        const bool bit = first_of_one < family.children.size() && coder.Get(nodes[node]);
        node = node << 1 | (bit ? 1 : 0);
      }
    }
    codes[i] = family.children[node - (1U << family.depth)];
  }
  return coder.Finish();
}

}  // namespace potlut
