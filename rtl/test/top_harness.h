// The Verilated accelerator with its bus: registers are set over AXI4-Lite, DRAM answers AXI4
// bursts, with random stalls on every channel. Breaking a rule of the bus throws.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "accel/command.h"

namespace potlut::accel::testing {

// `Top` is a Verilated plut_top.
template <typename Top>
class TopHarness {
 public:
  // A channel stalls in `stall` of 16 cycles.
  TopHarness(uint32_t seed, unsigned stall) : rng_(seed), stall_(stall) {
    top_->aresetn = 0;
    for (int i = 0; i < 4; ++i) Tick();
    top_->aresetn = 1;
  }

  std::vector<uint8_t> dram = std::vector<uint8_t>(1 << 20);
  int64_t fail_read_beat = -1;    // the beat that comes with an error
  int64_t fail_write_burst = -1;  // the burst that is answered with an error

  // Runs the commands that lie at `commands`; false where they do not end within `limit` cycles.
  bool Run(uint64_t commands, uint32_t count, int64_t limit) {
    Write(Register::kCommandLow, static_cast<uint32_t>(commands));
    Write(Register::kCommandCount, count);
    Write(Register::kInterrupt, 1);
    Write(Register::kControl, 1);
    for (int64_t i = 0; i < limit; ++i) {
      Tick();
      if (top_->irq == 0) continue;
      const uint32_t status = Read(Register::kStatus);
      if ((status & 1) != 0) throw std::runtime_error("interrupt while busy");
      if (!reads_.empty() || !writes_.empty() || !answers_.empty())
        throw std::runtime_error("ended with transfers under way");
      return true;
    }
    return false;
  }
  ErrorCode error() { return static_cast<ErrorCode>(Read(Register::kError)); }
  uint32_t error_command() { return Read(Register::kErrorCommand); }

  void Write(Register reg, uint32_t value) {
    top_->s_axil_awaddr = static_cast<uint32_t>(reg);
    top_->s_axil_wdata = value;
    bool address = false, data = false;
    while (!address || !data) {
      if (!address && !Stall()) top_->s_axil_awvalid = 1;
      if (!data && !Stall()) top_->s_axil_wvalid = 1;
      Settle();
      const bool a = top_->s_axil_awvalid && top_->s_axil_awready;
      const bool d = top_->s_axil_wvalid && top_->s_axil_wready;
      Tick();
      if (a) address = true, top_->s_axil_awvalid = 0;
      if (d) data = true, top_->s_axil_wvalid = 0;
    }
    for (bool done = false; !done; Tick()) {
      top_->s_axil_bready = !Stall();
      Settle();
      done = top_->s_axil_bready && top_->s_axil_bvalid;
    }
    top_->s_axil_bready = 0;
  }
  uint32_t Read(Register reg) {
    top_->s_axil_araddr = static_cast<uint32_t>(reg);
    top_->s_axil_arvalid = 1;
    for (bool done = false; !done; Tick()) {
      Settle();
      done = top_->s_axil_arready != 0;
    }
    top_->s_axil_arvalid = 0;
    uint32_t value = 0;
    for (bool done = false; !done; Tick()) {
      top_->s_axil_rready = !Stall();
      Settle();
      done = top_->s_axil_rready && top_->s_axil_rvalid;
      value = top_->s_axil_rdata;
    }
    top_->s_axil_rready = 0;
    return value;
  }

 private:
  struct Burst {
    uint64_t address;
    uint32_t beats;
    bool operator==(const Burst&) const = default;
  };
  bool Stall() { return rng_() % 16 < stall_; }
  void Settle() {
    top_->aclk = 0;
    top_->eval();
  }
  static void Check(bool good, const char* rule) {
    if (!good) throw std::runtime_error(rule);
  }
  // An address stays as it is until it is taken, and its burst within 4 KB.
  void CheckAddress(bool valid, bool ready, uint64_t address, uint32_t len, Burst& held) {
    const Burst now{address, len + 1};
    if (held.beats != 0) Check(valid && held == now, "an address changed before it was taken");
    held = valid && !ready ? now : Burst{};
    if (valid) Check(address / 4096 == (address + 16 * len) / 4096, "a burst crosses 4 KB");
    if (valid) Check(address % 16 == 0, "an address is not aligned");
  }

  void Tick() {
    if (!read_offered_ && !reads_.empty() && !Stall()) read_offered_ = true;
    if (!answer_offered_ && !answers_.empty() && !Stall()) answer_offered_ = true;
    top_->m_axi_rvalid = read_offered_;
    if (read_offered_) {
      std::memcpy(&top_->m_axi_rdata[0], &dram[reads_.front().address % dram.size()], 16);
      top_->m_axi_rresp = read_beats_ == fail_read_beat ? 2 : 0;
      top_->m_axi_rlast = reads_.front().beats == 1;
    }
    top_->m_axi_bvalid = answer_offered_;
    top_->m_axi_bresp = answer_offered_ && answers_.front() == fail_write_burst ? 2 : 0;
    top_->m_axi_arready = !Stall() && reads_.size() < 4;
    top_->m_axi_awready = !Stall() && writes_.size() < 2;
    top_->m_axi_wready = !Stall() && !writes_.empty();
    Settle();
    const bool read = top_->m_axi_rvalid && top_->m_axi_rready;
    const bool ask_read = top_->m_axi_arvalid && top_->m_axi_arready;
    const bool ask_write = top_->m_axi_awvalid && top_->m_axi_awready;
    const bool write = top_->m_axi_wvalid && top_->m_axi_wready;
    const bool answer = top_->m_axi_bvalid && top_->m_axi_bready;
    if (top_->aresetn) {
      CheckAddress(top_->m_axi_arvalid, top_->m_axi_arready, top_->m_axi_araddr, top_->m_axi_arlen,
                   held_read_);
      CheckAddress(top_->m_axi_awvalid, top_->m_axi_awready, top_->m_axi_awaddr, top_->m_axi_awlen,
                   held_write_);
    }
    if (write) {
      Burst& burst = writes_.front();
      Check((burst.beats == 1) == (top_->m_axi_wlast != 0), "last is not at the last beat");
      std::memcpy(&dram[burst.address % dram.size()], &top_->m_axi_wdata[0], 16);
      if (burst.beats == 1) answers_.push_back(write_bursts_++);
      Advance(writes_);
    }
    if (ask_write) writes_.push_back({top_->m_axi_awaddr, top_->m_axi_awlen + 1U});
    if (read) {
      Advance(reads_);
      ++read_beats_;
      read_offered_ = false;
    }
    if (ask_read) reads_.push_back({top_->m_axi_araddr, top_->m_axi_arlen + 1U});
    if (answer) answers_.pop_front(), answer_offered_ = false;
    top_->aclk = 1;
    top_->eval();
  }
  static void Advance(std::deque<Burst>& bursts) {
    bursts.front().address += 16;
    if (--bursts.front().beats == 0) bursts.pop_front();
  }

  std::unique_ptr<Top> top_ = std::make_unique<Top>();
  std::mt19937 rng_;
  unsigned stall_;
  std::deque<Burst> reads_, writes_;
  std::deque<int64_t> answers_;  // bursts whose beats have come
  Burst held_read_{}, held_write_{};
  bool read_offered_ = false, answer_offered_ = false;
  int64_t read_beats_ = 0, write_bursts_ = 0;
};

}  // namespace potlut::accel::testing
