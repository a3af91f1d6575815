// The dot-product array of one variant and width: every code with every activation, random lists of
// levels, random dot products while the other bank is filled. Runs on the RTL and on the netlist
// that Yosys makes of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "pe_harness.h"

namespace potlut::rtl {
namespace {

using Level = std::pair<int, int>;
using Levels = std::vector<Level>;

constexpr int kFields = kPairs ? kInputs / 2 : kInputs;
constexpr int kCodes = 1 << (kInputs * kWb / kFields);

// What a code means where there are no lists of levels.
Level FixedLevel(int code) {
  if (kKind == kMult) return {code >= kCodes / 2 ? code - kCodes : code, 0};
  const int e = code & (kCodes / 2 - 1);
  const int magnitude = e == 0 ? 0 : 1 << (e - 1);
  return {code >= kCodes / 2 ? -magnitude : magnitude, 0};
}
Levels FixedLevels() {
  Levels levels;
  for (int c = 0; c < kCodes; ++c) levels.push_back(FixedLevel(c));
  return levels;
}

// Half tables: code c + 32 is the negative of code c.
Levels Mirrored(Levels half) {
  half.resize(kCodes / 2, {0, 0});
  for (int c = 0; c < kCodes / 2; ++c) half.push_back({-half[c].first, -half[c].second});
  return half;
}

// pot: the alphabet that every variant has; pairs of it in an array of pairs.
Levels Pot() {
  if (!kTables) return FixedLevels();
  std::vector<int> single;
  const int top = (1 << (kWb - 1)) - 2;
  for (int e = top; e >= 0; --e) single.push_back(-(1 << e));
  single.push_back(0);
  for (int e = 0; e <= top; ++e) single.push_back(1 << e);
  single.push_back(0);  // a code that stands for no level
  Levels levels;
  if (kKind == kPlut) {
    for (const int level : single) levels.push_back({level, 0});
  } else if (kKind == kPair) {
    for (const int a : single)
      for (const int b : single) levels.push_back({a, b});
  } else {
    std::set<Level> half;
    for (const int a : single)
      for (const int b : single) half.insert(std::max(Level(a, b), Level(-a, -b)));
    levels = Mirrored({half.begin(), half.end()});
  }
  return levels;
}

// Any list that the table's width allows.
Levels RandomLevels(std::mt19937& random) {
  if (!kTables) return FixedLevels();
  const int most = std::min(kPairs ? 31 : 64, (1 << (kTb - kAb)) / (kPairs ? 4 : 1));
  std::uniform_int_distribution<int> level(-most, most);
  Levels levels;
  if (kPairs) {
    for (int c = 0; c < kCodes; ++c) levels.push_back({level(random), level(random)});
    levels[random() % kCodes] = {most, most};
    levels[random() % kCodes] = {-most, -most};
    if (kKind == kHalf) return Mirrored({levels.begin(), levels.begin() + kCodes / 2});
    return levels;
  }
  std::set<int> distinct = {0, most, -most};
  while (static_cast<int>(distinct.size()) < kCodes - static_cast<int>(random() % 4 == 0) &&
         static_cast<int>(distinct.size()) < 2 * most + 1)
    distinct.insert(level(random));
  for (const int v : distinct) levels.push_back({v, 0});
  levels.resize(kCodes, {levels.back().first, 0});
  return levels;
}

int32_t Wrap(int64_t v) { return static_cast<int32_t>(static_cast<uint32_t>(v) << 8) >> 8; }

int64_t Dot(const Levels& levels, const std::vector<int>& codes, const int* act) {
  int64_t sum = 0;
  for (int k = 0; k < kFields; ++k) {
    const Level level = levels[codes[k]];
    if (kPairs)
      sum += int64_t{level.first} * act[2 * k] + int64_t{level.second} * act[2 * k + 1];
    else
      sum += int64_t{level.first} * act[k];
  }
  return sum;
}

std::vector<int> RandomActivations(std::mt19937& random, bool is_signed) {
  std::vector<int> act(kLanes * kInputs);
  for (int& a : act) {
    const auto r = random();
    a = static_cast<int>(random() & ((1u << kAb) - 1));
    if (r % 8 == 0) a = (1 << kAb) - 1;
    if (r % 8 < 3 && r % 8 > 0) a = 0;
    if (is_signed && a >= 1 << (kAb - 1)) a -= 1 << kAb;
  }
  return act;
}

// Every code of every field meets every activation (of a pair: with a random partner).
TEST(PeArray, EveryCodeAndActivation) {
  std::mt19937 random(1);
  PeHarness pe;
  for (const bool is_signed : {false, true}) {
    if (is_signed && !kTables) continue;
    // Signed products of the largest level need no more than unsigned ones.
    const Levels levels = Pot();
    pe.Levels(1, levels);
    constexpr int kValues = 1 << kAb;
    for (int first = 0; first < kValues; first += kLanes) {
      std::vector<int> act(kLanes * kInputs);
      for (int n = 0; n < kLanes; ++n)
        for (int k = 0; k < kInputs; ++k) {
          int a = (first + n + 37 * k) & (kValues - 1);
          if (kPairs && k % 2 == 1) a = static_cast<int>(random() & (kValues - 1));
          if (is_signed && a >= kValues / 2) a -= kValues;
          act[n * kInputs + k] = a;
        }
      const int bank = kBanks == 2 && kTables ? first / kLanes % 2 : 0;
      pe.StartFill(bank, 1, is_signed, act);
      pe.WaitFill();
      std::vector<std::vector<int>> sent;
      for (int c = 0; c < kCodes; ++c) {
        std::vector<int> codes(kFields);
        for (int k = 0; k < kFields; ++k) codes[k] = (c + 5 * k) & (kCodes - 1);
        sent.push_back(codes);
        pe.Use(bank, codes, {});
      }
      pe.Flush();
      const auto results = pe.Results();
      ASSERT_EQ(results.size(), sent.size());
      for (size_t t = 0; t < sent.size(); ++t)
        for (int n = 0; n < kLanes; ++n)
          ASSERT_EQ(results[t][n], Wrap(Dot(levels, sent[t], &act[n * kInputs])))
              << "activations from " << first << ", vector " << t << ", lane " << n;
    }
  }
}

// Fills of one bank while the other is used, any levels, accumulators from outside.
TEST(PeArray, RandomStreams) {
  const uint32_t seed = 20240607;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  PeHarness pe;
  for (int round = 0; round < 12; ++round) {
    const int list = static_cast<int>(random() % 4);
    const Levels levels = round == 0 ? Pot() : RandomLevels(random);
    pe.Levels(list, levels);
    const bool is_signed = kTables && random() % 2 == 0;
    std::vector<int> act = RandomActivations(random, is_signed);
    int bank = 0;
    pe.StartFill(bank, list, is_signed, act);
    pe.WaitFill();
    for (int set = 0; set < 4; ++set) {
      const std::vector<int> next = RandomActivations(random, is_signed);
      const bool overlap = kTables && kBanks == 2;
      if (overlap) pe.StartFill(1 - bank, list, is_signed, next);
      std::vector<std::vector<int>> sent, accs;
      do {
        std::vector<int> codes(kFields), acc;
        for (int& c : codes) c = static_cast<int>(random() & (kCodes - 1));
        if (random() % 2 == 0)
          for (int n = 0; n < kLanes; ++n) acc.push_back(static_cast<int>(random() & 0xffffff));
        sent.push_back(codes);
        accs.push_back(acc);
        pe.Use(bank, codes, acc);
      } while (sent.size() < 64 || (overlap && !pe.Filled()));
      if (overlap) {
        // The banks change from one vector to the next.
        std::vector<int> codes(kFields, 1);
        sent.push_back(codes);
        accs.push_back({});
        pe.Use(1 - bank, codes, {});
      }
      pe.Flush();
      const auto results = pe.Results();
      ASSERT_EQ(results.size(), sent.size());
      for (size_t t = 0; t < sent.size(); ++t)
        for (int n = 0; n < kLanes; ++n) {
          const bool after = overlap && t + 1 == sent.size();
          const int64_t base = accs[t].empty() ? 0 : accs[t][n];
          ASSERT_EQ(results[t][n],
                    Wrap(base + Dot(levels, sent[t], &(after ? next : act)[n * kInputs])))
              << "round " << round << ", set " << set << ", vector " << t << ", lane " << n;
        }
      if (overlap) bank = 1 - bank;
      if (!overlap) {
        pe.StartFill(bank, list, is_signed, next);
        pe.WaitFill();
      }
      act = next;
    }
  }
}

// The hardware's bound: single tables of powers of two take a cycle an entry and little more.
TEST(PeArray, FillOfPowersOfTwoTakesACycleAnEntry) {
  if (!kTables) GTEST_SKIP() << "no tables to fill";
  std::mt19937 random(3);
  PeHarness pe;
  pe.Levels(0, Pot());
  const std::vector<int> act = RandomActivations(random, false);
  const int64_t before = pe.cycles();
  pe.StartFill(0, 0, false, act);
  pe.WaitFill();
  const int64_t each = (pe.cycles() - before - 4) / (kLanes / kGroup);
  // Pairs in the order of a grid's rows: eleven steps back a row beside the eleven forward.
  EXPECT_LE(each, kPairs ? 2 * kCodes : kCodes + 4);
}

}  // namespace
}  // namespace potlut::rtl
