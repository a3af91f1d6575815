// A verilated pe_array (RTL or netlist) as its user sees it: levels, fills, vectors of codes, dot
// products.
#pragma once

#include <verilated.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include PE_HEADER

namespace potlut::rtl {

enum Kind { kPlut, kPair, kTextbook, kTernary, kFused, kMult, kHalf };

constexpr int kKind = PE_KIND, kWb = PE_WB, kAb = PE_AB, kTb = PE_TB, kBanks = PE_BANKS;
constexpr int kLanes = 4, kGroup = 2, kInputs = 16, kAcc = 24;
constexpr bool kPairs = kKind == kPair || kKind == kHalf;
constexpr bool kTables = kKind == kPlut || kPairs;
// pe_pkg::latency for 16 inputs.
constexpr int kLatency = kPairs ? 5 : kKind == kTextbook ? 7 : kKind == kFused ? 19 : 6;

// Bits [at, at + width) of a port of any width.
template <class Port>
void Put(Port& port, int at, int width, uint32_t value) {
  auto* bytes = reinterpret_cast<uint8_t*>(&port);
  for (int i = 0; i < width; ++i) {
    uint8_t& byte = bytes[(at + i) / 8];
    const auto bit = static_cast<uint8_t>(1u << ((at + i) % 8));
    byte = static_cast<uint8_t>((value >> i & 1u) != 0 ? byte | bit : byte & ~bit);
  }
}
template <class Port>
int32_t Get(const Port& port, int at, int width) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&port);
  uint32_t value = 0;
  for (int i = 0; i < width; ++i)
    value |= static_cast<uint32_t>(bytes[(at + i) / 8] >> ((at + i) % 8) & 1u) << i;
  const uint32_t sign = 1u << (width - 1);
  return static_cast<int32_t>((value ^ sign) - sign);
}

class PeHarness {
 public:
  PeHarness() {
    top_.rst = 1;
    Tick(3);
    top_.rst = 0;
    Tick(2);
  }
  ~PeHarness() { top_.final(); }

  // One list: single levels, or pairs (first, second); of a symmetric list the hardware gets the
  // first half.
  void Levels(int list, const std::vector<std::pair<int, int>>& levels) {
    const int size = kKind == kHalf ? 1 << (2 * kWb - 1) : kPairs ? 1 << (2 * kWb) : 1 << kWb;
    for (int i = 0; i < size; ++i) {
      const auto& level = levels[i];
      top_.level_we = 1;
      top_.level_addr = static_cast<uint8_t>(list * size + i);
      top_.level_data = static_cast<uint16_t>((level.first & 0xff) | (level.second & 0xff) << 8);
      Tick(1);
    }
    top_.level_we = 0;
  }

  // Begins to hand over activations, [lane][input]; they go on while codes are used.
  void StartFill(int bank, int list, bool is_signed, std::vector<int> act) {
    fill_ = {bank, list, is_signed, std::move(act), 0};
    filling_ = true;
  }
  bool Filled() const { return !filling_ && top_.fill_idle; }
  void WaitFill() {
    for (int i = 0; i < 20000 && !Filled(); ++i) Tick(1);
  }

  // One vector of codes for all lanes and the accumulators to add (empty: none). The result comes
  // out of Results() in order.
  void Use(int bank, const std::vector<int>& codes, const std::vector<int>& acc) {
    const int fields = kPairs ? kInputs / 2 : kInputs;
    const int width = kInputs * kWb / fields;
    top_.use_bank = static_cast<uint8_t>(bank);
    for (int k = 0; k < fields; ++k)
      Put(top_.use_codes, k * width, width, static_cast<uint32_t>(codes[k]));
    Tick(1, true, acc);
  }
  // Lets what is in the pipeline come out.
  void Flush() { Tick(kLatency + 1); }
  // [vector][lane].
  std::vector<std::vector<int32_t>> Results() { return std::move(results_); }
  int64_t cycles() const { return cycles_; }

  void Tick(int count, bool use = false, const std::vector<int>& acc = {}) {
    for (int i = 0; i < count; ++i) {
      top_.use_valid = use;
      pipeline_.push_back({use, acc});
      // The sums to be added belong to the cycle before the result.
      top_.acc_en = 0;
      if (pipeline_.size() >= kLatency) {
        const Slot& slot = pipeline_[pipeline_.size() - kLatency];
        top_.acc_en = slot.use && !slot.acc.empty();
        for (int n = 0; n < kLanes; ++n)
          Put(top_.acc_in, n * kAcc, kAcc,
              slot.acc.empty() ? 0x5a5a5a : static_cast<uint32_t>(slot.acc[n]));
      }
      top_.fill_valid = filling_;
      if (filling_) {
        top_.fill_bank = static_cast<uint8_t>(fill_.bank);
        top_.fill_list = static_cast<uint8_t>(fill_.list);
        top_.fill_signed = fill_.is_signed;
        top_.fill_group = static_cast<uint8_t>(fill_.group);
        for (int j = 0; j < kGroup * kInputs; ++j)
          Put(top_.fill_act, j * kAb, kAb,
              static_cast<uint32_t>(fill_.act[fill_.group * kGroup * kInputs + j]));
      }
      top_.clk = 0;
      top_.eval();
      const bool taken = filling_ && top_.fill_ready;
      top_.clk = 1;
      top_.eval();
      ++cycles_;
      if (taken && ++fill_.group == kLanes / kGroup) filling_ = false;
      if (pipeline_.size() >= kLatency) {
        if (pipeline_.front().use) {
          std::vector<int32_t> row(kLanes);
          const int32_t corr = Get(top_.corr, 0, kAcc);
          for (int n = 0; n < kLanes; ++n)
            row[n] = (Get(top_.dot, n * kAcc, kAcc) + corr) << (32 - kAcc) >> (32 - kAcc);
          results_.push_back(row);
        }
        pipeline_.pop_front();
      }
      top_.fill_valid = 0;
      top_.clk = 0;
      top_.eval();
    }
  }

 private:
  struct Fill {
    int bank, list;
    bool is_signed;
    std::vector<int> act;
    int group;
  };
  struct Slot {
    bool use;
    std::vector<int> acc;
  };
  PE_TOP top_;
  Fill fill_{};
  bool filling_ = false;
  int64_t cycles_ = 0;
  std::deque<Slot> pipeline_;
  std::vector<std::vector<int32_t>> results_;
};

}  // namespace potlut::rtl
