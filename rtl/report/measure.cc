// Drives a netlist as the engine drives its array.
#include "measure.h"

#include <algorithm>
#include <cstdlib>

#include "accel/pair_tour.h"
#include "toggle_sim.h"

namespace potlut::rtl {
namespace {

constexpr int kAcc = 24;

bool IsPair(const Config& config) { return config.kind == kPair || config.kind == kHalf; }

// Half of a symmetric list, numbered along a tour: entry n + codes / 2 is the negative of n.
// `renumber` gets the new number of each old entry.
std::vector<std::pair<int, int>> HalfList(const std::vector<std::pair<int, int>>& levels, int codes,
                                          std::vector<int>* renumber) {
  using Pair = std::pair<int, int>;
  const auto upper = [](Pair p) { return p >= Pair(0, 0) ? p : Pair(-p.first, -p.second); };
  std::vector<Pair> half;
  for (const Pair& p : levels)
    if (std::find(half.begin(), half.end(), upper(p)) == half.end()) half.push_back(upper(p));
  if (half.size() > static_cast<size_t>(codes / 2)) return {};
  std::vector<Pair> list;
  for (const int i : accel::PairTour(half)) list.push_back(half[i]);
  for (const Pair& p : levels) {
    const auto at = std::find(list.begin(), list.end(), upper(p)) - list.begin();
    renumber->push_back(static_cast<int>(at) + (p == upper(p) ? 0 : codes / 2));
  }
  list.resize(codes / 2, list.back());
  for (int i = 0; i < codes / 2; ++i) list.push_back({-list[i].first, -list[i].second});
  return list;
}

// Levels and codes as this variant wants them.
WorkSet Adapt(const Config& config, const WorkSet& in) {
  WorkSet set = in;
  std::vector<int> renumber;
  if (IsPair(config)) {
    if (config.grid) {
      // All pairs of single codes; numbers follow a snake through the grid.
      const int n = static_cast<int>(in.levels.size());
      set.levels.clear();
      for (int i = 0; i < n * n; ++i)
        set.levels.push_back({in.levels[i / n].first, in.levels[i % n].first});
      for (auto& codes : set.codes) {
        std::vector<int> pairs;
        for (size_t k = 0; k < codes.size(); k += 2) pairs.push_back(codes[k] * n + codes[k + 1]);
        codes = pairs;
      }
    }
    if (config.kind == kHalf) {
      set.levels = HalfList(set.levels, 1 << (2 * config.weight_bits), &renumber);
    } else {
      const std::vector<int> tour = accel::PairTour(set.levels);
      renumber.resize(tour.size());
      std::vector<std::pair<int, int>> ordered;
      for (size_t i = 0; i < tour.size(); ++i) {
        renumber[tour[i]] = static_cast<int>(i);
        ordered.push_back(set.levels[tour[i]]);
      }
      set.levels = ordered;
      set.levels.resize(size_t{1} << (2 * config.weight_bits), ordered.back());
    }
  } else if (config.kind == kPlut) {
    set.levels.resize(size_t{1} << config.weight_bits, {0, 0});
  } else {
    for (const auto& level : in.levels) {
      int code = level.first;
      if (config.kind != kMult) {
        int e = 0;
        while (level.first != 0 && (1 << e) <= std::abs(level.first)) ++e;
        code = e | (level.first < 0 ? 1 << (config.weight_bits - 1) : 0);
      }
      renumber.push_back(code & ((1 << config.weight_bits) - 1));
    }
  }
  if (!renumber.empty())
    for (auto& codes : set.codes)
      for (int& code : codes) code = renumber[code];
  return set;
}

}  // namespace

std::string MeasureEnergy(const Config& config, Netlist& netlist, const Workload& workload,
                          Measured* measured, std::map<std::string, PartEnergy>* parts) {
  for (int n = 0; n < kLanes; ++n)
    for (int i = 0; i < kAcc; ++i)
      Connect(&netlist, netlist.ports["dot"][(n + 1) % kLanes * kAcc + i],
              netlist.ports["acc_in"][n * kAcc + i]);
  ToggleSim sim(netlist);
  const int latency = IsPair(config)             ? 5
                      : config.kind == kTextbook ? 7
                      : config.kind == kFused    ? 19
                                                 : 6;
  const bool tables = config.kind == kPlut || IsPair(config);
  const int fields = IsPair(config) ? kInputs / 2 : kInputs;
  const int width =
      config.kind == kMult ? config.weight_bits : kInputs * config.weight_bits / fields;
  sim.Set("rst", 0, 1, 1);
  for (int i = 0; i < 4; ++i) sim.Tick();
  sim.Set("rst", 0, 1, 0);
  double use = 0, fill = 0, fill_cycles = 0;
  int64_t use_cycles = 0;
  std::map<std::string, double> fill_parts, use_parts;
  int bank = 0;
  for (size_t s = 0; s <= workload.sets.size(); ++s) {
    // The first set is run twice: nothing is counted before the tables hold something.
    const WorkSet& in = workload.sets[s == 0 ? 0 : s - 1];
    const WorkSet set = Adapt(config, in);
    if (set.levels.empty()) return config.name + ": the list of pairs is not symmetric";
    const size_t listed = set.levels.size() / (config.kind == kHalf ? 2 : 1);
    for (size_t i = 0; tables && i < listed; ++i) {
      sim.Set("level_we", 0, 1, 1);
      sim.Set("level_addr", 0, 16, i);
      sim.Set(
          "level_data", 0, 16,
          static_cast<uint64_t>((set.levels[i].first & 0xff) | (set.levels[i].second & 0xff) << 8));
      sim.Tick();
    }
    sim.Set("level_we", 0, 1, 0);
    for (int i = 0; i < 4; ++i) sim.Tick();
    bank = config.banks == 2 && tables ? 1 - bank : 0;
    sim.Clear();
    int cycles = 0;
    sim.Set("fill_bank", 0, 1, static_cast<uint64_t>(bank));
    for (int group = 0; group < kLanes / config.group; ++group) {
      sim.Set("fill_valid", 0, 1, 1);
      sim.Set("fill_group", 0, 8, static_cast<uint64_t>(group));
      for (int j = 0; j < config.group * kInputs; ++j)
        sim.Set("fill_act", j * config.act_bits, config.act_bits,
                static_cast<uint64_t>(set.act[group * config.group * kInputs + j]));
      for (bool taken = false; !taken && cycles < 1000000; ++cycles) {
        taken = sim.Get("fill_ready", 0, 1) != 0;
        sim.Tick();
      }
      sim.Set("fill_valid", 0, 1, 0);
    }
    for (; (cycles < 3 || sim.Get("fill_idle", 0, 1) == 0) && cycles < 1000000; ++cycles)
      sim.Tick();
    if (s != 0) fill += sim.energy(), fill_cycles += cycles, sim.AddParts(&fill_parts, 1);

    // acc <= (acc of the next lane, except at the first of three taps) + dot.
    sim.Clear();
    const int count = static_cast<int>(set.codes.size());
    std::vector<int64_t> before(kLanes, 0);
    double started = 0;
    for (int t = 0; t < count + latency; ++t) {
      if (t == latency + 3) started = sim.energy(), sim.AddParts(&use_parts, s != 0 ? -1 : 0);
      if (t == count && s != 0) {
        use += sim.energy() - started, use_cycles += count - latency - 3;
        sim.AddParts(&use_parts, 1);
      }
      sim.Set("use_valid", 0, 1, t < count ? 1 : 0);
      sim.Set("use_bank", 0, 1, static_cast<uint64_t>(bank));
      if (t < count)
        for (int k = 0; k < fields; ++k)
          sim.Set("use_codes", k * width, width, static_cast<uint64_t>(set.codes[t][k]));
      const int due = t - (latency - 1);  // the vector whose sums come with this edge
      sim.Set("acc_en", 0, 1, due > 0 && due % 3 != 0 ? 1 : 0);
      sim.Tick();
      if (due < 0 || due >= count) continue;
      std::vector<int64_t> sums(kLanes, 0);
      for (int n = 0; n < kLanes; ++n) {
        int64_t sum = due % 3 != 0 ? before[(n + 1) % kLanes] : 0;
        for (int k = 0; k < fields; ++k) {
          const int code = set.codes[due][k];
          const int* act = &set.act[n * kInputs];
          if (IsPair(config))
            sum += set.levels[code].first * act[2 * k] + set.levels[code].second * act[2 * k + 1];
          else if (config.kind == kPlut)
            sum += set.levels[code].first * act[k];
          else
            sum += in.levels[in.codes[due][k]].first * act[k];
        }
        sums[n] = sum;
        const auto got = static_cast<int64_t>(sim.Get("dot", n * kAcc, kAcc));
        if (((sum - got) & 0xffffff) != 0)
          return config.name + ": the netlist's dot product " + std::to_string(due) + " of set " +
                 std::to_string(s) + ", lane " + std::to_string(n) + " is " + std::to_string(got) +
                 ", not " + std::to_string(sum & 0xffffff);
        ++measured->checked;
      }
      before = sums;
    }
    sim.Set("use_valid", 0, 1, 0);
  }
  const auto sets = static_cast<double>(workload.sets.size());
  const double per_use = 1 / (static_cast<double>(use_cycles) * kLanes * kInputs);
  const double per_fill = workload.mean_inverse_uses / (sets * kLanes * kInputs);
  measured->use = use * per_use;
  measured->fill = fill * per_fill;
  if (parts != nullptr) {
    for (const auto& [name, energy] : use_parts) (*parts)[name].use = energy * per_use;
    for (const auto& [name, energy] : fill_parts) (*parts)[name].fill = energy * per_fill;
  }
  measured->fill_cycles = fill_cycles / sets;
  return "";
}

}  // namespace potlut::rtl
