// Queues, semaphores and transfers of the model.
#include "accel/model.h"

#include <algorithm>
#include <cstring>

#include "accel/check.h"

namespace potlut::accel {
namespace {

constexpr int64_t kBusLatency = 32;  // cycles from a burst's address to its first beat

// A counting semaphore, with the time of each count.
struct Semaphore {
  std::deque<int64_t> signals;
};

}  // namespace

Model::Model(const ArraySpec& array, QueueOrder order) : array_(array), order_(order) {
  const auto bytes = [&](Memory memory, int64_t unit) {
    return static_cast<size_t>(MemoryWords(memory, array) * unit);
  };
  activations_.resize(bytes(Memory::kActivations, kWordBytes));
  weights_.resize(bytes(Memory::kWeights, array.weight_bytes()));
  channels_.resize(bytes(Memory::kChannels, 5));
  passes_.resize(bytes(Memory::kPasses, 16));
  levels_.resize(bytes(Memory::kLevels, array.level_bytes()));
  tables_.resize(bytes(Memory::kTables, 16));
}

ModelCounters Model::Run(std::span<uint8_t> dram, uint64_t commands, uint32_t count,
                         uint64_t base) {
  counters_ = {};
  has_output_ = false;
  const auto fail = [&](ErrorCode code, uint32_t index) {
    counters_.error = code;
    counters_.error_command = index;
    return counters_;
  };

  Queue queues[3];  // loads, core, stores
  bool ended = false;
  for (uint32_t i = 0; i < count && !ended; ++i) {
    const uint64_t at = commands + uint64_t{i} * kCommandBytes;
    if (at + kCommandBytes > dram.size()) return fail(ErrorCode::kBus, i);
    Entry entry{{}, i};
    for (size_t w = 0; w < kCommandWords; ++w) {
      const uint8_t* p = dram.data() + at + 4 * w;
      entry.words[w] = static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8 |
                       static_cast<uint32_t>(p[2]) << 16 | static_cast<uint32_t>(p[3]) << 24;
    }
    const ErrorCode error = CheckFields(entry.words, array_);
    if (error != ErrorCode::kNone) return fail(error, i);
    counters_.read_beats += kCommandBytes / 16;
    switch (Header::Unpack(entry.words[0]).opcode) {
      case Opcode::kEnd:
        ended = true;
        break;
      case Opcode::kLoad:
        queues[0].entries.push_back(entry);
        break;
      case Opcode::kStore:
        queues[2].entries.push_back(entry);
        break;
      default:
        queues[1].entries.push_back(entry);
    }
  }
  if (!ended) return fail(ErrorCode::kOpcode, count);

  constexpr int kOrders[3][3] = {{0, 1, 2}, {1, 2, 0}, {2, 1, 0}};
  const int(&order)[3] = kOrders[static_cast<int>(order_)];
  Semaphore semaphores[kSemaphores];
  for (;;) {
    Queue* ready = nullptr;
    bool left = false;
    uint32_t waiting = UINT32_MAX;
    for (const int q : order) {
      Queue& queue = queues[q];
      if (queue.entries.empty()) continue;
      left = true;
      waiting = std::min(waiting, queue.entries.front().index);
      const Header header = Header::Unpack(queue.entries.front().words[0]);
      bool go = true;
      for (int s = 0; s < kSemaphores; ++s)
        go &= (header.wait >> s & 1) == 0 || !semaphores[s].signals.empty();
      if (go && ready == nullptr) ready = &queue;
    }
    if (!left) break;
    if (ready == nullptr) return fail(ErrorCode::kDeadlock, waiting);
    const Entry entry = ready->entries.front();
    ready->entries.pop_front();
    const Header header = Header::Unpack(entry.words[0]);
    int64_t start = ready->time;
    for (int s = 0; s < kSemaphores; ++s) {
      if ((header.wait >> s & 1) == 0) continue;
      start = std::max(start, semaphores[s].signals.front());
      semaphores[s].signals.pop_front();
    }
    int64_t cycles = 0;
    const ErrorCode error = Execute(entry, dram, base, cycles);
    if (error != ErrorCode::kNone) return fail(error, entry.index);
    ready->time = start + cycles;
    counters_.cycles = std::max(counters_.cycles, ready->time);
    if (ready == &queues[1]) {
      ++counters_.commands_done;
      counters_.core_finished.push_back(ready->time);
    }
    for (int s = 0; s < kSemaphores; ++s) {
      if ((header.signal >> s & 1) == 0) continue;
      if (semaphores[s].signals.size() == 15) return fail(ErrorCode::kSemaphore, entry.index);
      semaphores[s].signals.push_back(ready->time);
    }
  }
  return counters_;
}

ErrorCode Model::Execute(const Entry& entry, std::span<uint8_t> dram, uint64_t base,
                         int64_t& cycles) {
  switch (Header::Unpack(entry.words[0]).opcode) {
    case Opcode::kLoad:
    case Opcode::kStore:
      return Move(Transfer::Unpack(entry.words), dram, base, cycles);
    case Opcode::kOutput:
      output_ = Output::Unpack(entry.words);
      has_output_ = true;
      cycles = 1;
      return ErrorCode::kNone;
    case Opcode::kConv:
      return RunConv(Conv::Unpack(entry.words), cycles);
    case Opcode::kVector:
      return RunVector(Vector::Unpack(entry.words), cycles);
    case Opcode::kEnd:
      break;
  }
  return ErrorCode::kNone;
}

ErrorCode Model::Move(const Transfer& t, std::span<uint8_t> dram, uint64_t base, int64_t& cycles) {
  const ErrorCode error = CheckAddresses(t, array_);
  if (error != ErrorCode::kNone) return error;
  const bool store = t.header.opcode == Opcode::kStore;
  const int64_t row_bytes = int64_t{t.words} * t.unit;
  const uint64_t last = base + t.dram + uint64_t{t.rows - 1} * t.dram_pitch;
  if (last + static_cast<uint64_t>(row_bytes) > dram.size()) return ErrorCode::kBus;
  std::vector<uint8_t>* const memories[] = {&activations_, &weights_, &channels_, &passes_,
                                            &levels_,      &tables_,  &tables_};
  uint8_t* const memory = memories[static_cast<int>(t.memory)]->data();
  const bool spread = t.memory == Memory::kTablesAll;
  const int64_t word = t.memory == Memory::kActivations || spread ? kWordBytes : t.unit;
  for (uint32_t row = 0; row < t.rows; ++row) {
    uint8_t* outside = dram.data() + base + t.dram + uint64_t{row} * t.dram_pitch;
    uint8_t* inside = memory + (int64_t{t.local} + int64_t{row} * t.local_pitch) * word;
    for (uint32_t w = 0; w < t.words; ++w, inside += word, outside += t.unit) {
      if (store) {
        std::memcpy(outside, inside, kWordBytes);
      } else if (spread) {
        std::memset(inside, *outside, kWordBytes);
      } else {
        std::memcpy(inside, outside, t.unit);
        std::memset(inside + t.unit, 0, static_cast<size_t>(word - t.unit));
      }
    }
  }
  const int64_t beats = (row_bytes + 15) / 16 * t.rows;
  (store ? counters_.write_beats : counters_.read_beats) += beats;
  cycles = kBusLatency + std::max((beats * 16 + array_.dram_bytes - 1) / array_.dram_bytes,
                                  int64_t{t.words} * t.rows);
  return ErrorCode::kNone;
}

}  // namespace potlut::accel
