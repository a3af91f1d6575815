// The RTL under rtl/, translated by Verilator, behind its AXI ports: the driver's hardware back end
// where there is no hardware.
#pragma once

#include <memory>

#include "accel/device.h"
#include "accel/geometry.h"

namespace potlut::accel {

struct RtlOptions {
  TableKind table = TableKind::kPair;
  int read_latency = 32;  // cycles from an address to its first beat
  // All streams stall in `stall` of 16 cycles, drawn from `seed`.
  unsigned stall = 0;
  uint32_t seed = 1;
};

// The accelerator of the size that this build was made with (its registers say which). Errors:
// kUnsupported where this build has no Verilated RTL (it is made where Verilator is found).
Expected<std::unique_ptr<Device>> MakeRtlDevice(const RtlOptions& options, uint64_t dram_bytes);
bool HasRtlDevice();

}  // namespace potlut::accel
