// Groups, regions and tokens.
#include "accel/stream.h"

#include <algorithm>

#include "accel/check.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

// Semaphores, by bit. Loads of a group are done; the core has finished a group of even or odd
// number; the core has written what is to be stored; it is stored.
constexpr uint8_t kLoaded = 1, kWritten = 8, kStored = 16;
constexpr uint8_t Finished(size_t group) { return group % 2 == 0 ? 2 : 4; }

int64_t MovedBytes(const Transfer& t) {
  return (int64_t{t.words} * t.unit + 15) / 16 * 16 * t.rows;
}

void Mark(CommandWords& words, uint8_t wait, uint8_t signal) {
  Header header = Header::Unpack(words[0]);
  header.wait |= wait;
  header.signal |= signal;
  words[0] = header.Pack();
}

}  // namespace

CommandStream::CommandStream(const Geometry& geometry) : geometry_(geometry), lists_(kLevelLists) {}

uint64_t CommandStream::Data(std::span<const uint8_t> bytes, uint64_t align) {
  data_.resize((data_.size() + align - 1) / align * align);
  const uint64_t at = data_.size();
  data_.insert(data_.end(), bytes.begin(), bytes.end());
  return at;
}

void CommandStream::Begin() {
  if (!groups_.empty() && groups_.back().core.empty()) return;
  if (!groups_.empty()) core_count_ += static_cast<int32_t>(groups_.back().core.size());
  groups_.emplace_back();
}

bool CommandStream::Uses(const Group& group, const Region& region) const {
  return std::any_of(group.used.begin(), group.used.end(), [&](const Region& r) {
    return r.memory == region.memory && r.first < region.first + region.words &&
           region.first < r.first + r.words;
  });
}

void CommandStream::Use(const Region& region) { groups_.back().used.push_back(region); }

Expected<int32_t> CommandStream::Load(Memory memory, std::span<const uint8_t> bytes,
                                      int32_t words) {
  const int64_t size = MemoryWords(memory, geometry_);
  int64_t& cursor = cursor_[static_cast<int>(memory)];
  if (cursor + words > size) cursor = 0;
  const Region region{memory, cursor, words};
  Group& group = groups_.back();
  if (words > size || Uses(group, region)) {
    return ResourceLimit("it needs ", words, " words of a memory of ", size);
  }
  if (groups_.size() > 1 && Uses(groups_[groups_.size() - 2], region)) group.needs_previous = true;
  Use(region);
  const auto unit = static_cast<uint8_t>(UnitBytes(memory, geometry_));
  uint64_t dram = Data(bytes);
  // A transfer takes up to 65535 words; whole beats, so that each begins at a multiple of 16.
  constexpr int32_t kMost = 65520;
  for (int32_t done = 0; done < words; done += kMost) {
    Transfer load;
    load.header.opcode = Opcode::kLoad;
    load.memory = memory;
    load.unit = unit;
    load.words = static_cast<uint32_t>(std::min(kMost, words - done));
    load.dram = static_cast<uint32_t>(dram + static_cast<uint64_t>(done) * unit);
    load.local = static_cast<uint32_t>(region.first + done);
    AddLoad(load);
  }
  cursor += words;
  return static_cast<int32_t>(region.first);
}

void CommandStream::Keep(Memory memory, int32_t first, int32_t words) {
  Use({memory, first, words});
}

Expected<int32_t> CommandStream::Slot(Memory memory, int32_t slots, int32_t count, int32_t words) {
  Group& group = groups_.back();
  for (const bool previous : {false, true}) {
    for (int32_t slot = 0; slot + count <= slots; ++slot) {
      const Region region{memory, int64_t{slot} * words, int64_t{count} * words};
      if (Uses(group, region)) continue;
      const bool used = groups_.size() > 1 && Uses(groups_[groups_.size() - 2], region);
      if (used && !previous) continue;
      if (used) group.needs_previous = true;
      Use(region);
      return slot;
    }
  }
  return ResourceLimit("it needs more than the ", slots, " resident lists or tables");
}

Expected<int32_t> CommandStream::Levels(const std::vector<int8_t>& list) {
  const int32_t entries = geometry_.table_entries();
  for (int32_t slot = 0; slot < kLevelLists; ++slot) {
    if (lists_[static_cast<size_t>(slot)] != list) continue;
    Use({Memory::kLevels, int64_t{slot} * entries, entries});
    return slot;
  }
  POTLUT_ASSIGN_OR_RETURN(const int32_t slot, Slot(Memory::kLevels, kLevelLists, 1, entries));
  lists_[static_cast<size_t>(slot)] = list;
  Transfer load;
  load.header.opcode = Opcode::kLoad;
  load.memory = Memory::kLevels;
  load.unit = static_cast<uint8_t>(geometry_.level_bytes());
  load.words = static_cast<uint32_t>(entries);
  load.dram =
      static_cast<uint32_t>(Data({reinterpret_cast<const uint8_t*>(list.data()), list.size()}));
  load.local = static_cast<uint32_t>(slot * entries);
  AddLoad(load);
  return slot;
}

Expected<int32_t> CommandStream::Tables(std::span<const uint8_t> bytes, int32_t sets, bool all) {
  POTLUT_ASSIGN_OR_RETURN(const int32_t slot, Slot(Memory::kTables, kMaxTableSets, sets, 256));
  Transfer load;
  load.header.opcode = Opcode::kLoad;
  load.memory = all ? Memory::kTablesAll : Memory::kTables;
  load.unit = all ? 1 : 16;
  load.words = static_cast<uint32_t>(sets * 256);
  load.dram = static_cast<uint32_t>(Data(bytes));
  load.local = static_cast<uint32_t>(slot * 256);
  AddLoad(load);
  return slot;
}

void CommandStream::AddLoad(const Transfer& load) {
  groups_.back().loads.push_back(load);
  read_bytes_ += MovedBytes(load);
}

void CommandStream::LoadActivations(const Transfer& transfer) { AddLoad(transfer); }

void CommandStream::Store(const std::vector<Transfer>& stores, bool wait) {
  int32_t& index = groups_.back().core.back().stores;
  if (index < 0) {
    index = static_cast<int32_t>(stores_.size());
    stores_.emplace_back();
  }
  Stores& all = stores_[static_cast<size_t>(index)];
  for (const Transfer& store : stores) written_bytes_ += MovedBytes(store);
  all.transfers.insert(all.transfers.end(), stores.begin(), stores.end());
  all.wait |= wait;
}

std::vector<CommandWords> CommandStream::Finish() {
  std::vector<CommandWords> all;
  bool stored = false;  // the next command of the core waits for a store
  const auto loads = [&](size_t g) {
    Group& group = groups_[g];
    if (group.loads.empty()) return;
    uint8_t wait = 0;
    // Group g - 2 has run, unless the loads of g - 1 have waited for that already; so has g - 1,
    // where its memories are overwritten.
    if (g >= 2 && !groups_[g - 1].needs_previous) wait |= Finished(g);
    if (g >= 1 && group.needs_previous) wait |= Finished(g - 1);
    for (size_t i = 0; i < group.loads.size(); ++i) {
      Transfer& load = group.loads[i];
      load.header.wait = i == 0 ? wait : uint8_t{0};
      load.header.signal = i + 1 == group.loads.size() ? kLoaded : uint8_t{0};
      all.push_back(load.Pack());
    }
  };
  const auto core = [&](size_t g) {
    Group& group = groups_[g];
    for (size_t i = 0; i < group.core.size(); ++i) {
      CoreCommand& command = group.core[i];
      uint8_t wait = i == 0 && !group.loads.empty() ? kLoaded : uint8_t{0};
      if (stored) wait |= kStored;
      stored = false;
      uint8_t signal = i + 1 == group.core.size() ? Finished(g) : uint8_t{0};
      if (command.stores >= 0) signal |= kWritten;
      Mark(command.words, wait, signal);
      all.push_back(command.words);
      if (command.stores < 0) continue;
      const Stores& stores = stores_[static_cast<size_t>(command.stores)];
      for (size_t s = 0; s < stores.transfers.size(); ++s) {
        Transfer store = stores.transfers[s];
        store.header.opcode = Opcode::kStore;
        if (s == 0) store.header.wait = kWritten;
        if (s + 1 == stores.transfers.size() && stores.wait) {
          store.header.signal = kStored;
          stored = true;
        }
        all.push_back(store.Pack());
      }
    }
  };
  // A group's loads follow the commands of the group before, beside which they run: queues of the
  // hardware are short, and what stands behind a long load is fetched after it.
  for (size_t g = 0; g < groups_.size(); ++g) {
    loads(g);
    core(g);
  }
  all.push_back(PackEnd());
  return all;
}

}  // namespace potlut::accel
