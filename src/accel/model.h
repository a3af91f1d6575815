// The accelerator's commands executed bit by bit as docs/accelerator.md defines them, with an
// estimate of time: the reference of the RTL, and a back end of the driver.
#pragma once

#include <array>
#include <deque>
#include <span>
#include <vector>

#include "accel/array.h"
#include "accel/command.h"

namespace potlut::accel {

// Which queue goes on where several could: results of a right program do not depend on it.
enum class QueueOrder { kLoadsFirst, kCoreFirst, kStoresFirst };

struct ModelCounters {
  ErrorCode error = ErrorCode::kNone;
  uint32_t error_command = 0;
  int64_t cycles = 0;  // estimated: queues run side by side, each command as long as its own count
  int64_t use_cycles = 0, fill_wait = 0, drain_wait = 0, vector_cycles = 0;
  int64_t read_beats = 0, write_beats = 0;
  int64_t commands_done = 0;           // of the core
  std::vector<int64_t> core_finished;  // the cycle in which each of them did
};

class Model {
 public:
  explicit Model(const ArraySpec& array, QueueOrder order = QueueOrder::kLoadsFirst);

  // Runs the commands at `commands` (bytes in DRAM) up to their kEnd. `base` is the base of all
  // transfers. Memories keep what they held.
  ModelCounters Run(std::span<uint8_t> dram, uint64_t commands, uint32_t count, uint64_t base);

  const ArraySpec& array() const { return array_; }

 private:
  struct Entry {
    CommandWords words;
    uint32_t index;
  };
  struct Queue {
    std::deque<Entry> entries;
    int64_t time = 0;  // when it is free
  };

  ErrorCode Execute(const Entry& entry, std::span<uint8_t> dram, uint64_t base, int64_t& cycles);
  ErrorCode Move(const Transfer& transfer, std::span<uint8_t> dram, uint64_t base, int64_t& cycles);
  ErrorCode RunConv(const Conv& conv, int64_t& cycles);
  ErrorCode RunVector(const Vector& vector, int64_t& cycles);
  void Drain(const Conv& conv, std::span<const int32_t> sums);

  uint8_t* Word(int64_t at) { return activations_.data() + at * kWordBytes; }

  ArraySpec array_;
  QueueOrder order_;
  std::vector<uint8_t> activations_, weights_, channels_, levels_, tables_;
  std::vector<uint8_t> passes_;
  bool has_output_ = false;
  Output output_;
  ModelCounters counters_;
};

}  // namespace potlut::accel
