// Collects commands in groups (loads, then the core's commands that need them), and writes them
// down in an order with tokens such that the loads of a group run while the group before computes.
#pragma once

#include <span>
#include <vector>

#include "accel/array.h"
#include "accel/command.h"
#include "accel/image.h"

namespace potlut::accel {

class CommandStream {
 public:
  explicit CommandStream(const Geometry& geometry);

  // Appends bytes to DRAM at a multiple of 16 (64 for commands); returns the offset.
  uint64_t Data(std::span<const uint8_t> bytes, uint64_t align = 16);

  // Begins a group, unless the last has no command of the core yet; what was loaded for the one
  // before stays until that one has run.
  void Begin();

  // Loads into a memory of the chip, `words` words of DRAM data; returns the first word. Errors:
  // kResourceLimit where the memory is too small. Not for kActivations and kLevels.
  Expected<int32_t> Load(Memory memory, std::span<const uint8_t> bytes, int32_t words);
  // As Load where a group before has brought the same: keeps them for this group too.
  void Keep(Memory memory, int32_t first, int32_t words);
  // The list of levels with this content, loaded where it is not there yet.
  Expected<int32_t> Levels(const std::vector<int8_t>& list);
  // Look-up tables: 256 entries a set, of 16 bytes (one each channel) or 1.
  Expected<int32_t> Tables(std::span<const uint8_t> bytes, int32_t sets, bool all);
  // A load of activations by the current group.
  void LoadActivations(const Transfer& transfer);

  // Commands of the core. kOutput's and kConv's tokens are set here.
  template <typename Command>
  void Core(Command command) {
    groups_.back().core.push_back({command.Pack(), -1});
  }
  // Stores after the core's last command; the core goes on when they are done (`wait`).
  void Store(const std::vector<Transfer>& stores, bool wait);

  int32_t core_commands() const {
    return core_count_ + static_cast<int32_t>(groups_.back().core.size());
  }

  // Bytes that all loads and stores so far move, in beats of 16.
  int64_t read_bytes() const { return read_bytes_; }
  int64_t written_bytes() const { return written_bytes_; }

  // All commands in order, a kEnd last.
  std::vector<CommandWords> Finish();
  std::vector<uint8_t>& data() { return data_; }

 private:
  struct Region {
    Memory memory;
    int64_t first, words;
  };
  struct CoreCommand {
    CommandWords words;
    int32_t stores;  // index of the stores that follow, or -1
  };
  struct Stores {
    std::vector<Transfer> transfers;
    bool wait = false;
  };
  struct Group {
    std::vector<Transfer> loads;
    std::vector<CoreCommand> core;
    std::vector<Region> used;
    bool needs_previous = false;  // its loads overwrite what the group before uses
  };

  bool Uses(const Group& group, const Region& region) const;
  void Use(const Region& region);
  // A place in slots of a memory that neither this group nor, if possible, the one before uses.
  Expected<int32_t> Slot(Memory memory, int32_t slots, int32_t count, int32_t words);

  Geometry geometry_;
  std::vector<uint8_t> data_;
  std::vector<Group> groups_;
  std::vector<Stores> stores_;
  std::vector<std::vector<int8_t>> lists_;  // of levels, as they are resident
  void AddLoad(const Transfer& load);

  int64_t cursor_[7] = {};
  int64_t read_bytes_ = 0, written_bytes_ = 0;
  int32_t core_count_ = 0;  // of the groups before the last
};

}  // namespace potlut::accel
