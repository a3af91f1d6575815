// What the tests of the core share: which machine was verilated, seeds, and running commands.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "base/text.h"
#include "core_layer.h"
#include "dram_layout.h"
#include CORE_HEADER
#include "top_harness.h"

namespace potlut::accel::testing {

using Harness = TopHarness<CORE_TOP>;

constexpr Machine kMachine{CORE_LANES, CORE_PAIR != 0};
constexpr int kActivationWords = 8192;  // of the machine, as core.cmake says
constexpr int kSumWords = 512;

inline uint32_t Seed() {
  const char* text = std::getenv("POTLUT_TEST_SEED");
  return text != nullptr ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : 1;
}

inline int Between(std::mt19937& rng, int lo, int hi) {
  return lo + static_cast<int>(rng() % static_cast<unsigned>(hi - lo + 1));
}

// Random, in a quarter of the cases from the ends of the range.
inline std::vector<uint8_t> RandomBytes(std::mt19937& rng, size_t count) {
  const bool extreme = rng() % 4 == 0;
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(rng());
    if (extreme) byte = (byte & 1) != 0 ? 0x80 : (byte & 2) != 0 ? 0xff : 0x7f;
  }
  return bytes;
}

// A store of `words` words from `local`, and the end; says where in DRAM they will be.
inline uint32_t FinishWithStore(Layout& layout, uint32_t local, int64_t words, uint8_t wait) {
  Transfer store;
  store.header = {Opcode::kStore, 0, wait, 0};
  store.dram = layout.Reserve(static_cast<size_t>(words) * 16);
  store.local = local;
  store.words = static_cast<uint32_t>(words);
  layout.commands.push_back(store.Pack());
  layout.commands.push_back(PackEnd());
  return store.dram;
}

inline bool RunAll(Harness& harness, Layout& layout, int64_t limit = 4'000'000) {
  const uint32_t at = layout.PutCommands();
  return harness.Run(at, static_cast<uint32_t>(layout.commands.size()), limit);
}

}  // namespace potlut::accel::testing
