// Drives the Verilated plut_top cycle by cycle: registers by AXI4-Lite, its master by a DRAM in
// C++.
#include "accel/rtl_device.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <random>

#include "Vplut_top_pair.h"
#include "Vplut_top_single.h"
#include "base/text.h"

namespace potlut::accel {
namespace {

constexpr int kCyclesAWait = 4096;
constexpr int kMostAxiCycles = 100000;  // for one access to a register

template <typename Top>
class RtlDevice : public Device {
 public:
  RtlDevice(const RtlOptions& options, uint64_t dram_bytes)
      : options_(options), dram_(dram_bytes), rng_(options.seed), top_(std::make_unique<Top>()) {
    top_->aresetn = 0;
    for (int i = 0; i < 8; ++i) Tick();
    top_->aresetn = 1;
    Tick();
  }
  ~RtlDevice() override { top_->final(); }

  std::string_view name() const override { return "rtl"; }

  Expected<uint32_t> Read(Register reg) override {
    top_->s_axil_araddr = static_cast<uint16_t>(reg);
    top_->s_axil_arvalid = 1;
    top_->s_axil_rready = 1;
    for (int i = 0; i < kMostAxiCycles; ++i) {
      top_->aclk = 0;
      Settle();
      const bool taken = top_->s_axil_arvalid != 0 && top_->s_axil_arready != 0;
      const bool answered = top_->s_axil_rvalid != 0;
      const uint32_t value = top_->s_axil_rdata;
      Tick();
      if (taken) top_->s_axil_arvalid = 0;
      if (!answered) continue;
      top_->s_axil_rready = 0;
      return value;
    }
    return Failed("rtl: no answer to a read of register ", static_cast<uint32_t>(reg));
  }

  Status Write(Register reg, uint32_t value) override {
    if (reg == Register::kControl && (value & 1) != 0) {
      cycle_ = 0;
      finished_.clear();
      seen_done_ = top_->commands_done;  // of the run before, until this one begins
    }
    top_->s_axil_awaddr = static_cast<uint16_t>(reg);
    top_->s_axil_wdata = value;
    top_->s_axil_awvalid = 1;
    top_->s_axil_wvalid = 1;
    top_->s_axil_bready = 1;
    for (int i = 0; i < kMostAxiCycles; ++i) {
      top_->aclk = 0;
      Settle();
      const bool address = top_->s_axil_awvalid != 0 && top_->s_axil_awready != 0;
      const bool data = top_->s_axil_wvalid != 0 && top_->s_axil_wready != 0;
      const bool answered = top_->s_axil_bvalid != 0;
      Tick();
      if (address) top_->s_axil_awvalid = 0;
      if (data) top_->s_axil_wvalid = 0;
      if (!answered) continue;
      top_->s_axil_bready = 0;
      return {};
    }
    return Failed("rtl: no answer to a write of register ", static_cast<uint32_t>(reg));
  }

  Status ReadDram(uint64_t at, std::span<uint8_t> bytes) override {
    POTLUT_RETURN_IF_ERROR(CheckRange(at, bytes.size()));
    std::copy_n(dram_.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
    return {};
  }
  Status WriteDram(uint64_t at, std::span<const uint8_t> bytes) override {
    POTLUT_RETURN_IF_ERROR(CheckRange(at, bytes.size()));
    std::copy(bytes.begin(), bytes.end(), dram_.begin() + static_cast<std::ptrdiff_t>(at));
    return {};
  }
  Status Wait() override {
    for (int i = 0; i < kCyclesAWait && top_->irq == 0; ++i) Tick();
    return {};
  }
  std::vector<int64_t> CoreFinished() const override { return finished_; }

 private:
  struct Burst {
    uint64_t address;
    uint32_t beats;
    int64_t ready;  // cycle of the first beat
  };

  Status CheckRange(uint64_t at, size_t count) const {
    if (at <= dram_.size() && count <= dram_.size() - at) return {};
    return UsageError("DRAM of ", dram_.size(), " bytes has no ", count, " at ", at);
  }
  bool Stall() { return options_.stall != 0 && rng_() % 16 < options_.stall; }
  // Bus addresses past the DRAM answer with an error.
  bool Inside(uint64_t address) const {
    return address < dram_.size() && dram_.size() - address >= 16;
  }

  // What the DRAM offers in this cycle; an offer stands until it is taken.
  void Offer() {
    if (!offered_ && !reads_.empty() && now_ >= reads_.front().ready && !Stall()) offered_ = true;
    top_->m_axi_rvalid = offered_;
    if (offered_) {
      const Burst& burst = reads_.front();
      const bool inside = Inside(burst.address);
      if (inside) {
        std::memcpy(&top_->m_axi_rdata[0], &dram_[burst.address], 16);
      } else {
        std::memset(&top_->m_axi_rdata[0], 0, 16);
      }
      top_->m_axi_rresp = inside ? 0 : 2;
      top_->m_axi_rlast = burst.beats == 1;
    }
    top_->m_axi_arready = reads_.size() < 8 && !Stall();
    top_->m_axi_awready = writes_.size() < 8 && !Stall();
    top_->m_axi_wready = !writes_.empty() && !Stall();
    if (!answering_ && answers_ > 0 && !Stall()) answering_ = true;
    top_->m_axi_bvalid = answering_;
    top_->m_axi_bresp = write_failed_ ? 2 : 0;
    offers_made_ = true;
  }
  void Settle() {
    if (!offers_made_) Offer();
    top_->eval();
  }

  void Tick() {
    top_->aclk = 0;
    Settle();
    const bool read = top_->m_axi_rvalid != 0 && top_->m_axi_rready != 0;
    const bool ask_read = top_->m_axi_arvalid != 0 && top_->m_axi_arready != 0;
    const bool ask_write = top_->m_axi_awvalid != 0 && top_->m_axi_awready != 0;
    const bool write = top_->m_axi_wvalid != 0 && top_->m_axi_wready != 0;
    const bool answered = top_->m_axi_bvalid != 0 && top_->m_axi_bready != 0;
    if (write) {
      Burst& burst = writes_.front();
      if (Inside(burst.address)) {
        uint8_t bytes[16];
        std::memcpy(bytes, &top_->m_axi_wdata[0], 16);
        for (size_t i = 0; i < 16; ++i) {
          if ((top_->m_axi_wstrb >> i & 1) != 0) dram_[burst.address + i] = bytes[i];
        }
      } else {
        write_failed_ = true;
      }
      burst.address += 16;
      if (--burst.beats == 0) {
        writes_.pop_front();
        ++answers_;
      }
    }
    if (answered) {
      --answers_;
      answering_ = false;
    }
    if (read) {
      reads_.front().address += 16;
      if (--reads_.front().beats == 0) reads_.pop_front();
      offered_ = false;
    }
    if (ask_read) {
      reads_.push_back(
          {top_->m_axi_araddr, uint32_t{top_->m_axi_arlen} + 1, now_ + options_.read_latency});
    }
    if (ask_write) writes_.push_back({top_->m_axi_awaddr, uint32_t{top_->m_axi_awlen} + 1, 0});
    top_->aclk = 1;
    top_->eval();
    offers_made_ = false;
    ++now_;
    ++cycle_;
    const uint32_t done = top_->commands_done;
    if (done < seen_done_) seen_done_ = 0;
    for (; seen_done_ < done; ++seen_done_) finished_.push_back(cycle_);
  }

  RtlOptions options_;
  std::vector<uint8_t> dram_;
  std::mt19937 rng_;
  std::unique_ptr<Top> top_;
  std::deque<Burst> reads_, writes_;
  bool offered_ = false, answering_ = false, write_failed_ = false, offers_made_ = false;
  int answers_ = 0;
  int64_t now_ = 0, cycle_ = 0;
  uint32_t seen_done_ = 0;
  std::vector<int64_t> finished_;
};

}  // namespace

Expected<std::unique_ptr<Device>> MakeRtlDevice(const RtlOptions& options, uint64_t dram_bytes) {
  if (dram_bytes > (uint64_t{1} << 32))
    return ResourceLimit("a simulated DRAM of ", dram_bytes, " bytes");
  if (options.table == TableKind::kPair)
    return std::unique_ptr<Device>(new RtlDevice<Vplut_top_pair>(options, dram_bytes));
  return std::unique_ptr<Device>(new RtlDevice<Vplut_top_single>(options, dram_bytes));
}

bool HasRtlDevice() { return true; }

}  // namespace potlut::accel
