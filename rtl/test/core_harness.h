// The Verilated core with a DRAM in C++: random stalls on every stream, cycle by cycle.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "accel/command.h"

namespace potlut::accel::testing {

// `Top` is a Verilated plut_core.
template <typename Top>
class CoreHarness {
 public:
  // A stream stalls in `stall` of 16 cycles.
  CoreHarness(uint32_t seed, unsigned stall) : rng_(seed), stall_(stall) {
    top_->rst = 1;
    for (int i = 0; i < 4; ++i) Tick();
    top_->rst = 0;
  }

  std::vector<uint8_t> dram = std::vector<uint8_t>(1 << 20);
  int64_t fail_read_beat = -1;  // the beat that comes with an error

  // Runs the commands that lie at `commands`; false where they do not end within `limit` cycles.
  bool Run(uint64_t commands, uint32_t count, int64_t limit) {
    top_->command_base = commands;
    top_->command_count = count;
    top_->dram_base = 0;
    top_->start = 1;
    Tick();
    top_->start = 0;
    for (int64_t i = 0; i < limit; ++i) {
      Tick();
      if (top_->finished != 0) return true;
    }
    return false;
  }
  ErrorCode error() const { return static_cast<ErrorCode>(top_->error); }
  uint32_t error_command() const { return top_->error_index; }

 private:
  struct Request {
    uint64_t address;
    uint32_t beats;
  };
  bool Stall() { return rng_() % 16 < stall_; }

  void Tick() {
    // What the DRAM offers this cycle; an offer stands until it is taken.
    if (!read_offered_ && !reads_.empty() && !Stall()) read_offered_ = true;
    top_->rd_valid = read_offered_;
    if (read_offered_) {
      std::memcpy(&top_->rd_data[0], &dram[reads_.front().address % dram.size()], 16);
      top_->rd_error = read_beats_ == fail_read_beat;
    }
    top_->rd_req_ready = !Stall() && reads_.size() < 3;
    top_->wr_req_ready = !Stall() && writes_.size() < 3;
    top_->wr_ready = !Stall() && !writes_.empty();
    top_->wr_idle = writes_.empty() && !Stall();
    top_->wr_error = 0;
    top_->clk = 0;
    top_->eval();
    const bool read = top_->rd_valid && top_->rd_ready;
    const bool ask_read = top_->rd_req_valid && top_->rd_req_ready;
    const bool ask_write = top_->wr_req_valid && top_->wr_req_ready;
    const bool write = top_->wr_valid && top_->wr_ready;
    if (write) {
      Request& request = writes_.front();
      std::memcpy(&dram[request.address % dram.size()], &top_->wr_data[0], 16);
      Advance(writes_);
    }
    if (ask_write) writes_.push_back({top_->wr_req_addr, top_->wr_req_beats});
    if (read) {
      Advance(reads_);
      ++read_beats_;
      read_offered_ = false;
    }
    if (ask_read) reads_.push_back({top_->rd_req_addr, top_->rd_req_beats});
    top_->clk = 1;
    top_->eval();
  }
  static void Advance(std::deque<Request>& requests) {
    requests.front().address += 16;
    if (--requests.front().beats == 0) requests.pop_front();
  }

  std::unique_ptr<Top> top_ = std::make_unique<Top>();
  std::mt19937 rng_;
  unsigned stall_;
  std::deque<Request> reads_, writes_;
  bool read_offered_ = false;
  int64_t read_beats_ = 0;
};

}  // namespace potlut::accel::testing
