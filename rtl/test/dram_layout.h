// Lays bytes and commands out in a test's DRAM.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "accel/command.h"

namespace potlut::accel::testing {

class Layout {
 public:
  explicit Layout(std::vector<uint8_t>& dram) : dram_(dram) {}
  uint32_t Put(const std::vector<uint8_t>& bytes) {
    const uint32_t at = Reserve(bytes.size());
    std::memcpy(&dram_[at], bytes.data(), bytes.size());
    return at;
  }
  uint32_t Reserve(size_t bytes) {
    const uint32_t at = top_;
    top_ += static_cast<uint32_t>((bytes + 63) / 64 * 64);
    if (top_ > dram_.size()) dram_.resize(top_);
    return at;
  }
  // A load of `bytes`, `unit` a word, to `local`.
  void Load(Memory memory, const std::vector<uint8_t>& bytes, uint8_t unit, uint32_t local,
            uint8_t signal = 0) {
    Transfer t;
    t.header = {Opcode::kLoad, 0, 0, signal};
    t.memory = memory;
    t.dram = Put(bytes);
    t.local = local;
    t.words = static_cast<uint32_t>(bytes.size() / unit);
    t.unit = unit;
    commands.push_back(t.Pack());
  }
  uint32_t PutCommands() {
    const uint32_t at = Reserve(commands.size() * kCommandBytes);
    for (size_t i = 0; i < commands.size(); ++i)
      std::memcpy(&dram_[at + i * kCommandBytes], commands[i].data(), kCommandBytes);
    return at;
  }
  std::vector<CommandWords> commands;

 private:
  std::vector<uint8_t>& dram_;
  uint32_t top_ = 64;
};

}  // namespace potlut::accel::testing
