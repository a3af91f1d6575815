// The model of the context coder: what is expected of each code from those before it. One walk,
// with an encoder or a decoder.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "pack/arith.h"
#include "pack/context.h"
#include "pack/context_lanes.h"
#include "pack/context_symbols.h"
#include "pack/context_tables.h"

namespace potlut {

// Encoder and decoder under one name: Code returns the bit, given or read.
struct ContextWriter {
  static constexpr bool kReads = false;
  ArithEncoder coder;
  bool Code(bool bit, uint32_t p) {
    coder.Put(bit, p);
    return bit;
  }
};
struct ContextReader {
  static constexpr bool kReads = true;
  ArithDecoder coder;
  bool Code(bool, uint32_t p) { return coder.Get(p); }
};

inline constexpr int kContextTables = 3;

// kSpatial: the kernel has more than one tap.
template <bool kSpatial, int kLanes, typename Coder>
class ContextModel {
 public:
  ContextModel(const ContextLayout& layout, const ContextSymbols& symbols, const ContextTree& tree)
      : layout_(layout), symbols_(symbols), tree_(tree), taps_(layout.kernel_h * layout.kernel_w) {
    for (int t = 0; t < kContextTables; ++t)
      table_[t].assign(static_cast<size_t>(kContexts[t] * kStride), 0);
    for (int c = 0; c < kContexts[0]; ++c) {
      for (int n = 0; n < tree.nodes; ++n)
        table_[0][static_cast<size_t>(c * kStride + n)] =
            static_cast<int16_t>(ContextStretch(tree.p[n]) * 16);
    }
    Paths(tree.root, {}, {});
    class_weight_[0].fill(1024);
    member_weight_[0].fill(4096);
    const auto mean = static_cast<int32_t>(tree.mean);
    for (size_t i = 0; i < 256; ++i) {
      first_[i] = static_cast<int8_t>(std::clamp(symbols.first[i] * 256 / mean, -127, 127));
      second_[i] = static_cast<int8_t>(std::clamp(symbols.second[i] * 256 / mean, -127, 127));
    }
    log_mean_ = Log32(tree.mean);
    const auto inputs = static_cast<size_t>(layout.per_tap), taps = static_cast<size_t>(taps_);
    column_.assign(inputs, 0);
    log_column_.assign(inputs, 0);
    tap_.assign(taps, 0);
    log_tap_.assign(taps, 0);
    kernel_.assign(inputs, 0);
    if (kSpatial) {
      tokens_.assign(inputs * (taps + 1), 0);
      firsts_.assign(inputs * (taps + 1), 0);
      seconds_.assign(inputs * (taps + 1), 0);
      near_.assign(inputs, 0);
      first_guess_.assign(inputs, 0);
      second_guess_.assign(inputs, 0);
    }
  }

  void Run(Coder& coder, std::span<uint8_t> codes) {
    for (int o = 0; o < layout_.out; ++o) Filter(coder, o, codes);
  }

 private:
  static constexpr std::array<int, kContextTables> kContexts =
      kSpatial ? std::array{64, 512, 512} : std::array{64, 512, 1024};
  static constexpr int kStride = kSpatial ? 2 * kLanes : kLanes;
  static constexpr int kChunk = 8;  // codes for which the row's scale is taken as one
  static constexpr uint32_t kPrior = 16, kShiftPrior = 32, kKernelPrior = 2;
  static constexpr int32_t kLimit = 127;

  struct Place {  // of one code
    std::array<int32_t, kContextTables> context;
    ContextNumbers numbers;
  };
  using Lanes = std::array<int16_t, kLanes>;  // one a node of the tree

  static int16_t Short(int32_t v) { return static_cast<int16_t>(v); }

  // For each class, which nodes its path visits and with which bits.
  void Paths(int node, Lanes visited, Lanes target) {
    if (node < 0) {
      visited_[static_cast<size_t>(~node)] = visited;
      target_[static_cast<size_t>(~node)] = target;
      return;
    }
    const auto n = static_cast<size_t>(node);
    visited[n] = -1;
    Paths(tree_.child[n][0], visited, target);
    target[n] = 32767;
    Paths(tree_.child[n][1], visited, target);
  }

  void Filter(Coder& shared, int o, std::span<uint8_t> codes) {
    Coder coder = std::move(shared);  // so that the compiler can keep it in registers
    const auto inputs = static_cast<size_t>(layout_.per_tap);
    const auto shift = static_cast<uint32_t>(
        ((layout_.shifts.empty() ? 0 : layout_.shifts[static_cast<size_t>(o)]) + 16) & 31);
    const uint32_t expected =
        (shift_sum_[shift] + kShiftPrior * tree_.mean) / (shift_rows_[shift] + kShiftPrior);
    uint32_t row_sum = kPrior * expected, row_count = kPrior;
    uint64_t row_total = 0;
    std::fill(kernel_.begin(), kernel_.end(), 0);
    for (int k = 0; k < taps_; ++k) {
      uint8_t* const row =
          codes.data() +
          (static_cast<size_t>(o) * static_cast<size_t>(taps_) + static_cast<size_t>(k)) * inputs;
      if (kSpatial) Neighbours(k);
      uint32_t tap_total = 0;
      for (size_t begin = 0; begin < inputs; begin += kChunk) {
        const size_t count = std::min<size_t>(kChunk, inputs - begin);
        const int32_t log_row = Log32(row_sum) - Log32(row_count) - log_mean_;
        number_rate_ = static_cast<int32_t>(48 + 204800 / (256 + seen_));
        seen_ = std::min<uint32_t>(seen_ + kChunk, 65535);
        std::array<Place, kChunk> places;
        for (size_t j = 0; j < count; ++j) places[j] = At(k, begin + j, log_row, shift);
        uint32_t sum = 0;
        for (size_t j = 0; j < count; ++j) {
          const size_t i = begin + j;
          const uint8_t code = Symbol(coder, places[j], i, Coder::kReads ? uint8_t{0} : row[i]);
          row[i] = code;
          const uint32_t magnitude = symbols_.magnitude[code];
          sum += magnitude;
          kernel_[i] += magnitude;
          if (kSpatial) {
            const size_t at = static_cast<size_t>(k + 1) * inputs + i;
            tokens_[at] = symbols_.token[code];
            firsts_[at] = first_[code];
            seconds_[at] = second_[code];
          }
        }
        row_sum += sum;
        row_count += static_cast<uint32_t>(count);
        tap_total += sum;
        if (row_count >= 1U << 16) {
          row_sum /= 2;
          row_count /= 2;
        }
      }
      row_total += tap_total;
      tap_[static_cast<size_t>(k)] += tap_total / static_cast<uint32_t>(inputs);
    }
    shift_sum_[shift] += static_cast<uint32_t>(row_total / (static_cast<uint64_t>(taps_) * inputs));
    ++shift_rows_[shift];
    EndFilter();
    shared = std::move(coder);
  }

  // What the taps before k say of each input channel: planes are stored from 1 on; 0 is empty.
  void Neighbours(int k) {
    const auto inputs = static_cast<size_t>(layout_.per_tap);
    const int width = layout_.kernel_w, y = k / width, x = k % width;
    const auto plane = [&](bool there, int back) {
      return there ? static_cast<size_t>(k - back + 1) * inputs : 0;
    };
    const size_t left = plane(x > 0, 1), up = plane(y > 0, width),
                 up_left = plane(x > 0 && y > 0, width + 1),
                 up_right = plane(y > 0 && x + 1 < width, width - 1);
    const auto guess = [&](const std::vector<int8_t>& v, std::vector<int16_t>& out) {
      for (size_t i = 0; i < inputs; ++i)
        out[i] = static_cast<int16_t>(v[left + i] + v[up + i] - (v[up_left + i] >> 1) +
                                      (v[up_right + i] >> 2));
    };
    guess(firsts_, first_guess_);
    guess(seconds_, second_guess_);
    for (size_t i = 0; i < inputs; ++i)
      near_[i] = static_cast<uint8_t>(tokens_[up + i] * 8 + tokens_[left + i]);
  }

  Place At(int k, size_t i, int32_t log_row, uint32_t shift) const {
    const int32_t flat = log_row + log_column_[i];
    const int32_t log_tap = log_tap_[static_cast<size_t>(k)];
    const int32_t scale = std::clamp(flat + log_tap, -kLimit, kLimit);
    const auto by_shift =
        static_cast<int32_t>(shift * 16) + std::clamp((log_column_[i] >> 2) + 8, 0, 15);
    Place place;
    if constexpr (kSpatial) {
      // The scale that the kernel's own taps so far suggest, beside what row and column do.
      const uint32_t prior = kKernelPrior * Exp32(flat + log_mean_);
      const int32_t own =
          std::clamp(Log32(kernel_[i] + prior) - Log32(static_cast<uint32_t>(k) + kKernelPrior) -
                         log_mean_ + log_tap,
                     -kLimit, kLimit);
      const int32_t guess = first_guess_[i];
      const int32_t q = std::clamp((guess + 102) / 12, 0, 15);
      place.context = {near_[i], q * 32 + std::clamp((own >> 3) + 16, 0, 31), by_shift};
      place.numbers = {Short(scale), Short(own), Short(std::clamp(guess, -kLimit, kLimit))};
    } else {
      place.context = {std::clamp((scale >> 2) + 32, 0, 63), by_shift,
                       static_cast<int32_t>(shift * 32) + std::clamp((scale >> 3) + 16, 0, 31)};
      place.numbers = {Short(scale), Short(std::clamp<int32_t>(log_column_[i], -kLimit, kLimit)),
                       0};
    }
    return place;
  }

  // Codes or reads one code.
  [[gnu::always_inline]] uint8_t Symbol(Coder& coder, const Place& place, size_t i, uint8_t code) {
    std::array<int16_t*, kContextTables> line;
    std::array<int16_t, kContextTables> rate;
    for (int t = 0; t < kContextTables; ++t) {
      line[t] = table_[t].data() + place.context[t] * kStride;
      int16_t& seen = line[t][kLanes - 1];
      rate[t] = Short(kTableRate[static_cast<size_t>(seen)]);
      seen = static_cast<int16_t>(seen + (seen < 255 ? 1 : 0));
    }
    ContextNumbers number = place.numbers;
    if (kSpatial) number[2] = Short(number[2] < 0 ? -number[2] : number[2]);
    alignas(16) std::array<uint16_t, kLanes> index;
    lanes::Predict<kLanes>(line, class_weight_, number, index.data());
    alignas(16) std::array<uint16_t, 16> p{};
    for (int n = 0; n < 4; ++n) p[n] = kContextSquash[index[n]];
    if (tree_.nodes > 4) {
      for (int n = 4; n < kLanes; ++n) p[n] = kContextSquash[index[n]];
    }

    const auto wanted = symbols_.class_of[code];
    // Both children's probabilities are fetched before the bit that chooses is known.
    int32_t node = tree_.root;
    uint32_t p_node = p[0];
    while (node >= 0) {
      const std::array<int8_t, 2> child = tree_.child[static_cast<size_t>(node)];
      const int32_t none = child[0], one = child[1];
      const uint32_t p_none = p[static_cast<size_t>(none & 15)],
                     p_one = p[static_cast<size_t>(one & 15)];
      const bool bit = coder.Code(wanted >= tree_.split[static_cast<size_t>(node)], p_node);
      const uint32_t mask = 0U - static_cast<uint32_t>(bit);
      node = static_cast<int32_t>(static_cast<uint32_t>(none) ^
                                  (static_cast<uint32_t>(none ^ one) & mask));
      p_node = p_none ^ ((p_none ^ p_one) & mask);
    }
    const auto cls = static_cast<size_t>(~node);
    alignas(16) Lanes error;
    lanes::Errors<kLanes>(target_[cls].data(), visited_[cls].data(), p.data(), error.data());
    for (int t = 0; t < kContextTables; ++t) lanes::Learn<kLanes>(error.data(), rate[t], line[t]);
    for (int f = 0; f < (kSpatial ? 3 : 2); ++f)
      lanes::Learn<kLanes>(error.data(), NumberStep(number[f]), class_weight_[f].data());

    const uint8_t* const members = symbols_.members.data() + symbols_.start[cls];
    int lo = 0, hi = symbols_.start[cls + 1] - symbols_.start[cls];
    if (!kSpatial && hi == 2)
      return members[coder.Code(symbols_.place[code] >= 1, kArithHalf) ? 1 : 0];
    bool first = true;
    while (hi - lo > 1) {
      const int middle = (lo + hi + 1) / 2;
      const bool wants = symbols_.place[code] >= middle;
      bool upper;
      if (kSpatial && first) {
        std::array<int16_t*, kContextTables> at;
        for (int t = 0; t < kContextTables; ++t) at[t] = line[t] + kLanes + cls;
        upper = Member<kContextTables>(coder, at, rate, member_weight_[0][cls], place.numbers[2],
                                       wants);
        if (hi == 2) return members[upper ? 1 : 0];
      } else {
        const size_t n = symbols_.start[cls] + static_cast<size_t>(middle);
        uint8_t& seen = member_seen_[n];
        const std::array<int16_t, kContextTables> own_rate = {Short(kMemberRate[seen])};
        seen = static_cast<uint8_t>(seen + (seen < 255 ? 1 : 0));
        upper = Member<1>(
            coder, {&member_[n]}, own_rate, member_weight_[1][cls],
            kSpatial ? Short(std::clamp<int32_t>(second_guess_[i], -kLimit, kLimit)) : int16_t{0},
            wants);
      }
      (upper ? lo : hi) = middle;
      first = false;
    }
    return members[lo];
  }

  // One decision among the members of a class.
  template <int kTables>
  [[gnu::always_inline]] bool Member(Coder& coder, std::array<int16_t*, kTables> at,
                                     const std::array<int16_t, kContextTables>& rate,
                                     int16_t& weight, int16_t number, bool bit) {
    int32_t sum = (weight * number) >> 5;
    for (int t = 0; t < kTables; ++t) sum += *at[t];
    const uint32_t p = kContextSquash[static_cast<size_t>(SquashIndex(sum))];
    bit = coder.Code(bit, p);
    const int32_t error = (bit ? 32767 : 0) - static_cast<int32_t>(p >> 1);
    for (int t = 0; t < kTables; ++t) *at[t] = Saturate16(*at[t] + MulRound(error, rate[t]));
    weight = Saturate16(weight + MulRound(error, NumberStep(number)));
    return bit;
  }
  int16_t NumberStep(int32_t number) const { return Short((number * number_rate_ + 8) >> 4); }

  // Scales of columns and taps for the next filter.
  void EndFilter() {
    column_count_ += static_cast<uint32_t>(taps_);
    for (size_t i = 0; i < column_.size(); ++i) column_[i] += kernel_[i];
    if (tap_count_ < 16 || tap_count_ % 8 == 0) {  // later they hardly move
      const int32_t log_count = Log32(column_count_ + kPrior) + log_mean_;
      for (size_t i = 0; i < column_.size(); ++i)
        log_column_[i] = static_cast<int16_t>(Log32(column_[i] + kPrior * tree_.mean) - log_count);
    }
    if (column_count_ >= 1U << 16) {
      column_count_ /= 2;
      for (uint32_t& sum : column_) sum /= 2;
    }
    ++tap_count_;
    const int32_t log_taps = Log32(tap_count_ + kPrior) + log_mean_;
    for (size_t k = 0; k < tap_.size(); ++k)
      log_tap_[k] = static_cast<int16_t>(Log32(tap_[k] + kPrior * tree_.mean) - log_taps);
  }

  const ContextLayout& layout_;
  const ContextSymbols& symbols_;
  const ContextTree& tree_;
  const int taps_;
  // Looked-up weights, in 1/4096 (nats): [context][lane], one lane a node, the last how often the
  // context was seen; behind them, where kSpatial, one for the first decision in each class.
  std::array<std::vector<int16_t>, kContextTables> table_;
  // Weights of numbers: in 1/4096 (nats) for a number of 32.
  alignas(16) std::array<Lanes, 3> class_weight_{};
  std::array<std::array<int16_t, kContextMaxClasses>, 2> member_weight_{};
  std::array<int16_t, 257> member_{};
  std::array<uint8_t, 257> member_seen_{};
  uint32_t seen_ = 0;  // codes so far, up to 65535
  int32_t number_rate_ = 0;
  alignas(16) std::array<Lanes, kContextMaxClasses> visited_, target_;  // [class][node]
  std::array<int8_t, 256> first_, second_;  // [code], in 1/16 of the mean magnitude

  // Sums of magnitudes of input channels, taps and filters with a shift, and their logarithms less
  // that of the mean.
  int32_t log_mean_ = 0;
  std::vector<uint32_t> column_, tap_;
  std::vector<int16_t> log_column_, log_tap_;
  uint32_t column_count_ = 0, tap_count_ = 0;
  std::array<uint32_t, 32> shift_sum_{}, shift_rows_{};

  // Of the filter being coded.
  std::vector<uint32_t> kernel_;                     // [input] sum of magnitudes
  std::vector<uint8_t> tokens_, near_;               // [1 + tap][input]; [input]
  std::vector<int8_t> firsts_, seconds_;             // [1 + tap][input]
  std::vector<int16_t> first_guess_, second_guess_;  // [input]
};

}  // namespace potlut
