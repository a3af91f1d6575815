// Children of coarse codes: the path to a child in the tree of its siblings, each decision
// predicted by what the coarse codes of the whole layer say of its row and column, and by the fine
// codes before.
#include "pack/refinement.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "pack/arith.h"
#include "pack/logistic.h"

namespace potlut {
namespace {

constexpr size_t kBuckets = 16;  // of a scale, half an octave each
constexpr size_t kInputs = 4;
constexpr int32_t kFirstWeight = 20000, kMostWeight = 200000;
constexpr int32_t kMixRate = 3;

// log2 of v in half octaves, from v of 1.
size_t HalfOctaves(uint64_t v) {
  const int top = static_cast<int>(std::bit_width(v)) - 1;
  const bool half = top > 0 && (v >> (top - 1) & 1) != 0;
  return static_cast<size_t>(2 * top + (half ? 1 : 0));
}
size_t Bucket(uint64_t v) { return std::min(HalfOctaves(v + 1), kBuckets - 1); }

// The children of one coarse code for one drop.
struct Family {
  std::vector<uint8_t> children;  // fine codes, ascending
  int depth = 0;                  // of their tree
  // Decisions by their place in the tree, and by one context more.
  std::vector<AdaptiveBit> plain, scale, place, neighbours;
  std::array<std::array<int32_t, kInputs>, 8> weights{};  // by depth
};

class Refiner {
 public:
  // `base`: the coarse codes of the layer; not kept.
  Refiner(const Alphabet& fine, const LowReading& low, size_t per_tap,
          std::span<const uint8_t> base)
      : fine_(fine), low_(low), row_(base.size() / low.drop.size()), per_tap_(per_tap) {
    for (const uint8_t drop : low.drop) {
      if (by_drop_[drop].empty()) Make(drop);
    }
    for (size_t f = 0; f < fine.levels.size(); ++f)
      size_[f] = static_cast<uint32_t>(std::abs(int{fine.levels[f]}));
    Measure(base);
  }

  // Sets the contexts of code i, of which the codes before are fine ones. Nothing where the coarse
  // code has no children.
  Family* Begin(std::span<const uint8_t> codes, size_t i, uint8_t base) {
    const size_t o = i / row_, at = i % row_;
    const int drop = low_.drop[o];
    family_ = &by_drop_[low_.drop[o]][base];
    if (family_->children.empty()) return nullptr;
    node_ = 1;
    level_ = 0;
    // Expected sizes in sixteenths of the coarse alphabet's unit.
    const uint64_t row = rows_[o], in = inputs_[at % per_tap_], place = places_[at];
    scale_ = Bucket(row * in >> (8 + drop));
    place_ = Bucket(row * place >> (8 + drop));
    const uint32_t left = at >= 1 ? size_[codes[i - 1]] : 0;
    const uint32_t tap = at >= per_tap_ ? size_[codes[i - per_tap_]] : 0;
    const uint32_t above = o > 0 ? size_[codes[i - row_]] : 0;
    neighbours_ = Bucket(uint64_t{left + 2 * tap + above} * 4 >> drop);
    return family_;
  }

  uint32_t ChildOf(size_t i, uint8_t code) const { return child_[low_.drop[i / row_]][code]; }

  // Whether the next decision is one: some child has a 1 there.
  bool Open(int below) const {
    const uint32_t one = (node_ << 1 | 1) << below;
    return one - (1U << family_->depth) < family_->children.size();
  }

  uint32_t Predict() {
    Family& f = *family_;
    const size_t tree = size_t{1} << f.depth;
    used_ = {&f.plain[node_], &f.scale[scale_ * tree + node_], &f.place[place_ * tree + node_],
             &f.neighbours[neighbours_ * tree + node_]};
    const auto& weights = f.weights[level_];
    int32_t sum = 0;  // 4 * 2047 * kMostWeight stays below 2^31
    for (size_t k = 0; k < kInputs; ++k) {
      in_[k] = Stretch(static_cast<int32_t>(used_[k]->p() >> 4));
      sum += in_[k] * weights[k];
    }
    p_ = Squash(sum >> 16);
    return static_cast<uint32_t>(p_) << 4;
  }

  void Update(bool bit, bool predicted) {
    if (predicted) {
      auto& weights = family_->weights[level_];
      const int32_t error = ((bit ? 4096 : 0) - p_) * kMixRate;
      for (size_t k = 0; k < kInputs; ++k) {
        weights[k] =
            std::clamp(weights[k] + ((in_[k] * error + 0x2000) >> 14), -kMostWeight, kMostWeight);
        used_[k]->Update(bit);
      }
    }
    node_ = node_ << 1 | (bit ? 1 : 0);
    ++level_;
  }

  uint8_t Code() const { return family_->children[node_ - (1U << family_->depth)]; }

 private:
  void Make(uint8_t drop) {
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
      family.depth = static_cast<int>(std::bit_width(family.children.size() - 1));
      const size_t tree = size_t{1} << family.depth;
      family.plain.resize(tree);
      family.scale.resize(kBuckets * tree);
      family.place.resize(kBuckets * tree);
      family.neighbours.resize(kBuckets * tree);
      for (auto& weights : family.weights) weights.fill(kFirstWeight);
    }
  }

  // How large coarse codes are, on average: in each row (sixteenths of a fine unit), and, as a
  // share of their row (1/256), in each input channel and at each place of a row.
  void Measure(std::span<const uint8_t> base) {
    const size_t out = low_.drop.size();
    rows_.resize(out);
    places_.resize(row_);
    inputs_.resize(per_tap_);
    for (size_t o = 0; o < out; ++o) {
      uint64_t sum = 0;
      for (size_t k = 0; k < row_; ++k) sum += SizeOf(o, base[o * row_ + k]);
      rows_[o] = (16 * sum + row_ / 2) / row_ + 1;
      for (size_t k = 0; k < row_; ++k) {
        const uint64_t share = (uint64_t{SizeOf(o, base[o * row_ + k])} << 12) / rows_[o];
        places_[k] += share;
        inputs_[k % per_tap_] += share;
      }
    }
    for (uint64_t& place : places_) place = (place + out / 2) / out;
    const uint64_t each = out * (row_ / per_tap_);
    for (uint64_t& input : inputs_) input = (input + each / 2) / each;
  }
  uint32_t SizeOf(size_t o, uint8_t base) const {
    return static_cast<uint32_t>(std::abs(int{low_.alphabet.levels[base]})) << low_.drop[o];
  }

  const Alphabet& fine_;
  const LowReading& low_;
  const size_t row_, per_tap_;
  std::array<std::vector<Family>, LowReading::kMaxDrop + 1> by_drop_;
  std::array<std::array<uint8_t, 256>, LowReading::kMaxDrop + 1> child_{};
  std::array<uint32_t, 256> size_{};
  std::vector<uint64_t> rows_, places_, inputs_;

  Family* family_ = nullptr;
  uint32_t node_ = 1;
  size_t level_ = 0, scale_ = 0, place_ = 0, neighbours_ = 0;
  std::array<AdaptiveBit*, kInputs> used_{};
  std::array<int32_t, kInputs> in_{};
  int32_t p_ = 0;
};

}  // namespace

std::vector<uint8_t> EncodeRefinement(std::span<const uint8_t> codes, const Alphabet& fine,
                                      const LowReading& low, size_t per_tap,
                                      std::span<const uint8_t> base) {
  Refiner refiner(fine, low, per_tap, base);
  ArithEncoder coder;
  for (size_t i = 0; i < codes.size(); ++i) {
    const Family* family = refiner.Begin(codes, i, base[i]);
    const uint32_t child = refiner.ChildOf(i, codes[i]);
    for (int b = family->depth; b-- > 0;) {
      const bool bit = (child >> b & 1) != 0, open = refiner.Open(b);
      if (open) coder.Put(bit, refiner.Predict());
      refiner.Update(bit, open);
    }
  }
  return coder.Finish();
}

Status DecodeRefinement(std::span<const uint8_t> block, const Alphabet& fine, const LowReading& low,
                        size_t per_tap, std::span<uint8_t> codes) {
  Refiner refiner(fine, low, per_tap, codes);
  ArithDecoder coder(block);
  for (size_t i = 0; i < codes.size(); ++i) {
    const Family* family = refiner.Begin(codes, i, codes[i]);
    if (family == nullptr)
      return {ErrorCode::kBadInput, "a coarse code that no fine code has for its parent"};
    for (int b = family->depth; b-- > 0;) {
      const bool open = refiner.Open(b);
      refiner.Update(open && coder.Get(refiner.Predict()), open);
    }
    codes[i] = refiner.Code();
  }
  return coder.Finish();
}

}  // namespace potlut
