// What a head says of a layer: its alphabet, the shift and bias of each channel, and where its
// codes are.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "pack/arith.h"
#include "pack/coder.h"
#include "pack/head.h"
#include "program/alphabet.h"

namespace potlut {

template <typename C>
class ChannelCodec {
 public:
  explicit ChannelCodec(C& coder) : c_(coder) {}

  // One of the last alphabets, one of the fixed ones, or its levels.
  template <typename A>
  void AlphabetOf(A& alphabet) {
    size_t back = 0;
    if constexpr (!C::kReads) {
      while (back < seen_.size() && seen_[back] != alphabet) ++back;
    }
    c_.Uint(back_, back, seen_.size(), "alphabet");
    if (!c_.ok()) return;
    if (back < seen_.size()) {
      if constexpr (C::kReads) alphabet = seen_[back];
      std::rotate(seen_.begin(), seen_.begin() + static_cast<ptrdiff_t>(back),
                  seen_.begin() + static_cast<ptrdiff_t>(back) + 1);
      return;
    }
    NewAlphabet(alphabet);
    if (!c_.ok()) return;
    seen_.insert(seen_.begin(), alphabet);
    if (seen_.size() > kRemembered) seen_.pop_back();
  }

  // Each shift by its distance from the one that was most frequent in the layer so far (the least
  // of several); the first by its distance from that of the layer before.
  template <typename V>
  void Shifts(V& shifts) {
    std::array<uint32_t, 64> counts{};
    size_t context = 0;
    for (auto& shift : shifts) {
      if (!c_.ok()) return;
      int32_t d = C::kReads ? 0 : shift - usual_;
      c_.Int(shift_[context], d, -15 - usual_, 31 - usual_, "shift");
      if constexpr (C::kReads) shift = static_cast<int8_t>(usual_ + d);
      context = d == 0 ? 1 : 2;
      ++counts[static_cast<size_t>(shift + 16)];
      usual_ =
          static_cast<int32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin()) -
          16;
    }
  }

  // Sign, number of bits, bits. The number of bits is told by its distance from a running mean; the
  // channel's shift, as far from the usual one, is the context, since dead channels stand out.
  template <typename S, typename V>
  void Biases(const S& shifts, V& biases) {
    for (size_t i = 0; i < biases.size() && c_.ok(); ++i) {
      const int32_t off = shifts[i] - usual_;
      const auto context = static_cast<size_t>(off < 0 ? 0 : off == 0 ? 1 : off < 3 ? 2 : 3);
      auto& bias = biases[i];
      uint32_t magnitude = 0;
      bool negative = false;
      if constexpr (!C::kReads) {
        negative = bias < 0;
        magnitude = negative ? 0U - static_cast<uint32_t>(bias) : static_cast<uint32_t>(bias);
      }
      const int32_t mean = (mean_bits_ + 8) / 16;
      const auto bits = static_cast<int32_t>(std::bit_width(magnitude));
      uint32_t symbol = static_cast<uint32_t>(bits - mean + 32);
      c_.Symbol(bits_[context], symbol, 63, "bias");
      const int32_t n = static_cast<int32_t>(symbol) - 32 + mean;
      if (n < 0 || n > 32) c_.FailBad("bias of ", n, " bits");
      if (!c_.ok()) return;
      if (context < 3) mean_bits_ += (16 * n - mean_bits_) / 8;
      if (n == 0) {
        if constexpr (C::kReads) bias = 0;
        continue;
      }
      c_.Flag(negative_, negative, "bias");
      // The two bits below the first are not quite even; the rest are.
      bool high = (magnitude >> std::max(0, n - 2) & 1) != 0,
           next = (magnitude >> std::max(0, n - 3) & 1) != 0;
      if (n >= 2) c_.Flag(second_[static_cast<size_t>(n)], high, "bias");
      if (n >= 3) c_.Flag(third_[static_cast<size_t>(n)][high ? 1 : 0], next, "bias");
      const int rest = std::max(0, n - 3);
      uint32_t low = magnitude & ((uint32_t{1} << rest) - 1);
      c_.Bits(low, rest);
      if constexpr (C::kReads) {
        uint64_t v = uint64_t{1} << (n - 1) | low;
        if (n >= 2 && high) v |= uint64_t{1} << (n - 2);
        if (n >= 3 && next) v |= uint64_t{1} << (n - 3);
        if (v > (negative ? uint64_t{1} << 31 : uint64_t{INT32_MAX})) {
          c_.FailBad("bias leaves 32 bits");
          return;
        }
        bias = static_cast<int32_t>(negative ? -static_cast<int64_t>(v) : static_cast<int64_t>(v));
      }
    }
  }

  // Of a layered file: whether the layer is, its coarse alphabet, each channel's drop and
  // correction.
  template <typename V, typename L>
  void Low(V& conv, size_t out, L& low) {
    c_.Flag(layered_, low.layered, "layered");
    if (!low.layered || !c_.Unfold(5 * out, "the low reading") || !c_.Numbers(2 * out)) return;
    if (conv.alphabet.is_pair()) c_.FailBad("codes of pairs have no low reading");
    if (!c_.ok()) return;
    AlphabetOf(low.alphabet);
    if (low.alphabet.is_pair()) c_.FailBad("a low reading of pairs");
    if constexpr (C::kReads) {
      low.drop.resize(out);
      low.correction.resize(out);
    }
    for (auto& drop : low.drop) {
      if (!c_.ok()) return;
      c_.Symbol(drop_[drop_before_], drop, LowReading::kMaxDrop, "drop");
      drop_before_ = drop;
    }
    for (auto& correction : low.correction) {
      if (!c_.ok()) return;
      c_.Int(correction_, correction, INT32_MIN, INT32_MAX, "correction");
    }
  }

  // Coder, and the blocks' sizes.
  template <typename B>
  void Block(B& block, const LayerSize& size, bool refined) {
    c_.Symbol(coder_[coder_before_], block.coder, 7, "coder");
    coder_before_ = block.coder & 7U;
    Bytes(coder_before_, block.bytes, size);
    if (refined) Bytes(kRefinement, block.refinement_bytes, size);
  }

 private:
  static constexpr size_t kRemembered = 8;
  static constexpr uint64_t kMostRate = uint64_t{1} << 24;
  static constexpr int64_t kMostBytes = int64_t{1} << 40;
  static constexpr size_t kRefinement = 8;  // beside the coders

  // A size by its distance from what as many bytes a code would make as the layer before with that
  // coder took.
  template <typename T>
  void Bytes(size_t coder, T& bytes, const LayerSize& size) {
    uint64_t& rate = rate_[coder];
    const auto codes = static_cast<uint64_t>(size.codes);
    const auto expected = static_cast<int64_t>(codes * rate >> 16);
    int64_t d = C::kReads ? 0 : static_cast<int64_t>(bytes) - expected;
    c_.Int(bytes_[coder], d, -expected, kMostBytes, "size of codes");
    if constexpr (C::kReads) bytes = static_cast<uint64_t>(expected + d);
    rate = std::min((bytes << 16) / codes, kMostRate);
  }

  template <typename A>
  void NewAlphabet(A& alphabet) {
    uint8_t kind = C::kReads ? 0 : static_cast<uint8_t>(alphabet.kind);
    c_.Symbol(kind_, kind, 7, "alphabet kind");
    if (kind > static_cast<uint8_t>(AlphabetKind::kPair)) {
      c_.Fail(ErrorCode::kUnsupported, "alphabet kind ", int{kind},
              " is unknown; use a newer potlut");
    }
    uint32_t bits = C::kReads ? 0 : static_cast<uint32_t>(alphabet.bits - 1);
    c_.Symbol(width_, bits, 7, "alphabet bits");
    if (!c_.ok()) return;
    const Expected<Alphabet> fixed = MakeAlphabet(AlphabetKind{kind}, static_cast<int>(bits) + 1);
    bool is_fixed = !C::kReads && fixed.ok() && *fixed == alphabet;
    c_.Flag(fixed_, is_fixed, "alphabet");
    if (is_fixed) {
      if (!fixed.ok()) c_.FailBad("there is no such fixed alphabet");
      if constexpr (C::kReads) alphabet = c_.ok() ? *fixed : Alphabet();
      return;
    }
    if constexpr (C::kReads) {
      alphabet.kind = AlphabetKind{kind};
      alphabet.bits = static_cast<int>(bits) + 1;
    }
    uint32_t count = C::kReads ? 0 : static_cast<uint32_t>(alphabet.codes() - 1);
    c_.Uint(levels_, count, (uint64_t{2} << bits) - 1, "number of levels");
    c_.Numbers(2 * count);
    const size_t members = kind == static_cast<uint8_t>(AlphabetKind::kPair) ? 2 : 1;
    if constexpr (C::kReads) alphabet.levels.resize((count + 1) * members);
    // Levels ascend; so do first members, and second members of one first member.
    int32_t first = -128, second = -128;
    for (size_t i = 0; i <= count && c_.ok(); ++i) {
      const int32_t before = first;
      Level(alphabet.levels[i * members], first, 0, i > 0 && members == 1);
      if (members == 1) continue;
      const bool follows = i > 0 && first == before;
      if (!follows) second = -128;
      Level(alphabet.levels[i * 2 + 1], second, follows ? 1 : 2, follows);
    }
  }

  // A level from the one before up; `above`: it differs.
  template <typename T>
  void Level(T& level, int32_t& before, size_t context, bool above) {
    const int32_t from = before + (above ? 1 : 0);
    int32_t d = C::kReads ? 0 : level - from;
    if (from > 127) c_.FailBad("levels leave 8 bits");
    if (!c_.ok()) return;
    c_.Uint(gap_[context], d, static_cast<uint64_t>(127 - from), "gap between levels");
    before = from + d;
    if constexpr (C::kReads) level = static_cast<int8_t>(before);
  }

  C& c_;
  std::vector<Alphabet> seen_;
  UintModel back_, levels_;
  TreeModel<3> kind_, width_;
  AdaptiveBit fixed_;
  std::array<UintModel, 3> gap_;
  std::array<IntModel, 3> shift_;
  int32_t usual_ = 5;
  int32_t mean_bits_ = 16 * 9;
  std::array<TreeModel<6>, 4> bits_;
  AdaptiveBit negative_;
  std::array<AdaptiveBit, 33> second_;
  std::array<std::array<AdaptiveBit, 2>, 33> third_;
  std::array<TreeModel<3>, 8> coder_;
  size_t coder_before_ = 0;
  std::array<uint64_t, kRefinement + 1> rate_{};  // bytes a code, in 1/65536
  std::array<IntModel, kRefinement + 1> bytes_;
  AdaptiveBit layered_;
  std::array<TreeModel<3>, 8> drop_;
  size_t drop_before_ = 0;
  IntModel correction_;
};

}  // namespace potlut
